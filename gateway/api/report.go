package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// Report is what GB/T 28181-2022 asks for and isn't there.
type Report struct {
	*registry.Report                     // only with the first page
	Items            []IncompleteChannel `json:"items" doc:"by id"`
	Next             string              `json:"next" doc:"cursor of the next page; empty after the last"`
	Total            int                 `json:"total" doc:"items of all pages"`
}

// IncompleteChannel is a channel of which something is missing.
type IncompleteChannel struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Class   registry.Class `json:"class"`
	Site    string         `json:"site"`
	Missing []string       `json:"missing" doc:"position, install_time, contact, record_days"`
}

type reportInput struct {
	request
	Filters
	Missing string `query:"missing" doc:"list only channels without any of these: position, install_time, contact, record_days; several joined by commas" example:"contact"`
	Limit   string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
	Cursor  string `query:"cursor" doc:"next of the page before; the counts come with the first page only"`
	Format  string `query:"format" doc:"json (the default), or csv: all channels in one file, without counts" example:"json"`
}

func (a *API) reportOperation(h huma.API) {
	schema := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Report](), true, "Report")
	register(a, h, huma.Operation{
		OperationID: "report-channels", Method: http.MethodGet, Path: prefix + "/channels:report", Tags: []string{"channels"},
		Summary:     "What GB/T 28181-2022 asks for and is missing",
		Description: "The position in classes 1 and 2; installation date, contact and recording days in class 1. Counts by class and site, and the channels.",
		Responses: map[string]*huma.Response{"200": {Description: "the report", Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema}, "text/csv": {Schema: &huma.Schema{Type: "string"}},
		}}},
	}, a.answerReport)
}

func (a *API) answerReport(ctx context.Context, in *reportInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	q, err := parseReport(values)
	if err != nil {
		return nil, err
	}
	switch f := values.Get("format"); {
	case f == "" || f == "json":
		return &exportOutput{func(huma.Context) {
			in.w.Header().Set("Content-Type", "application/json")
			e := json.NewEncoder(in.w)
			e.SetEscapeHTML(false)
			_ = e.Encode(a.report(q)) // the asker may be gone
		}}, nil
	case f != "csv":
		return nil, badQuery("format", f, "must be json or csv")
	case values.Has("limit") || values.Has("cursor"):
		return nil, badQuery("limit", "", "has no meaning here: a file has all channels")
	}
	return &exportOutput{func(huma.Context) {
		if err := a.writeReport(in.w, q); err != nil {
			a.o.Log.LogAttrs(ctx, slog.LevelWarn, "report was cut short", slog.Any("error", err))
			panic(http.ErrAbortHandler) // so that the reader sees a broken answer and not a short file
		}
	}}, nil
}

// reportQuery is what a report is about.
type reportQuery struct {
	registry.Query
	missing registry.Missing
	after   string // id
}

func parseReport(values url.Values) (reportQuery, error) {
	var rq reportQuery
	plain := url.Values{} // the cursor is of another kind, and there is one order
	for name, v := range values {
		switch name {
		case "sort":
			return rq, badQuery(name, "", "has no meaning here: the order is that of ids")
		case "missing", "cursor", "format":
		default:
			plain[name] = v
		}
	}
	var err error
	if rq.Query, err = registry.ParseQuery(plain); err != nil {
		return rq, badQueryError{err}
	}
	if rq.missing, err = registry.ParseMissing(strings.Join(values["missing"], ",")); err != nil {
		return rq, badQueryError{err}
	}
	if c := values.Get("cursor"); c != "" {
		id, err := base64.RawURLEncoding.DecodeString(c)
		if err != nil || len(id) == 0 {
			return rq, badQuery("cursor", c, `must be "next" of the page before, unchanged`)
		}
		rq.after = string(id)
	}
	if rq.Limit == 0 {
		rq.Limit = registry.DefaultLimit
	}
	return rq, nil
}

// report is the counts and a page of channels.
func (a *API) report(q reportQuery) Report {
	s := a.o.Catalogue.Snapshot()
	r := Report{Items: []IncompleteChannel{}}
	if q.after == "" {
		counts := s.Report(q.Query, a.o.Statuses)
		r.Report = &counts
	}
	for c, m := range s.Incomplete(q.Query, q.missing, a.o.Statuses) {
		r.Total++
		switch {
		case c.ID <= q.after:
		case len(r.Items) < q.Limit:
			r.Items = append(r.Items, IncompleteChannel{c.ID, c.Name, c.Class, c.Site, m.Names()})
		case r.Next == "":
			r.Next = base64.RawURLEncoding.EncodeToString([]byte(r.Items[q.Limit-1].ID))
		}
	}
	return r
}

// writeReport writes the channels as a file.
func (a *API) writeReport(w http.ResponseWriter, q reportQuery) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="report.csv"`)
	out := bufio.NewWriterSize(&patientWriter{w, http.NewResponseController(w)}, 64<<10)
	rows := csv.NewWriter(out)
	_ = rows.Write([]string{"id", "name", "class", "site", "missing"}) // an error stays, and Flush tells it
	for c, m := range a.o.Catalogue.Snapshot().Incomplete(q.Query, q.missing, a.o.Statuses) {
		_ = rows.Write([]string{c.ID, c.Name, strconv.Itoa(int(c.Class)), c.Site, strings.Join(m.Names(), ";")})
	}
	rows.Flush()
	return out.Flush()
}
