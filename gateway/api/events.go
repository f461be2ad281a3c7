package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

type eventsInput struct {
	request
	Kind     string `query:"kind" doc:"health, motion, site, alert, stream, audit or gateway; several joined by commas" example:"health,site"`
	Class    string `query:"class" doc:"1, 2, 3 or 9; several joined by commas" example:"1,2"`
	Scenario string `query:"scenario" doc:"several joined by commas" example:"campus,traffic"`
	Site     string `query:"site" doc:"a site and all that lies in it" example:"xiamen/siming"`
	Channel  string `query:"channel" doc:"id of a channel"`
	Since    string `query:"since" doc:"RFC 3339: stored then or later" example:"2026-05-01T00:00:00+08:00"`
	Until    string `query:"until" doc:"RFC 3339: stored before then" example:"2026-05-02T00:00:00+08:00"`
	Limit    string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
	Cursor   string `query:"cursor" doc:"next of the page before"`
}

type eventsOutput struct{ Body pastEvents }

type pastEvents struct {
	Items []json.RawMessage `json:"items" doc:"CloudEvents, newest first"`
	Next  string            `json:"next" doc:"cursor of the next page; empty after the last"`
}

func (a *API) eventOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-events", Method: http.MethodGet, Path: prefix + "/events", Tags: []string{"events"},
		Summary:     "Past events, newest first",
		Description: "For as long as they are kept (events.max_age). Pages neither skip nor repeat an event, however many come meanwhile.",
	}, a.events)
}

func (a *API) events(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	values := in.r.URL.Query()
	f, err := eventFilter(values, "since", "until", "limit", "cursor")
	if err != nil {
		return nil, err
	}
	var since, until time.Time
	if s := values.Get("since"); s != "" {
		if since, err = moment("since", s); err != nil {
			return nil, err
		}
	}
	if s := values.Get("until"); s != "" {
		if until, err = moment("until", s); err != nil {
			return nil, err
		}
	}
	limit, err := limitOf(values.Get("limit"))
	if err != nil {
		return nil, err
	}
	var before uint64
	if s := values.Get("cursor"); s != "" {
		if before, err = strconv.ParseUint(s, 10, 64); err != nil || before == 0 {
			return nil, badQuery("cursor", s, `must be "next" of the page before, unchanged`)
		}
	}
	all, next, err := a.o.Events.Past(ctx, f, since, until, before, limit)
	if err != nil {
		return nil, err
	}
	scopes := within(ctx, "events")
	var out eventsOutput
	out.Body.Items = make([]json.RawMessage, 0, len(all))
	for _, b := range all {
		if json.Valid(b) && a.mayHear(scopes, event.Prefix+kindOf(b), b) { // else somebody else published it
			out.Body.Items = append(out.Body.Items, b)
		}
	}
	if next > 0 {
		out.Body.Next = strconv.FormatUint(next, 10)
	}
	return &out, nil
}

// limitOf reads how long a page may be.
func limitOf(s string) (int, error) {
	if s == "" {
		return registry.DefaultLimit, nil
	}
	limit, err := strconv.Atoi(s)
	if err != nil || limit < 1 || limit > registry.MaxLimit {
		return 0, badQuery("limit", s, "must be a whole number from 1 to "+strconv.Itoa(registry.MaxLimit))
	}
	return limit, nil
}

// kindOf is the kind of an event by its type, like health of sharpeyes.health.changed.
func kindOf(b []byte) string {
	var e struct{ Type string }
	_ = json.Unmarshal(b, &e) // it has been looked at
	kind, _, _ := strings.Cut(strings.TrimPrefix(e.Type, "sharpeyes."), ".")
	return kind
}
