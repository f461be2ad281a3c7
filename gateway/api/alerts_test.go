package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/alert"
)

// desk keeps one alert and one rule, and remembers what it was asked.
type desk struct {
	q       alert.Query
	do      alert.Action
	by      string
	comment string
	rule    alert.Rule
	deleted string
	since   time.Time
}

var theAlert = alert.Alert{ID: "a1", Rule: "r", Severity: alert.Critical, Title: "gone", State: alert.Open, Count: 2, Raised: time.Unix(1e9, 0).UTC()}

func (d *desk) Alerts(_ context.Context, q alert.Query) ([]alert.Alert, int, bool, error) {
	d.q = q
	if q.After == "odd" {
		return nil, 0, false, registry.FieldErrors{{Column: "cursor", Message: "must be next"}}
	}
	return []alert.Alert{theAlert}, 7, true, nil
}

func (d *desk) Alert(_ context.Context, id string) (alert.Alert, error) {
	if id != "a1" && id != "done" {
		return alert.Alert{}, &registry.NotFoundError{What: "alert", ID: id}
	}
	return theAlert, nil
}

func (d *desk) Act(_ context.Context, id string, do alert.Action, by, comment string, _ time.Time) (alert.Alert, error) {
	if id == "done" {
		return alert.Alert{}, alert.ErrDone
	}
	d.do, d.by, d.comment = do, by, comment
	return theAlert, nil
}
func (d *desk) Rules(context.Context) ([]alert.Rule, error) { return []alert.Rule{d.rule}, nil }
func (d *desk) Rule(_ context.Context, name string) (alert.Rule, error) {
	return d.rule, nil
}
func (d *desk) PutRule(_ context.Context, r alert.Rule) (alert.Rule, error) {
	d.rule = r
	return r, r.Validate()
}
func (d *desk) DeleteRule(_ context.Context, name string) error { d.deleted = name; return nil }
func (d *desk) Try(_ context.Context, r alert.Rule, since, _ time.Time) (alert.Trial, error) {
	d.rule, d.since = r, since
	return alert.Trial{Events: 5, Raised: 1, Alerts: []alert.Alert{theAlert}}, nil
}

const goodRule = `{"title":"t","enabled":true,"types":["sharpeyes.health.changed"],"severity":"info"}`

func TestAlerts(t *testing.T) {
	d := &desk{}
	b := newBench(t, func(o *api.Options) { o.Alerts = d })
	var page struct {
		Items []alert.Alert
		Next  string
		Total int
	}
	decode(t, b.ask("GET", "/api/v1/alerts?state=open,closed&severity=critical&class=1,2&site=xiamen&since=2026-05-01T00:00:00Z&limit=3", ""), http.StatusOK, &page)
	if len(page.Items) != 1 || page.Total != 7 || page.Next == "" || d.q.Limit != 3 || len(d.q.States) != 2 || len(d.q.Classes) != 2 || d.q.Since.IsZero() {
		t.Errorf("%+v of %+v", page, d.q)
	}
	for _, query := range []string{"state=broken", "class=4", "limit=0", "since=yesterday", "colour=red", "cursor=odd"} {
		wantProblem(t, b.ask("GET", "/api/v1/alerts?"+query, ""), http.StatusBadRequest)
	}
	decode(t, b.ask("POST", "/api/v1/alerts/a1:ack", `{"comment":"on my way"}`), http.StatusOK, &theAlert)
	if d.do != alert.Acknowledge || d.comment != "on my way" || d.by == "" {
		t.Errorf("%+v", d)
	}
	decode(t, b.ask("POST", "/api/v1/alerts/a1:close", ""), http.StatusOK, &theAlert)
	if d.do != alert.Close {
		t.Errorf("%+v", d)
	}
	wantProblem(t, b.ask("POST", "/api/v1/alerts/a1:explode", ""), http.StatusNotFound)
	wantProblem(t, b.ask("POST", "/api/v1/alerts/done:close", ""), http.StatusConflict)
	wantProblem(t, b.ask("POST", "/api/v1/alerts/a1:ack", `{"commend":"x"}`), http.StatusUnprocessableEntity)
	wantProblem(t, b.ask("GET", "/api/v1/alerts/a2", ""), http.StatusNotFound)
}

func TestRules(t *testing.T) {
	d := &desk{}
	b := newBench(t, func(o *api.Options) { o.Alerts = d })
	var r alert.Rule
	decode(t, b.ask("PUT", "/api/v1/rules/quick", goodRule), http.StatusOK, &r)
	if d.rule.Name != "quick" {
		t.Errorf("%+v", d.rule)
	}
	wantProblem(t, b.ask("PUT", "/api/v1/rules/quick", `{"name":"other"}`), http.StatusUnprocessableEntity)
	wantProblem(t, b.ask("PUT", "/api/v1/rules/quick", `{"titel":"x"}`), http.StatusUnprocessableEntity)
	wantProblem(t, b.ask("PUT", "/api/v1/rules/quick", `{"title":"x"}`), http.StatusUnprocessableEntity)
	wantProblem(t, b.ask("PUT", "/api/v1/rules", `{"items":[`+goodRule+`]}`), http.StatusUnprocessableEntity) // it has no name
	var trial alert.Trial
	decode(t, b.ask("POST", "/api/v1/rules:test", `{"rule":`+goodRule+`}`), http.StatusOK, &trial)
	if trial.Raised != 1 || time.Since(d.since) < 23*time.Hour {
		t.Errorf("%+v, since %v", trial, d.since)
	}
	if w := b.ask("DELETE", "/api/v1/rules/quick", ""); w.Code != http.StatusNoContent || d.deleted != "quick" {
		t.Errorf("%d, %q", w.Code, d.deleted)
	}
}
