package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// office keeps no users.
type office struct{}

func (office) List(context.Context) ([]api.User, error)                   { return []api.User{}, nil }
func (office) Get(_ context.Context, name string) (api.User, error)       { return api.User{Name: name}, nil }
func (office) Add(context.Context, api.User) error                        { return nil }
func (office) Set(context.Context, api.User) error                        { return nil }
func (office) SetPassword(context.Context, string, registry.Secret) error { return nil }
func (office) Delete(context.Context, string) error                       { return nil }
func (office) DeleteToken(context.Context, string, string) error          { return nil }
func (office) AddToken(_ context.Context, _, name string, _ time.Time) (api.Token, error) {
	return api.Token{Name: name, Text: "se_x"}, nil
}

func (office) NATSPermissions(context.Context, string) (map[string]map[string][]string, error) {
	return nil, nil
}

// book keeps what was noted.
type book struct{ notes *[]event.Audit }

func (b book) Note(_ event.Type, a event.Audit) { *b.notes = append(*b.notes, a) }
func (book) Search(context.Context, api.AuditQuery, uint64, int) ([]json.RawMessage, uint64, error) {
	return nil, 0, nil
}
func (book) Blocks(context.Context, func(uint64, []byte) error) error { return nil }

// bell signs everybody in.
type bell struct{}

func (bell) AddSession(context.Context, string) (string, time.Time, error) {
	return "eye-token", time.Now().Add(time.Hour), nil
}
func (bell) EndSession(context.Context, string) error { return nil }

// past is a store of two events, of the north gate and of the kitchen.
type past struct{}

func (past) Subscribe(string, func(string, []byte)) (func(), error) { return func() {}, nil }

func (past) Past(context.Context, event.Filter, time.Time, time.Time, uint64, int) ([][]byte, uint64, error) {
	var all [][]byte
	for _, c := range channels() {
		b, err := json.Marshal(event.New("n", event.HealthChanged, time.Now(), event.Health{Channel: c.Event()}))
		if err != nil {
			return nil, 0, err
		}
		all = append(all, b)
	}
	for _, data := range []event.Payload{event.Site{Site: "xiamen"}, event.Gateway{Node: "n"}} {
		typ := event.SiteOutage
		if _, ok := data.(event.Gateway); ok {
			typ = event.GatewayIsolated
		}
		b, err := json.Marshal(event.New("n", typ, time.Now(), data))
		if err != nil {
			return nil, 0, err
		}
		all = append(all, b)
	}
	return all, 0, nil
}

// everything is a bench that serves every operation.
func everything(t *testing.T) *bench {
	return newBench(t, func(o *api.Options) {
		o.Authenticator, o.Alerts, o.Users, o.Events, o.Rates = door{}, &desk{}, office{}, past{}, &accountant{}
		o.Sessions, o.Audit = bell{}, book{new([]event.Audit)}
		o.PageSettings = func() api.PageSettings { return api.PageSettings{Zone: "Asia/Shanghai"} }
		o.Report = func(string, string, time.Time, float64) {}
	})
}

// Every route of the document, and those beside it, has a rule: who isn't granted anything is refused, who
// may all isn't. A route that somebody adds without one fails here.
func TestEveryRouteHasARule(t *testing.T) {
	b := everything(t)
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	decode(t, b.ask("GET", "/api/v1/openapi.json", "", "Authorization", basic("boss", "pw")), http.StatusOK, &doc)
	routes := [][2]string{{"GET", "/metrics"}, {"GET", "/api/v1/ws/events"}}
	for path, methods := range doc.Paths {
		for method := range methods {
			if method = strings.ToUpper(method); method != "PARAMETERS" {
				path = strings.NewReplacer("{id}", northGate, "{path}", "xiamen/siming", "{name}", "ann").Replace(path)
				routes = append(routes, [2]string{method, path})
			}
		}
	}
	if len(routes) < 40 {
		t.Fatalf("%d routes", len(routes))
	}
	open := []string{"/api/v1/session", "/api/v1/openapi.json", "/api/v1/page"}
	for _, r := range routes {
		if strings.HasSuffix(r[1], ":rotate") {
			continue // the bench has no key
		}
		if r[1] == "/api/v1/session" && r[0] != http.MethodGet {
			continue // who signs in isn't signed in
		}
		if w := b.ask(r[0], r[1], "{}"); w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s answers nobody with %d", r[0], r[1], w.Code)
		}
		w := b.ask(r[0], r[1], "{}", "Authorization", basic("ended", "pw"))
		if w.Code != http.StatusForbidden && !slices.Contains(open, r[1]) {
			t.Errorf("%s %s answers who is granted nothing with %d", r[0], r[1], w.Code)
		}
		if r[0] != http.MethodGet && r[1] != "/api/v1/streams:prewarm" && !strings.HasPrefix(r[1], "/api/v1/alerts/") {
			for _, who := range []string{"eye", "operator", "campus", "finder"} {
				if w := b.ask(r[0], r[1], "{}", "Authorization", basic(who, "pw")); w.Code != http.StatusForbidden {
					t.Errorf("%s %s answers %s with %d", r[0], r[1], who, w.Code)
				}
			}
		}
		if w := b.ask(r[0], r[1], "{}", "Authorization", basic("boss", "pw")); w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden {
			t.Errorf("%s %s answers who may all with %d", r[0], r[1], w.Code)
		}
	}
}

// Who is granted a part sees that part and no sign of the rest.
func TestAPart(t *testing.T) {
	b := everything(t)
	as := func(who string) []string { return []string{"Authorization", basic(who, "pw")} }
	for _, path := range []string{
		"/api/v1/channels", "/api/v1/channels?q=i", "/api/v1/channels?state=unknown,disabled,online,offline", "/api/v1/channels:export", "/api/v1/channels.geojson", "/api/v1/channels:table",
		"/api/v1/events", "/api/v1/sites", "/api/v1/stats?by=class,site,scenario", "/api/v1/streams", "/api/v1/alerts",
	} {
		w := b.ask("GET", path, "", as("campus")...)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		for _, mark := range []string{"kitchen", "shop", "Shop", "huli", "community", "gateway.isolated", "site.outage"} {
			if strings.Contains(w.Body.String(), mark) {
				t.Errorf("%s tells of %s: %s", path, mark, w.Body)
			}
		}
	}
	var list api.List
	decode(t, b.ask("GET", "/api/v1/channels", "", as("campus")...), http.StatusOK, &list)
	if list.Total != 2 || len(list.Items) != 2 {
		t.Errorf("%d of %d", len(list.Items), list.Total)
	}
	var stats registry.Stats
	decode(t, b.ask("GET", "/api/v1/stats", "", as("campus")...), http.StatusOK, &stats)
	if stats.Total.Total != 2 {
		t.Errorf("%+v", stats)
	}
	var events struct{ Items []json.RawMessage }
	decode(t, b.ask("GET", "/api/v1/events", "", as("campus")...), http.StatusOK, &events)
	if len(events.Items) != 2 {
		t.Errorf("%d events", len(events.Items))
	}
	// What isn't granted can't be told from what isn't there.
	for _, path := range []string{"/api/v1/channels/ID", "/api/v1/streams/ID", "/api/v1/channels/ID/states", "/api/v1/channels/ID/history"} {
		one := b.ask("GET", strings.Replace(path, "ID", "kitchen-1", 1), "", as("campus")...)
		other := b.ask("GET", strings.Replace(path, "ID", "kitchen-2", 1), "", as("campus")...)
		if one.Code != http.StatusNotFound || strings.ReplaceAll(one.Body.String(), "kitchen-1", "kitchen-2") != other.Body.String() {
			t.Errorf("%s: %d %s, %d %s", path, one.Code, one.Body, other.Code, other.Body)
		}
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels:export?version=1", "", as("campus")...), http.StatusForbidden)
	for _, path := range []string{"/api/v1/channels:report", "/metrics", "/api/v1/users", "/api/v1/rules"} {
		wantProblem(t, b.ask("GET", path, "", as("campus")...), http.StatusForbidden)
	}
}

// An alert that names a channel which isn't granted is not there either.
func TestAlertsOfAPart(t *testing.T) {
	d := &desk{}
	b := newBench(t, func(o *api.Options) { o.Alerts, o.Authenticator = d, door{} })
	theirs := theAlert
	defer func() { theAlert = theirs }()
	for id, want := range map[string]int{northGate: http.StatusOK, "kitchen-1": http.StatusNotFound} {
		theAlert.Channel = &event.Channel{ID: id}
		for _, path := range []string{"GET /api/v1/alerts/a1", "POST /api/v1/alerts/a1:ack"} {
			method, path, _ := strings.Cut(path, " ")
			if w := b.ask(method, path, "", "Authorization", basic("campus", "pw")); w.Code != want {
				t.Errorf("%s %s about %s: %d", method, path, id, w.Code)
			}
		}
		b.ask("GET", "/api/v1/alerts", "", "Authorization", basic("campus", "pw"))
		if q := (alert.Query{Only: d.q.Only}); q.Only == nil || q.Only(&theAlert) != (want == http.StatusOK) {
			t.Errorf("the list about %s", id)
		}
	}
	wantProblem(t, b.ask("POST", "/api/v1/alerts/a1:ack", "", "Authorization", basic("eye", "pw")), http.StatusForbidden)
}

// One's own password may be changed, and nobody else's.
func TestOwnPassword(t *testing.T) {
	b := everything(t)
	if w := b.ask("PUT", "/api/v1/users/eye/password", `{"password":"new one"}`, "Authorization", basic("eye", "pw")); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	wantProblem(t, b.ask("PUT", "/api/v1/users/boss/password", `{"password":"new one"}`, "Authorization", basic("eye", "pw")), http.StatusForbidden)
	var s api.Session
	decode(t, b.ask("GET", "/api/v1/session", "", "Authorization", basic("campus", "pw")), http.StatusOK, &s)
	if s.Name != "campus" || !slices.Equal(s.Grants["view"], []string{"scenario=campus"}) || s.Grants["edit"] != nil {
		t.Errorf("%+v", s)
	}
}
