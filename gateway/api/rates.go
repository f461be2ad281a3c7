package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// Rates accounts for the health of channels over the last 90 days. A period or a cursor that can't be
// asked for is registry.FieldErrors.
type Rates interface {
	// Rates are the rates of the channels that the query means, in groups.
	Rates(ctx context.Context, q registry.Query, by []string, from, until time.Time) (registry.Rates, error)
	// Channels are the channels behind a rate, limit of them from the cursor on.
	Channels(ctx context.Context, q registry.Query, from, until time.Time, limit int, cursor string) (registry.ChannelRates, error)
	// States are the states that a channel was in, newest first.
	States(ctx context.Context, id string, from, until time.Time, limit int) ([]registry.StateSpan, error)
}

// usualPeriod is what is looked at when from is left out.
const usualPeriod = 24 * time.Hour

// Period are the parameters that say which time is meant.
type Period struct {
	From  string `query:"from" doc:"RFC 3339, within the last 90 days; left out: a day before until" example:"2026-05-01T00:00:00+08:00"`
	Until string `query:"until" doc:"RFC 3339, not included; left out: now" example:"2026-06-01T00:00:00+08:00"`
}

// rateFilters are Filters without what changes from minute to minute.
type rateFilters struct {
	Class    string `query:"class" doc:"1, 2, 3 or 9; several joined by commas" example:"1,2"`
	Scenario string `query:"scenario" doc:"several joined by commas" example:"campus,traffic"`
	Site     string `query:"site" doc:"a site and all that lies in it" example:"xiamen/siming"`
	Tag      string `query:"tag" doc:"has any of these; several joined by commas" example:"gate"`
	BBox     string `query:"bbox" doc:"minlon,minlat,maxlon,maxlat in degrees, WGS-84" example:"118.05,24.42,118.2,24.56"`
}

type ratesInput struct {
	request
	rateFilters
	Period
	By     string `query:"by" doc:"class, site, scenario; several joined by commas; empty for the total alone" example:"class"`
	Format string `query:"format" doc:"json (the default) or csv" example:"json"`
}

// The bounds of rates over time.
const (
	mostSteps    = 200
	shortestStep = 5 * time.Minute
)

type ratesOverInput struct {
	request
	rateFilters
	Period
	By   string `query:"by" doc:"class, site, scenario; several joined by commas; empty for the total alone" example:"class"`
	Step string `query:"step" doc:"5m or longer, at most 200 in the period; left out: 1h" example:"1h"`
}

type ratesOverOutput struct {
	Body struct {
		Items []registry.Rates `json:"items" doc:"one for each step, the oldest first; the last is as long as it is so far"`
	}
}

type channelRatesInput struct {
	request
	rateFilters
	Period
	Limit  string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
	Cursor string `query:"cursor" doc:"next of the page before; the period stays the same"`
	Format string `query:"format" doc:"json (the default), or csv: all channels in one file" example:"json"`
}

type statesInput struct {
	request
	Period
	ID    string `path:"id" doc:"the channel's id; it may be deleted by now"`
	Limit string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
}

type statesOutput struct {
	Body struct {
		Items []registry.StateSpan `json:"items" doc:"newest first"`
		Next  string               `json:"next" doc:"until of the next page; empty after the last"`
	}
}

func (a *API) ratesOperations(h huma.API) {
	either := func(what string, schema *huma.Schema) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: what, Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema}, "text/csv": {Schema: &huma.Schema{Type: "string"}},
		}}}
	}
	schemas := h.OpenAPI().Components.Schemas
	register(a, h, huma.Operation{
		OperationID: "get-rates", Method: http.MethodGet, Path: prefix + "/stats/rates", Tags: []string{"channels"},
		Summary: "Online rate and intact rate of a period",
		Description: "From recorded changes. The online rate is (online + degraded) / (online + degraded + offline), the intact rate online / (online + degraded + offline). " +
			"Maintenance, and time when a channel was disabled or not registered, is excluded; time of which nothing is known counts for neither and is told as unknown. Channels belong to the groups that they belong to now.",
		Responses: either("the rates", schemas.Schema(reflect.TypeFor[registry.Rates](), true, "Rates")),
	}, a.rates)
	register(a, h, huma.Operation{
		OperationID: "get-rates-over-time", Method: http.MethodGet, Path: prefix + "/stats/rates/over", Tags: []string{"channels"},
		Summary: "Online and intact rates over time, step by step", Description: "What /stats/rates tells of each step of a period.",
	}, a.ratesOver)
	register(a, h, huma.Operation{
		OperationID: "get-channel-rates", Method: http.MethodGet, Path: prefix + "/stats/rates/channels", Tags: []string{"channels"},
		Summary:   "The channels behind a rate, those first that were offline the longest",
		Responses: either("the channels", schemas.Schema(reflect.TypeFor[registry.ChannelRates](), true, "ChannelRates")),
	}, a.channelRates)
	register(a, h, huma.Operation{
		OperationID: "channel-states", Method: http.MethodGet, Path: prefix + "/channels/{id}/states", Tags: []string{"history"},
		Summary: "The states that a channel was in, and why",
	}, a.states)
}

// ratesQuery reads the filters and the period; others are parameters that the caller reads.
func ratesQuery(values url.Values, others ...string) (q registry.Query, from, until time.Time, err error) {
	for _, name := range []string{"state", "q", "sort"} {
		if values.Has(name) {
			return q, from, until, badQuery(name, "", "has no meaning here")
		}
	}
	from, until, err = period(values)
	if err != nil {
		return q, from, until, err
	}
	plain := url.Values{}
	for name, v := range values {
		if name != "cursor" { // it is of another kind
			plain[name] = v
		}
	}
	if q, err = registry.ParseQuery(plain, append([]string{"from", "until"}, others...)...); err != nil {
		return q, from, until, badQueryError{err}
	}
	return q, from, until, nil
}

// period reads from and until.
func period(values url.Values) (from, until time.Time, err error) {
	until = time.Now()
	if s := values.Get("until"); s != "" {
		if until, err = moment("until", s); err != nil {
			return from, until, err
		}
	}
	from = until.Add(-usualPeriod)
	if s := values.Get("from"); s != "" {
		from, err = moment("from", s)
	}
	return from, until, err
}

func moment(parameter, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "+", 1)) // a + that wasn't escaped
	if err != nil {
		return t, badQuery(parameter, s, "must be a time, as in 2026-05-01T00:00:00+08:00")
	}
	return t, nil
}

// refuse says that it is the question that can't be answered, where it is.
func refuse(err error) error {
	if _, ok := err.(registry.FieldErrors); ok {
		return badQueryError{err}
	}
	return err
}

func asCSV(values url.Values) (bool, error) {
	switch f := values.Get("format"); f {
	case "", "json":
		return false, nil
	case "csv":
		return true, nil
	default:
		return false, badQuery("format", f, "must be json or csv")
	}
}

func (a *API) ratesOver(ctx context.Context, in *ratesOverInput) (*ratesOverOutput, error) {
	values := in.r.URL.Query()
	q, from, until, err := ratesQuery(values, "by", "step")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"limit", "cursor"} {
		if values.Has(name) {
			return nil, badQuery(name, "", "has no meaning here")
		}
	}
	q.Within = within(ctx, "list")
	by, err := registry.ParseBy(values.Get("by"))
	if err != nil {
		return nil, badQueryError{err}
	}
	step := time.Hour
	if s := values.Get("step"); s != "" {
		if step, err = time.ParseDuration(s); err != nil || step < shortestStep {
			return nil, badQuery("step", s, "must be a time of 5m or longer, like 1h")
		}
	}
	if !from.Before(until) {
		return nil, badQuery("from", values.Get("from"), "must be before until")
	}
	if until.Sub(from) > mostSteps*step {
		return nil, badQuery("step", step.String(), fmt.Sprintf("would be more than %d in the period: make it longer", mostSteps))
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	var out ratesOverOutput
	out.Body.Items = []registry.Rates{}
	for begin := from; begin.Before(until); begin = begin.Add(step) {
		end := begin.Add(step)
		if end.After(until) {
			end = until
		}
		one, err := a.o.Rates.Rates(ctx, q, by, begin, end)
		if err != nil {
			return nil, refuse(err)
		}
		out.Body.Items = append(out.Body.Items, one)
	}
	return &out, nil
}

func (a *API) rates(ctx context.Context, in *ratesInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	q, from, until, err := ratesQuery(values, "by", "format")
	if err != nil {
		return nil, err
	}
	q.Within = within(ctx, "list")
	for _, name := range []string{"limit", "cursor"} {
		if values.Has(name) {
			return nil, badQuery(name, "", "has no meaning here: see "+prefix+"/stats/rates/channels")
		}
	}
	by, err := registry.ParseBy(values.Get("by"))
	if err != nil {
		return nil, badQueryError{err}
	}
	file, err := asCSV(values)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	answer, err := a.o.Rates.Rates(ctx, q, by, from, until)
	if err != nil {
		return nil, refuse(err)
	}
	if !file {
		return writtenJSON(in.request, answer), nil
	}
	return a.writtenCSV(in.request, "rates.csv", append(slices.Clone(by), rateColumns()...), func(write func(...string)) {
		if len(by) == 0 {
			write(rateCells(&answer.Total)...)
		}
		for i := range answer.Groups {
			g := &answer.Groups[i]
			var cells []string
			for _, name := range by {
				switch name {
				case "class":
					cells = append(cells, strconv.Itoa(int(g.Class)))
				case "site":
					cells = append(cells, g.Site)
				case "scenario":
					cells = append(cells, g.Scenario)
				}
			}
			write(append(cells, rateCells(&g.Rate)...)...)
		}
	}), nil
}

func (a *API) channelRates(ctx context.Context, in *channelRatesInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	q, from, until, err := ratesQuery(values, "format")
	if err != nil {
		return nil, err
	}
	q.Within = within(ctx, "list")
	file, err := asCSV(values)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	switch {
	case file && (values.Has("limit") || values.Has("cursor")):
		return nil, badQuery("limit", "", "has no meaning here: a file has all channels")
	case file:
		limit = math.MaxInt
	case limit == 0:
		limit = registry.DefaultLimit
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	answer, err := a.o.Rates.Channels(ctx, q, from, until, limit, values.Get("cursor"))
	if err != nil {
		return nil, refuse(err)
	}
	if !file {
		return writtenJSON(in.request, answer), nil
	}
	head := append([]string{"id", "name", "class", "site", "scenario"}, rateColumns()...)
	return a.writtenCSV(in.request, "channel-rates.csv", head, func(write func(...string)) {
		for i := range answer.Items {
			c := &answer.Items[i]
			write(append([]string{c.ID, c.Name, strconv.Itoa(int(c.Class)), c.Site, c.Scenario}, rateCells(&c.Rate)...)...)
		}
	}), nil
}

func (a *API) states(ctx context.Context, in *statesInput) (*statesOutput, error) {
	values := in.r.URL.Query()
	limit := registry.DefaultLimit
	for name := range values {
		switch name {
		case "from", "until":
		case "limit":
			n, err := strconv.Atoi(values.Get(name))
			if limit = n; err != nil || n < 1 || n > registry.MaxLimit {
				return nil, badQuery(name, values.Get(name), "must be a whole number from 1 to "+strconv.Itoa(registry.MaxLimit))
			}
		default:
			return nil, badQuery(name, "", "is unknown here; there are from, until and limit")
		}
	}
	from, until, err := period(values)
	if err != nil {
		return nil, err
	}
	if within(ctx, "list") != nil {
		if _, err := a.known(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	ctx, cancel := a.readingThePast(ctx, in.request)
	defer cancel()
	items, err := a.o.Rates.States(ctx, in.ID, from, until, limit)
	if err != nil {
		return nil, refuse(err)
	}
	if _, there := a.o.Catalogue.Snapshot().Get(in.ID); !there && len(items) == 0 {
		return nil, noChannel(in.ID)
	}
	var out statesOutput
	out.Body.Items = items
	if len(items) == limit && items[limit-1].From.After(from) {
		out.Body.Next = items[limit-1].From.Format(time.RFC3339Nano)
	}
	return &out, nil
}
