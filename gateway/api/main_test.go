package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// catalogue is a registry of one test.
type catalogue struct {
	mu   sync.Mutex
	now  *registry.Snapshot
	log  []registry.Transaction
	past []*registry.Snapshot // before the transaction at the same index
	err  error                // what the store says to the next transaction
}

func (c *catalogue) Snapshot() *registry.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *catalogue) Update(_ context.Context, by, action string, fn func(*registry.Snapshot) (registry.Transaction, error)) (*registry.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tx, err := fn(c.now)
	if err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	if tx.Empty() {
		return c.now, nil
	}
	if c.err != nil {
		return nil, c.err
	}
	tx.ID, tx.By, tx.Action, tx.At = fmt.Sprint(len(c.log)+1), by, action, time.Now()
	next, err := c.now.Apply(tx, c.now.Version()+1)
	if err != nil {
		return nil, err
	}
	c.past, c.now = append(c.past, c.now), next
	c.log = append(c.log, tx)
	return next, nil
}

func (c *catalogue) History(_ context.Context, id string, limit int) ([]registry.Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changes []registry.Change
	after := c.now
	for i := len(c.log) - 1; i >= 0 && len(changes) < limit; i-- {
		old, was := c.past[i].Get(id)
		now, is := after.Get(id)
		change := registry.Change{Version: after.Version(), At: c.log[i].At, By: c.log[i].By, Action: c.log[i].Action, Kind: registry.ChangeUpdated, Fields: registry.Diff(old, now)}
		if !was {
			change.Kind = registry.ChangeCreated
		} else if !is {
			change.Kind = registry.ChangeDeleted
		}
		if len(change.Fields) > 0 {
			changes = append(changes, change)
		}
		after = c.past[i]
	}
	if _, is := c.now.Get(id); !is && len(changes) == 0 {
		return nil, &registry.NotFoundError{What: "channel", ID: id}
	}
	return changes, nil
}

func (c *catalogue) Versions(_ context.Context, limit int) ([]registry.Version, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []registry.Version
	for i := len(c.log) - 1; i >= 0 && len(all) < limit; i-- {
		all = append(all, registry.Version{Version: c.past[i].Version() + 1, At: c.log[i].At, By: c.log[i].By, Action: c.log[i].Action})
	}
	return all, nil
}

func (c *catalogue) At(_ context.Context, version uint64) (*registry.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range append(c.past[:len(c.past):len(c.past)], c.now) {
		if s.Version() == version {
			return s, nil
		}
	}
	return nil, &registry.NotFoundError{What: "version", ID: fmt.Sprint(version)}
}

func (c *catalogue) transactions() []registry.Transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log
}

// pulls is what is pulled in a test.
type pulls []streams.Info

func (p pulls) Pulls() []streams.Info { return p }

func (p pulls) Info(key streams.Key) (streams.Info, bool) {
	for _, i := range p {
		if i.Key == key {
			return i, true
		}
	}
	if key.Channel != southGate {
		return streams.Info{}, false
	}
	return streams.Info{
		Key: key, Phase: streams.Idle, Codecs: []string{"H265", "G711"}, FailedAt: time.Unix(1700000000, 0),
		Failure: &streams.Failure{Reason: event.ConnectRefused, Detail: "10.0.0.2:554 refused the connection"},
	}, true
}

type user struct{ name, role string }

func (u user) String() string { return u.name }

// Scopes are those of a role, or of the campuses for who is granted a part.
func (u user) Scopes(action string) []registry.Scope {
	looks := action == "list" || action == "view" || action == "events"
	switch {
	case u.role == "admin", u.role == "operator" && (looks || action == "acknowledge"), u.role == "viewer" && looks:
		return []registry.Scope{{}}
	case u.role == "campus" && (looks || action == "acknowledge"):
		return []registry.Scope{{Scenarios: []string{"campus"}}}
	case u.role == "editor" && (looks || action == "edit"):
		return []registry.Scope{{}}
	case u.role == "keeper" && action == "list":
		return []registry.Scope{{Scenarios: []string{"campus"}}, {Site: "xiamen/siming"}}
	case u.role == "keeper" && action == "edit":
		return []registry.Scope{{Scenarios: []string{"campus"}}, {Site: "xiamen/tongan"}}
	case u.role == "finder" && action == "list":
		return []registry.Scope{{Scenarios: []string{"campus"}}}
	}
	return nil
}

type denied struct{}

func (denied) Error() string { return "wrong user name or password" }
func (denied) Denied() bool  { return true }

type slowed struct{}

func (slowed) Error() string             { return "too many" }
func (slowed) RetryAfter() time.Duration { return 1500 * time.Millisecond }

// door lets in who is named: boss, eye (both with the password pw) and, on loopback, anybody as
// the role local.
type door struct{ local string }

func (d door) Authenticate(_ context.Context, name, password string, remote netip.Addr) (api.Principal, error) {
	switch {
	case name == "" && d.local != "" && remote.IsLoopback():
		return user{"anonymous", d.local}, nil
	case name == "boss" && password == "pw":
		return user{"boss", "admin"}, nil
	case name == "eye" && password == "pw":
		return user{"eye", "viewer"}, nil
	case password == "pw" && (name == "campus" || name == "keeper" || name == "editor" || name == "finder" || name == "operator" || name == "ended"):
		return user{name, name}, nil
	case name == "guesser":
		return nil, slowed{}
	case name == "unlucky":
		return nil, errors.New("the store of users is on fire")
	}
	return nil, denied{}
}

func (d door) AuthenticateToken(ctx context.Context, token string, remote netip.Addr) (api.Principal, error) {
	name, ok := strings.CutSuffix(token, "-token")
	if !ok {
		return nil, denied{}
	}
	return d.Authenticate(ctx, name, "pw", remote)
}

func (d door) AuthenticateTicket(_ context.Context, ticket, channel, profile string, begun bool) (api.Principal, error) {
	if ticket != channel+"-"+profile {
		return nil, denied{}
	}
	return user{"ticket", "viewer"}, nil
}

// bench is an API with what stands behind it.
type bench struct {
	catalogue *catalogue
	statuses  *registry.Statuses
	api       *api.API
	log       *strings.Builder
}

const (
	northGate = "35020301001311000001"
	southGate = "35020301001311000002"
	password  = "s3cret-of-the-camera"
)

func channels() []registry.Channel {
	lon, lat := 118.09, 24.48
	all := []registry.Channel{
		{ID: northGate, Name: "演武小学北门", Class: 1, Site: "xiamen/siming/binhai", Scenario: "campus", Tags: []string{"gate"}, Lon: &lon, Lat: &lat, URL: "rtsp://10.0.0.1/main", SubURL: "rtsp://10.0.0.1/sub", Username: "admin", Password: password, Enabled: true},
		{ID: southGate, Name: "South gate", Class: 1, Site: "xiamen/siming/binhai", Scenario: "campus", URL: "rtsp://10.0.0.2/main", Enabled: true},
		{ID: "kitchen-1", Name: "Kitchen <1>", Class: 2, Site: "xiamen/huli", Scenario: "kitchen", URL: "rtsp://10.0.0.3/main", Enabled: true},
		{ID: "shop", Name: "Shop", Class: 3, Site: "xiamen/huli", Scenario: "community", URL: "rtsp://10.0.0.4/main"},
	}
	for i := range all {
		if err := all[i].Prepare(); err != nil {
			panic(err)
		}
	}
	return all
}

func newBench(t testing.TB, change func(*api.Options)) *bench {
	t.Helper()
	now, err := registry.Empty().Apply(registry.Transaction{ID: "0", Put: channels(), Sites: []registry.Site{{Path: "xiamen/siming", Name: "思明区"}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{catalogue: &catalogue{now: now}, statuses: &registry.Statuses{}, log: &strings.Builder{}}
	b.statuses.Set(northGate, registry.Status{State: event.Online, Since: time.Unix(1700000000, 0).UTC()})
	b.statuses.Set(southGate, registry.Status{State: event.Offline, Reason: event.ConnectRefused})
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sharpeyes_test"}, func() float64 { return 1 }))
	o := api.Options{
		Catalogue: b.catalogue, Statuses: b.statuses, Authenticator: door{local: "admin"},
		Streams: pulls{{
			Key: streams.Key{Channel: northGate, Profile: streams.Main}, Playing: true, Readers: 3, Codecs: []string{"H264", "G711"},
			Packets: 90, Lost: 10, Bitrate: 4e6, FPS: 25, Since: time.Unix(1700000000, 0).UTC(),
		}},
		Ready: func() error { return nil }, Gatherer: metrics,
		RTSPURL: func(host, id string, p streams.Profile) string {
			if host == "" {
				host = "127.0.0.1"
			}
			if p == streams.Sub {
				id += "/sub"
			}
			return "rtsp://" + host + ":8554/" + id
		},
		Page: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, "<html>page")
		}),
		RotateKey: func(_ context.Context, by string) (api.Rotation, error) {
			return api.Rotation{Key: "key-of-" + by, Resealed: 1, Version: 1}, nil
		},
		Version: "1.2.3",
		Log:     slog.New(slog.NewTextHandler(b.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	b.api = api.New(o)
	return b
}

// ask sends one request from this machine; headers are name, value, …
func (b *bench) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:40000"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	return w
}

// problem is what an error looks like from outside.
type problem struct {
	Title, Detail string
	Status        int
	Errors        []struct {
		Row                    int
		Column, Value, Message string
	}
}

// wantProblem checks that an answer is a problem of the status.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int) problem {
	t.Helper()
	var p problem
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s, want a problem of status %d\n%s", w.Code, w.Header().Get("Content-Type"), status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" {
		t.Fatalf("%v, not a whole problem\n%s", err, w.Body)
	}
	return p
}

func decode(t *testing.T, w *httptest.ResponseRecorder, status int, v any) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d\n%s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("%v\n%s", err, w.Body)
	}
}
