package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// The bounds of what is told of the past, and of the time it may take to read it from the log.
const (
	defaultHistory = 50
	maxHistory     = 1000
	historyWithin  = time.Minute
)

type historyInput struct {
	request
	ID    string `path:"id" doc:"the channel's id; it may be deleted by now"`
	Limit string `query:"limit" doc:"1 to 1000, default 50" example:"50"`
}

type historyOutput struct {
	Body struct {
		Items []registry.Change `json:"items" doc:"newest first"`
	}
}

type versionsInput struct {
	request
	Limit string `query:"limit" doc:"1 to 1000, default 50" example:"50"`
}

type versionsOutput struct {
	Body struct {
		Items []registry.Version `json:"items" doc:"newest first"`
	}
}

func (a *API) historyOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "channel-history", Method: http.MethodGet, Path: prefix + "/channels/{id}/history", Tags: []string{"history"},
		Summary: "Who changed what of a channel, and when",
		Description: "Values are as CSV has them. Of a password it tells only that it changed. Who is granted a part of the city is told " +
			"what happened since the channel lies in it.",
	}, a.history)
	register(a, h, huma.Operation{
		OperationID: "list-versions", Method: http.MethodGet, Path: prefix + "/channels:versions", Tags: []string{"history"},
		Summary:     "The last versions of the registry",
		Description: "Each can be exported, with version.",
	}, a.versions)
}

func (a *API) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
	limit, err := historyLimit(in.r.URL.Query())
	if err != nil {
		return nil, err
	}
	partly := within(ctx, "list") != nil
	if partly {
		if _, err := a.known(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	var out historyOutput
	if out.Body.Items, err = a.o.Catalogue.History(ctx, in.ID, limit); err != nil {
		return nil, err
	}
	if partly {
		out.Body.Items = sinceItLiesHere(out.Body.Items)
	}
	return &out, nil
}

// sinceItLiesHere are the changes, newest first, of a channel that has been where it is now ever since: what
// it was before, perhaps nobody may see who may see it now.
func sinceItLiesHere(changes []registry.Change) []registry.Change {
	for i, c := range changes {
		switch {
		case c.Kind == registry.ChangeCreated:
			return changes[:i+1]
		case slices.ContainsFunc(c.Fields, func(f registry.FieldChange) bool {
			return f.Field == "class" || f.Field == "site" || f.Field == "scenario" || f.Field == "tags"
		}):
			return changes[:i]
		}
	}
	return changes
}

func (a *API) versions(ctx context.Context, in *versionsInput) (*versionsOutput, error) {
	limit, err := historyLimit(in.r.URL.Query())
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	var out versionsOutput
	if out.Body.Items, err = a.o.Catalogue.Versions(ctx, limit); err != nil {
		return nil, err
	}
	if out.Body.Items == nil {
		out.Body.Items = []registry.Version{}
	}
	return &out, nil
}

// versionOf is the registry that the parameter version names, as it is now without one.
func (a *API) versionOf(ctx context.Context, in request) (*registry.Snapshot, error) {
	text := in.r.URL.Query().Get("version")
	if text == "" {
		return a.o.Catalogue.Snapshot(), nil
	}
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, badQuery("version", text, "must be a whole number: see "+prefix+"/channels:versions")
	}
	ctx, cancel := a.readingThePast(ctx, in)
	defer cancel()
	return a.o.Catalogue.At(ctx, version)
}

// readingThePast gives a question more time than those have whose answer is in memory.
func (a *API) readingThePast(ctx context.Context, in request) (context.Context, context.CancelFunc) {
	_ = http.NewResponseController(in.w).SetWriteDeadline(time.Now().Add(historyWithin + leaveWithin)) // a writer that has no deadlines is a test's
	return context.WithTimeout(ctx, historyWithin)
}

func historyLimit(values url.Values) (int, error) {
	for name := range values {
		if name != "limit" {
			return 0, badQuery(name, "", "is unknown here; there is limit")
		}
	}
	s := values.Get("limit")
	if s == "" {
		return defaultHistory, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxHistory {
		return 0, badQuery("limit", s, "must be a whole number from 1 to "+strconv.Itoa(maxHistory))
	}
	return n, nil
}
