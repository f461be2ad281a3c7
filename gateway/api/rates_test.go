package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// accountant answers for rates, and remembers what it was asked.
type accountant struct {
	q           registry.Query
	by          []string
	from, until time.Time
	limit       int
	cursor      string
}

func (a *accountant) Rates(_ context.Context, q registry.Query, by []string, from, until time.Time) (registry.Rates, error) {
	a.q, a.by, a.from, a.until = q, by, from, until
	if !from.Before(until) {
		return registry.Rates{}, registry.FieldErrors{{Column: "from", Message: "must be earlier"}}
	}
	up, target, met := 0.975, 0.98, false
	r := registry.Rate{Channels: 2, Online: 86400.5, Offline: 2, OnlineRate: &up, IntactRate: &up, Target: &target, Met: &met}
	return registry.Rates{From: from, Until: until, By: by, Groups: []registry.RateGroup{{Class: 1, Site: "xiamen,1", Rate: r}}, Total: r}, nil
}

func (a *accountant) Channels(_ context.Context, q registry.Query, from, until time.Time, limit int, cursor string) (registry.ChannelRates, error) {
	a.q, a.from, a.until, a.limit, a.cursor = q, from, until, limit, cursor
	return registry.ChannelRates{From: from, Until: until, Items: []registry.ChannelRate{{ID: northGate, Name: "演武小学北门", Class: 1}}, Next: "n", Total: 9}, nil
}

func (a *accountant) States(_ context.Context, id string, from, until time.Time, limit int) ([]registry.StateSpan, error) {
	a.from, a.until, a.limit = from, until, limit
	if id != northGate {
		return nil, nil
	}
	return []registry.StateSpan{{State: event.Offline, Reason: event.NoAnswer, From: until.Add(-time.Hour), Until: until, Maintenance: true}}, nil
}

func TestRates(t *testing.T) {
	a := &accountant{}
	b := newBench(t, func(o *api.Options) { o.Rates = a })
	var rates registry.Rates
	decode(t, b.ask("GET", "/api/v1/stats/rates?by=class,site&class=1&site=xiamen&from=2026-05-01T00:00:00+08:00&until=2026-05-02T00:00:00Z", ""), http.StatusOK, &rates)
	if len(rates.Groups) != 1 || rates.Groups[0].Online != 86400.5 || *rates.Total.Met || len(a.q.Classes) != 1 || a.q.Site != "xiamen" ||
		!a.from.Equal(time.Date(2026, 4, 30, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v of %+v", rates, a)
	}
	w := b.ask("GET", "/api/v1/stats/rates?by=class,site&format=csv", "")
	if want := "class,site,channels,online,degraded,offline,unknown,excluded,online_rate,intact_rate,unknown_share,target,met\n" +
		"1,\"xiamen,1\",2,86400.5,0,2,0,0,0.975,0.975,0,0.98,false\n"; w.Body.String() != want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("%s\n%s", w.Header(), w.Body)
	}
	if a.until.Sub(a.from) != 24*time.Hour {
		t.Errorf("without a period: %s until %s", a.from, a.until)
	}
	for _, query := range []string{"by=colour", "from=yesterday", "from=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "state=online", "limit=5", "format=xml", "colour=red", "class=7"} {
		wantProblem(t, b.ask("GET", "/api/v1/stats/rates?"+query, ""), http.StatusBadRequest)
	}

	var over struct{ Items []registry.Rates }
	decode(t, b.ask("GET", "/api/v1/stats/rates/over?by=class&step=1h&from=2026-05-01T00:00:00Z&until=2026-05-01T05:30:00Z", ""), http.StatusOK, &over)
	if len(over.Items) != 6 || !a.from.Equal(time.Date(2026, 5, 1, 5, 0, 0, 0, time.UTC)) || !a.until.Equal(time.Date(2026, 5, 1, 5, 30, 0, 0, time.UTC)) {
		t.Errorf("%d steps, the last from %s until %s", len(over.Items), a.from, a.until)
	}
	decode(t, b.ask("GET", "/api/v1/stats/rates/over", ""), http.StatusOK, &over)
	if len(over.Items) != 24 {
		t.Errorf("without anything: %d steps", len(over.Items))
	}
	for _, query := range []string{"step=1m", "step=x", "step=5m&from=2026-05-01T00:00:00Z&until=2026-05-03T00:00:00Z", "from=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "limit=5", "format=csv"} {
		wantProblem(t, b.ask("GET", "/api/v1/stats/rates/over?"+query, ""), http.StatusBadRequest)
	}

	var page registry.ChannelRates
	decode(t, b.ask("GET", "/api/v1/stats/rates/channels?limit=5&cursor=abc&tag=gate", ""), http.StatusOK, &page)
	if page.Total != 9 || page.Next != "n" || a.limit != 5 || a.cursor != "abc" || a.q.Tags[0] != "gate" {
		t.Errorf("%+v of %+v", page, a)
	}
	if w := b.ask("GET", "/api/v1/stats/rates/channels?format=csv", ""); !strings.Contains(w.Body.String(), northGate+",演武小学北门,1,") || a.limit < 1<<30 {
		t.Errorf("%s", w.Body)
	}
	wantProblem(t, b.ask("GET", "/api/v1/stats/rates/channels?format=csv&limit=3", ""), http.StatusBadRequest)

	var states struct {
		Items []registry.StateSpan
		Next  string
	}
	decode(t, b.ask("GET", "/api/v1/channels/"+northGate+"/states?limit=1", ""), http.StatusOK, &states)
	if len(states.Items) != 1 || !states.Items[0].Maintenance || states.Next == "" {
		t.Errorf("%+v", states)
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels/nobody/states", ""), http.StatusNotFound)
	wantProblem(t, b.ask("GET", "/api/v1/channels/"+northGate+"/states?limit=0", ""), http.StatusBadRequest)
}

// archive has a few events.
type archive struct {
	wire
	filter       event.Filter
	since, until time.Time
	before       uint64
	limit        int
}

func (a *archive) Past(_ context.Context, f event.Filter, since, until time.Time, before uint64, limit int) ([][]byte, uint64, error) {
	a.filter, a.since, a.until, a.before, a.limit = f, since, until, before, limit
	return [][]byte{[]byte(`{"id":"2"}`), []byte(`{"id":"1`)}, 41, nil
}

func TestPastEvents(t *testing.T) {
	a := &archive{}
	b := newBench(t, func(o *api.Options) { o.Events = a })
	var page struct {
		Items []struct{ ID string }
		Next  string
	}
	decode(t, b.ask("GET", "/api/v1/events?kind=health,site&site=xiamen/&since=2026-05-01T00:00:00Z&limit=7&cursor=99", ""), http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].ID != "2" || page.Next != "41" || a.before != 99 || a.limit != 7 || a.filter.Site != "xiamen" || a.since.IsZero() || !a.until.IsZero() {
		t.Errorf("%+v of %+v", page, a)
	}
	for _, query := range []string{"kind=weather", "channel=a.>", "cursor=0", "cursor=x", "limit=1001", "since=now", "colour=red"} {
		wantProblem(t, b.ask("GET", "/api/v1/events?"+query, ""), http.StatusBadRequest)
	}
}
