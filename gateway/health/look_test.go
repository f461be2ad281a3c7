package health

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

var frozen = probe.Result{State: event.Degraded, Reason: event.Frozen, Detail: "frozen"}

// watched is a running city of one channel whose stream is looked at.
func watched(t *testing.T, see func(registry.Channel) probe.Result) *city {
	c := newCity(t, gate(1))
	c.stream = func(_ context.Context, ch registry.Channel) probe.Result {
		time.Sleep(3 * time.Second)
		return see(ch)
	}
	h := c.m.o.Config
	h.DeepInterval = 10 * time.Minute
	c.m = c.monitor(h)
	return c
}

func (c *city) looks() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.looked["gate"]
	delete(c.looked, "gate")
	return at
}

func TestLookFindsWhatProbesDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		c := watched(t, func(registry.Channel) probe.Result {
			if mended.Load() {
				return fine
			}
			return frozen
		})
		c.run()
		c.pass(11 * time.Minute)
		if n := len(c.looks()); n < 3 || n > 5 {
			t.Errorf("%d looks confirmed it, want 3", n)
		}
		all := c.told()
		if len(all) != 2 || all[1].State != event.Degraded || all[1].Reason != event.Frozen {
			t.Fatalf("%+v", all)
		}
		c.pass(time.Hour) // neither a probe's good answer nor the next look makes another event
		c.quiet()
		if n := len(c.looks()); n < 5 || n > 14 {
			t.Errorf("%d looks in an hour", n)
		}
		mended.Store(true)
		c.pass(11 * time.Minute)
		c.turned(event.Degraded, event.Online, "")
	})
}

func TestRefusedPasswordIsNotTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := watched(t, func(ch registry.Channel) probe.Result {
			if ch.Password.Reveal() == "one" {
				return locked
			}
			return fine
		})
		stop := c.run()
		c.pass(11 * time.Minute)
		if all := c.told(); len(all) != 2 || all[1].Reason != event.Unauthorized {
			t.Fatalf("%+v", all)
		}
		first := c.looks()
		if len(first) != 1 {
			t.Fatalf("it was tried %d times", len(first))
		}
		stop()
		c.m = c.monitor(c.m.o.Config) // nor after a restart
		c.run()
		c.pass(2 * time.Hour)
		c.quiet()
		last := first[0]
		for _, at := range c.looks() {
			if at.Sub(last) < 30*time.Minute {
				t.Errorf("it was tried again after %v", at.Sub(last))
			}
			last = at
		}
		mended := gate(1)
		mended.Password = "two"
		c.change(registry.Transaction{Put: []registry.Channel{mended}})
		c.pass(time.Minute)
		c.turned(event.Offline, event.Online, "")
	})
}

func TestLooksKeepToTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(300, 1)...)
		now, most := 0, 0
		c.stream = func(context.Context, registry.Channel) probe.Result {
			c.mu.Lock()
			now++
			most = max(most, now)
			c.mu.Unlock()
			time.Sleep(4 * time.Second)
			c.mu.Lock()
			now--
			c.mu.Unlock()
			return fine
		}
		h := c.m.o.Config
		h.DeepInterval, h.DeepBudget = 4*time.Minute, 8
		c.m = c.monitor(h)
		c.run()
		c.pass(9 * time.Minute)
		c.mu.Lock()
		defer c.mu.Unlock()
		if most > 8 {
			t.Errorf("%d looks were under way at once, want 8", most)
		}
		if len(c.looked) != 300 {
			t.Errorf("%d streams were looked at, want all 300", len(c.looked))
		}
	})
}

func TestPulledIsNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := watched(t, func(registry.Channel) probe.Result { return fine })
		c.run()
		c.pass(20 * time.Second)
		c.m.Pulled("gate", true)
		c.m.Evidence("gate", fine)
		c.looks()
		c.pass(time.Hour)
		if n := len(c.looks()); n != 0 {
			t.Errorf("it was looked at %d times while it was pulled", n)
		}
	})
}

// Another interval takes effect at once, and channels keep their turns.
func TestConfigure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(100, 2)...)
		c.run()
		c.pass(2 * time.Minute)
		h := c.m.o.Config
		h.Interval = map[int]time.Duration{2: 10 * time.Second}
		h.DeepInterval = time.Minute
		c.m.Configure(h)
		c.pass(10*time.Second + tick)
		c.mu.Lock()
		clear(c.probes)
		c.mu.Unlock()
		c.pass(time.Minute)
		c.punctual("c2", 10*time.Second, 5)
		if len(c.looked) != 100 {
			t.Errorf("%d streams were looked at", len(c.looked))
		}
		h.Interval = map[int]time.Duration{2: time.Minute}
		c.m.Configure(h)
		c.pass(11 * time.Second)
		c.mu.Lock()
		clear(c.probes)
		c.mu.Unlock()
		c.pass(5 * time.Minute)
		c.punctual("c2", time.Minute, 4)
		if most := c.busiest(time.Second); most > 60 {
			t.Errorf("%d probes began within a second", most)
		}
	})
}
