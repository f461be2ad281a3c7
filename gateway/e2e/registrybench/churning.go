package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/config"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// churnCommand makes this program a gateway whose channels change their states all the time.
const churnCommand = "serve-churning"

// serveChurning serves the API on the data directory of a gateway that has ended. Each change of a
// state does what the gateway's own does: it is kept, stored and published as an event.
func serveChurning(ctx context.Context, args []string) error {
	dir := args[0]
	keys, err := bus.LoadKeys(filepath.Join(dir, "secret.key"))
	if err != nil {
		return err
	}
	d := config.Default()
	store, err := bus.Open(ctx, bus.Options{
		NATS: config.NATS{Listen: "127.0.0.1:0", Replicas: 1}, Events: d.Events, DataDir: dir, Node: "churning",
		Log: slog.New(slog.DiscardHandler), Sealer: keys,
	})
	if err != nil {
		return err
	}
	defer store.Close()
	var st registry.Statuses
	var ids []string
	for c := range store.Registry().Snapshot().All() {
		st.Set(c.ID, registry.Status{State: stateOf(len(ids)), Since: time.Now()})
		ids = append(ids, c.ID)
	}
	a := api.New(api.Options{
		Catalogue: store.Registry(), Statuses: &st, Streams: noStreams{}, Authenticator: everyone{}, Ready: store.Ready,
		Gatherer: prometheus.NewRegistry(), Version: "bench", Log: slog.New(slog.DiscardHandler),
		RTSPURL: func(host, id string, p streams.Profile) string { return "rtsp://" + host + ":8554/" + id },
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() {
		churn(ctx, ids, func(id string, state event.State) {
			c, _ := store.Registry().Snapshot().Get(id)
			was := st.Get(id).State
			s := registry.Status{State: state, Reason: event.NoAnswer, Since: time.Now().UTC()}
			st.Set(id, s)
			store.PutStatus(id, s)
			store.Publish(event.New("churning", event.HealthChanged, time.Now(), event.Health{
				Channel: c.Event(), State: s.State, Previous: was, Reason: s.Reason, Since: s.Since,
			}))
		})
	})
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second}
	running.Go(func() { <-ctx.Done(); srv.Close() })
	fmt.Fprintf(os.Stderr, "msg=ready http=%s\n", ln.Addr())
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type noStreams struct{}

func (noStreams) Pulls() []streams.Info { return nil }

func (noStreams) Info(streams.Key) (streams.Info, bool) { return streams.Info{}, false }

// everyone may do everything.
type everyone struct{}

func (everyone) Authenticate(context.Context, string, string, netip.Addr) (api.Principal, error) {
	return everyone{}, nil
}
func (everyone) String() string { return "bench" }
func (everyone) AuthenticateToken(context.Context, string, netip.Addr) (api.Principal, error) {
	return everyone{}, nil
}
func (everyone) AuthenticateTicket(context.Context, string, string, string, bool) (api.Principal, error) {
	return everyone{}, nil
}
func (everyone) Scopes(string) []registry.Scope { return []registry.Scope{{}} }

// serveSQLite answers the same pages out of SQLite, as JSON over HTTP. stop ends it.
func serveSQLite(ctx context.Context, l *lite) (base string, stop func(), err error) {
	answers := map[string]*question{}
	for _, p := range pages() {
		if answers[p.name], err = l.prepare(ctx, p); err != nil {
			return "", nil, err
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		items, total, err := answers[r.URL.Query().Get("page")].run(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct {
			Items []listing `json:"items"`
			Total int       `json:"total"`
		}{items, total})
	})}
	done := make(chan struct{})
	go func() { _ = srv.Serve(ln); close(done) }()
	return "http://" + ln.Addr().String(), func() {
		srv.Close()
		<-done
		for _, q := range answers {
			q.close()
		}
	}, nil
}
