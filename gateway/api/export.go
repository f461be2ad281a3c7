package api

import (
	"bufio"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

type exportInput struct {
	request
	Filters
	Format  string `query:"format" doc:"csv (the default) or ndjson" example:"csv"`
	Version string `query:"version" doc:"the registry as it was then; left out: as it is. States are always those of now." example:"42"`
}

type exportOutput struct{ Body func(huma.Context) }

func (a *API) exportOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "export-channels", Method: http.MethodGet, Path: prefix + "/channels:export", Tags: []string{"channels"},
		Summary:     "All channels as a file that can be imported again",
		Description: "One snapshot of the registry, by id, without passwords: an import of it keeps those that are there.",
		Responses: map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{
			"text/csv":             {Schema: &huma.Schema{Type: "string"}},
			"application/x-ndjson": {Schema: &huma.Schema{Type: "string"}},
		}}},
	}, a.export)
}

func (a *API) export(ctx context.Context, in *exportInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	format, err := formatOf(values.Get("format"), "")
	if err != nil {
		return nil, err
	}
	q, err := registry.ParseQuery(values, "format", "version")
	if err != nil {
		return nil, badQueryError{err}
	}
	if q.Within = within(ctx, "list"); q.Within != nil && values.Has("version") {
		return nil, errForbidden // what was granted then isn't known
	}
	snapshot, err := a.versionOf(ctx, in.request)
	if err != nil {
		return nil, err
	}
	channels := own(snapshot.Matching(q, a.o.Statuses))
	return &exportOutput{func(hc huma.Context) {
		hc.SetHeader("Content-Type", format.mediaType)
		hc.SetHeader("Content-Disposition", `attachment; filename="channels.`+format.name+`"`)
		w := bufio.NewWriterSize(&patientWriter{in.w, http.NewResponseController(in.w)}, 64<<10)
		err := format.write(w, channels)
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			a.o.Log.LogAttrs(ctx, slog.LevelWarn, "export was cut short", slog.Any("error", err))
			panic(http.ErrAbortHandler) // so that the reader sees a broken answer and not a short file
		}
	}}, nil
}

// own are those of the channels that are registered here: what belongs to the level below comes back by itself.
func own(all iter.Seq[registry.Channel]) iter.Seq[registry.Channel] {
	return func(yield func(registry.Channel) bool) {
		for ch := range all {
			if ch.Via == "" && !yield(ch) {
				return
			}
		}
	}
}

// patientWriter gives every piece of a long answer its own deadline.
type patientWriter struct {
	w  io.Writer
	rc *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(leaveWithin)) // a writer that has no deadlines is a test's
	return p.w.Write(b)
}
