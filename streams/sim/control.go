package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"sharpeyes/streams"
)

// control is the HTTP face of a farm, for scripts and end-to-end tests:
//
//	GET    /                    Totals
//	GET    /cameras/{i}         what one camera is, its fault, its counters
//	PUT    /cameras/{i}/fault   a Fault
//	DELETE /cameras/{i}/fault
//	PUT    /cameras/{i}/traits  Traits
//	DELETE /cameras/{i}/traits
//
// A camera is named by its number, or by the id of its channel in the City of as many channels.
type control struct {
	farm *Farm
	ids  func() map[string]int // made when it is first asked for
}

// view is one camera as control tells of it.
type view struct {
	Camera int    `json:"camera"`
	URL    string `json:"url"`
	SubURL string `json:"sub_url"`
	Scene
	Counters
	Fault  *Fault  `json:"fault,omitempty"`
	Traits *Traits `json:"traits,omitempty"`
}

// listenControl opens the socket of the HTTP control.
func (f *Farm) listenControl(ctx context.Context) error {
	host, _, err := net.SplitHostPort(f.opts.Control)
	if err != nil || !loopbackHost(host) {
		return fmt.Errorf("sim: control on %q: want a loopback address and a port", f.opts.Control)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.opts.Control)
	if err != nil {
		return fmt.Errorf("sim: control: %w", err)
	}
	f.ctlListener = l
	const timeout = 10 * time.Second
	f.control = &http.Server{
		Handler:      newControl(f),
		ReadTimeout:  timeout,
		WriteTimeout: timeout,
		IdleTimeout:  timeout,
		ErrorLog:     slog.NewLogLogger(f.opts.Log.Handler(), slog.LevelWarn),
	}
	return nil
}

func (f *Farm) serveControl() {
	if err := f.control.Serve(f.ctlListener); !errors.Is(err, http.ErrServerClosed) {
		f.opts.Log.Error("control of simulated cameras ended", "error", err)
	}
}

func newControl(f *Farm) http.Handler {
	c := &control{farm: f, ids: sync.OnceValue(func() map[string]int {
		channels, _ := City(len(f.cameras), func(int, streams.Profile) string { return "" })
		ids := make(map[string]int, len(channels))
		for i := range channels {
			ids[channels[i].ID] = i
		}
		return ids
	})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, f.Stats()) })
	mux.HandleFunc("GET /cameras/{camera}", c.named(func(w http.ResponseWriter, _ *http.Request, i int) {
		v := view{Camera: i, URL: f.URL(i, streams.Main), SubURL: f.URL(i, streams.Sub), Scene: SceneOf(i), Counters: f.Camera(i)}
		if fault := f.Fault(i); fault.Kind != "" {
			v.Fault = &fault
		}
		if v.Traits = f.cameras[i].traits.Load(); v.Traits != nil && v.Traits.Password != "" {
			hidden := *v.Traits
			hidden.Password = "***"
			v.Traits = &hidden
		}
		reply(w, v)
	}))
	mux.HandleFunc("PUT /cameras/{camera}/fault", c.named(put("a fault", f.SetFault)))
	mux.HandleFunc("PUT /cameras/{camera}/traits", c.named(put("traits", f.SetTraits)))
	mux.HandleFunc("DELETE /cameras/{camera}/traits", c.named(func(w http.ResponseWriter, _ *http.Request, i int) {
		_ = f.SetTraits(i, Traits{}) // the camera is there, and these always make sense
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("DELETE /cameras/{camera}/fault", c.named(func(w http.ResponseWriter, _ *http.Request, i int) {
		_ = f.SetFault(i, Fault{}) // the camera is there, and no fault is a good one
		w.WriteHeader(http.StatusNoContent)
	}))
	return mux
}

// put reads what a request has to say of a camera, and sets it.
func put[T any](what string, set func(i int, v T) error) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, i int) {
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
		d.DisallowUnknownFields()
		var v T
		if err := d.Decode(&v); err != nil {
			http.Error(w, "not "+what+": "+err.Error(), http.StatusBadRequest)
			return
		}
		if err := set(i, v); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// named finds the camera that a request names.
func (c *control) named(h func(http.ResponseWriter, *http.Request, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("camera")
		i, err := strconv.Atoi(name)
		ok := err == nil && c.farm.check(i) == nil
		if !ok {
			i, ok = c.ids()[name]
		}
		if !ok {
			http.Error(w, "no such camera", http.StatusNotFound)
			return
		}
		h(w, r, i)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
