package health

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

var (
	fine    = probe.Result{State: event.Online}
	refused = probe.Result{State: event.Offline, Reason: event.ConnectRefused, Detail: "refused"}
	mute    = probe.Result{State: event.Offline, Reason: event.NoAnswer, Detail: "mute"}
	full    = probe.Result{State: event.Degraded, Reason: event.SessionFull, Detail: "full"}
	locked  = probe.Result{State: event.Offline, Reason: event.Unauthorized, Detail: "password refused"}
	nothing = probe.Result{State: event.Unknown, Detail: "no sockets"}
)

// city is a Monitor and the world around it, in a synctest bubble.
type city struct {
	t        testing.TB
	m        *Monitor
	statuses registry.Statuses
	channels atomic.Pointer[registry.Snapshot]

	mu     sync.Mutex
	camera func(ctx context.Context, ch registry.Channel) probe.Result
	probes map[string][]time.Time // when each channel was probed
	stored map[string]registry.Status
	events []event.Health
	news   map[string]string // by channel: the id of its last event, which its status must name by then
	places []event.Event     // of sites and gateways
	kept   []Change
	stream func(ctx context.Context, ch registry.Channel) probe.Result // what looks see
	looked map[string][]time.Time
}

func newCity(t testing.TB, channels ...registry.Channel) *city {
	t.Helper()
	c := &city{t: t, probes: map[string][]time.Time{}, stored: map[string]registry.Status{}, looked: map[string][]time.Time{}}
	c.answer(fine)
	c.stream = func(context.Context, registry.Channel) probe.Result { return nothing }
	c.channels.Store(registry.Empty())
	c.apply(registry.Transaction{Put: channels})
	h := config.Default().Health
	h.DeepInterval = 0 // tests of looks set it
	c.m = c.monitor(h)
	return c
}

func (c *city) monitor(h config.Health) *Monitor {
	return New(Options{
		Config: h, Node: "here", Prober: c, Publisher: c, Statuses: &c.statuses,
		Snapshot: c.channels.Load, Record: c.record, Log: slog.New(slog.DiscardHandler),
	})
}

// run starts the Monitor, which ends with the test, or when stop is called.
func (c *city) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	m := c.m
	go func() { done <- m.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				c.t.Errorf("Run: %v", err)
			}
		})
	}
	c.t.Cleanup(stop)
	return stop
}

// pass lets time go by, until nothing is left to do at its end.
func (c *city) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Options is the camera of the test, and counts its probes.
func (c *city) Options(ctx context.Context, ch registry.Channel) probe.Result {
	c.mu.Lock()
	c.probes[ch.ID] = append(c.probes[ch.ID], time.Now())
	camera := c.camera
	c.mu.Unlock()
	return camera(ctx, ch)
}

// Deep is the stream of the camera of the test.
func (c *city) Deep(ctx context.Context, ch registry.Channel) probe.Result {
	c.mu.Lock()
	c.looked[ch.ID] = append(c.looked[ch.ID], time.Now())
	stream := c.stream
	c.mu.Unlock()
	return stream(ctx, ch)
}

func (c *city) record(ch Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, ch)
}

func (c *city) PutStatus(id string, s registry.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored[id] = s
}

func (c *city) Publish(ev event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ev.Source != "/sharpeyes/here" {
		c.t.Errorf("unexpected event: %+v", ev)
	}
	if h, ok := ev.Data.(event.Health); ok {
		c.events = append(c.events, h)
		if c.news == nil {
			c.news = map[string]string{}
		}
		c.news[h.Channel.ID] = ev.ID
		if s := c.stored[h.Channel.ID]; s.Event != ev.ID {
			c.t.Errorf("an event %s of %s is published, and its status names %q", ev.ID, h.Channel.ID, s.Event)
		}
	} else {
		c.places = append(c.places, ev)
	}
}

// answer makes all cameras answer with the result.
func (c *city) answer(r probe.Result) {
	c.act(func(context.Context, registry.Channel) probe.Result { return r })
}

// act makes all cameras behave so.
func (c *city) act(camera func(context.Context, registry.Channel) probe.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.camera = camera
}

// apply makes the next registry without telling the Monitor.
func (c *city) apply(tx registry.Transaction) *registry.Snapshot {
	c.t.Helper()
	old := c.channels.Load()
	now, err := old.Apply(tx, old.Version()+1)
	if err != nil {
		c.t.Fatal(err)
	}
	c.channels.Store(now)
	return now
}

// change makes the next registry.
func (c *city) change(tx registry.Transaction) {
	c.t.Helper()
	c.m.Changed(c.apply(tx), tx)
}

// seen is the times of the probes of a channel since it was last asked.
func (c *city) seen(id string) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.probes[id]
	delete(c.probes, id)
	return at
}

// await lets time go by until the gate was probed so many times.
func (c *city) await(probes int) {
	for n := len(c.seen("gate")); n < probes; n += len(c.seen("gate")) {
		c.pass(tick)
	}
}

// told is the events since it was last asked.
func (c *city) told() []event.Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.events
	c.events = nil
	return all
}

// quiet fails when an event was published.
func (c *city) quiet() {
	c.t.Helper()
	for _, e := range c.told() {
		c.t.Errorf("unexpected event: %s from %s to %s %q", e.Channel.ID, e.Previous, e.State, e.Reason)
	}
	for _, e := range c.placed() {
		c.t.Errorf("unexpected event: %s %+v", e.Type, e.Data)
	}
}

// placed is the events of sites and gateways since it was last asked.
func (c *city) placed() []event.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.places
	c.places = nil
	return all
}

// one is the one event of a site or gateway since it was last asked, which must be of the type.
func (c *city) one(t event.Type) event.Payload {
	c.t.Helper()
	all := c.placed()
	if len(all) != 1 || all[0].Type != t {
		c.t.Fatalf("%d events, want one %s: %+v", len(all), t, all)
	}
	return all[0].Data
}

// turned fails unless exactly this change was published, stored and kept; it returns it.
func (c *city) turned(from, to event.State, why event.Reason) event.Health {
	c.t.Helper()
	all := c.told()
	if len(all) != 1 {
		c.t.Fatalf("%d events, want one to %s: %+v", len(all), to, all)
	}
	e := all[0]
	if e.Previous != from || e.State != to || e.Reason != why {
		c.t.Errorf("the event is from %s to %s %q, want from %s to %s %q", e.Previous, e.State, e.Reason, from, to, why)
	}
	want := registry.Status{State: e.State, Reason: e.Reason, Detail: e.Detail, Since: e.Since, Event: c.news[e.Channel.ID]}
	if got := c.statuses.Get(e.Channel.ID); got != want || want.Event == "" {
		c.t.Errorf("the status is %+v, want %+v", got, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.stored[e.Channel.ID]; got != want {
		c.t.Errorf("the stored status is %+v, want %+v", got, want)
	}
	return e
}

// gate is one channel of a class.
func gate(class registry.Class) registry.Channel {
	return registry.Channel{
		ID: "gate", Name: "Gate", Class: class, Site: "xiamen/siming", Scenario: "campus",
		URL: "rtsp://10.0.0.1/main", Username: "admin", Password: "one", Enabled: true,
	}
}

// gates is n channels of a class.
func gates(n int, class registry.Class) []registry.Channel {
	all := make([]registry.Channel, n)
	for i := range all {
		all[i] = gate(class)
		all[i].ID = fmt.Sprintf("c%d-%06d", class, i)
		all[i].URL = fmt.Sprintf("rtsp://10.%d.%d.%d/main", class, i>>8, i&255)
	}
	return all
}
