package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sharpeyes/config"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// city is a store with a server of its own, and what was told on it.
type city struct {
	bus   *bus.Bus
	keys  *bus.Keys
	heard chan alertEvent
}

type alertEvent struct {
	Type string
	Data event.Alert
}

func newCity(t *testing.T) *city {
	t.Helper()
	dir := t.TempDir()
	keys, err := bus.LoadKeys(dir + "/secret.key")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.Open(t.Context(), bus.Options{
		NATS: config.NATS{Replicas: 1}, Events: config.Default().Events, DataDir: dir, Node: "here", Log: slog.New(slog.DiscardHandler), Sealer: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	c := &city{bus: b, keys: keys, heard: make(chan alertEvent, 1000)}
	stop, err := b.Subscribe("sharpeyes.event.alert.>", func(_ string, raw []byte) {
		var e alertEvent
		if json.Unmarshal(raw, &e) == nil {
			c.heard <- e
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c
}

// service is one gateway's.
func (c *city) service(t *testing.T, fresh ...alert.Rule) *Service {
	t.Helper()
	rules, err := c.bus.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rules.Close() })
	stored, err := c.bus.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stored.Close() })
	s, err := New(t.Context(), Options{
		Node: "here", Zone: time.UTC, Rules: rules, Alerts: stored, Stream: c.bus.Events(), Sealer: c.keys, Publish: c.bus.Publish,
		Tell: func(context.Context, alert.Rule, event.Event) {}, Channel: func(string) (registry.Channel, bool) { return registry.Channel{}, false },
		Fresh: fresh, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *city) offline(n int) {
	c.bus.Publish(event.New("here", event.HealthChanged, time.Now(), event.Health{
		Channel: event.Channel{ID: fmt.Sprint("c", n), Name: fmt.Sprint("camera ", n), Class: 1, Site: "x", Scenario: "campus"}, State: event.Offline,
		Previous: event.Online, Reason: event.NoAnswer, Since: time.Now(),
	}))
}

func (c *city) next(t *testing.T) alertEvent {
	t.Helper()
	select {
	case e := <-c.heard:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("no alert")
		return alertEvent{}
	}
}

// Two gateways evaluate in turn: one dies, the other goes on, and each cause has one alert.
func TestOncePerCauseWhoeverEvaluates(t *testing.T) {
	c := newCity(t)
	gateways := []*Service{c.service(t, offline("r")), c.service(t)}
	var running sync.WaitGroup
	defer running.Wait()
	seen := map[string]int{}
	for n := range 4 {
		lead, stop := context.WithCancel(t.Context())
		running.Go(func() {
			if err := gateways[n%2].Lead(lead); err != nil {
				t.Errorf("lead: %v", err)
			}
		})
		for i := range 10 {
			c.offline(10*n + i)
		}
		for range 10 {
			seen[c.next(t).Data.Title]++
		}
		stop()
		running.Wait()
		for i := range 3 { // while nobody evaluates
			c.offline(1000 + 3*n + i)
		}
	}
	lead, stop := context.WithCancel(t.Context())
	defer stop()
	running.Go(func() { _ = gateways[0].Lead(lead) })
	for len(seen) < 52 {
		seen[c.next(t).Data.Title]++
	}
	stop()
	running.Wait()
	for title, n := range seen {
		if n != 1 {
			t.Errorf("%q was raised %d times", title, n)
		}
	}
	_, total, _, err := gateways[1].Alerts(t.Context(), alert.Query{Limit: 10})
	if err != nil || total != 52 {
		t.Errorf("%d alerts, %v", total, err)
	}
}

// What happens after a rule was made, changed or deleted is judged so, however soon.
func TestRuleIsInForceWhenAnswered(t *testing.T) {
	c := newCity(t)
	s := c.service(t, offline("first"))
	lead, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Lead(lead) })
	defer running.Wait()
	defer stop()
	c.offline(0)
	c.next(t)
	if err := s.DeleteRule(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 20; n++ {
		r := offline("r")
		r.Title = fmt.Sprint("version ", n)
		if _, err := s.PutRule(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c.offline(n)
		if got := c.next(t).Data.Title; got != r.Title {
			t.Fatalf("event %d was judged by %q", n, got)
		}
	}
}

func TestAct(t *testing.T) {
	c := newCity(t)
	s := c.service(t, offline("r"))
	lead, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { _ = s.Lead(lead) })
	c.offline(1)
	e := c.next(t)
	id := e.Data.Alert
	if e.Type != "sharpeyes.alert.raised" || e.Data.Channel.ID != "c1" || e.Data.By != alert.System {
		t.Fatalf("%+v", e)
	}
	if _, err := s.Act(t.Context(), id, alert.Acknowledge, "ann", "looking", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if e := c.next(t); e.Type != "sharpeyes.alert.acknowledged" || e.Data.By != "ann" || e.Data.Comment != "looking" {
		t.Fatalf("%+v", e)
	}
	if a, err := s.Act(t.Context(), id, alert.Close, "ann", "", time.Time{}); err != nil || a.State != alert.Closed || len(a.Steps) != 3 {
		t.Fatalf("%+v, %v", a, err)
	}
	if e := c.next(t); e.Type != "sharpeyes.alert.closed" {
		t.Fatalf("%+v", e)
	}
	if _, err := s.Act(t.Context(), id, alert.Acknowledge, "ann", "", time.Time{}); !errors.Is(err, alert.ErrDone) {
		t.Errorf("%v", err)
	}
	if _, err := s.Act(t.Context(), "none", alert.Close, "ann", "", time.Time{}); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("%v", err)
	}
	page, total, more, err := s.Alerts(t.Context(), alert.Query{States: []string{"closed"}, Channel: "c1", Site: "x", Limit: 1})
	if err != nil || total != 1 || more || len(page) != 1 || page[0].ID != id {
		t.Errorf("%+v %d %v %v", page, total, more, err)
	}
}

// A secret is sealed, never shown, and kept when the rule is written without it.
func TestSecretOfAWebhook(t *testing.T) {
	c := newCity(t)
	s := c.service(t)
	r := offline("r")
	r.Tell = []alert.Webhook{{URL: "https://host/", Secret: "marked"}}
	if _, err := s.PutRule(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Tell[0].Secret = ""
	if _, err := s.PutRule(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	shown, err := s.Rule(t.Context(), "r")
	if err != nil || shown.Tell[0].Sealed != nil || shown.Tell[0].Secret != "" {
		t.Errorf("%+v, %v", shown, err)
	}
	kept, err := s.rule(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := c.keys.Open(SealName("r", "https://host/"), kept.Tell[0].Sealed); err != nil || secret.Reveal() != "marked" {
		t.Errorf("%v", err)
	}
	if _, err := c.keys.Open(SealName("r", "https://elsewhere/"), kept.Tell[0].Sealed); err == nil {
		t.Error("it opens for another address")
	}
	if err := s.DeleteRule(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRule(t.Context(), "r"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestTry(t *testing.T) {
	c := newCity(t)
	s := c.service(t)
	began := time.Now()
	for i := range 20 {
		c.offline(i % 5)
	}
	r := offline("r")
	for trial := (alert.Trial{}); trial.Events < 20; { // until all are stored
		var err error
		if trial, err = s.Try(t.Context(), r, began, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if trial.Events == 20 && (trial.Raised != 5 || trial.More) {
			t.Errorf("%+v", trial)
		}
	}
	if _, total, _, err := s.Alerts(t.Context(), alert.Query{Limit: 1}); total != 0 || err != nil {
		t.Errorf("a trial left %d alerts, %v", total, err)
	}
}
