package health

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/streams/probe"
)

// brief is a camera that answers well within some ms.
func brief(context.Context, registry.Channel) probe.Result {
	time.Sleep(time.Duration(1+rand.IntN(20)) * time.Millisecond)
	return fine
}

// busiest is the most probes that began in any window.
func (c *city) busiest(window time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []time.Time
	for _, at := range c.probes {
		all = append(all, at...)
	}
	slices.SortFunc(all, time.Time.Compare)
	most, first := 0, 0
	for i := range all {
		for all[i].Sub(all[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// probed is how many channels were probed.
func (c *city) probed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.probes)
}

// punctual fails when a channel of those, after its first probe, was probed sooner or later than its
// interval by more than a tenth.
func (c *city) punctual(of string, interval time.Duration, atLeast int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, at := range c.probes {
		if !strings.HasPrefix(id, of) {
			continue
		}
		if len(at) < atLeast {
			c.t.Fatalf("%s was probed %d times, want %d", id, len(at), atLeast)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < interval*9/10 || gap > interval*11/10 {
				c.t.Fatalf("%s was probed %v after the probe before, its interval is %v", id, gap, interval)
			}
		}
	}
}

func TestEachClassOnItsIntervalSpreadEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := slices.Concat(gates(1000, 1), gates(300, 2), gates(600, 3), gates(60, 9))
		c := newCity(t, all...)
		c.act(brief)
		c.run()
		c.pass(61 * time.Second)
		if n := c.probed(); n != len(all) {
			t.Fatalf("%d channels were probed within the longest interval, want %d", n, len(all))
		}
		c.pass(2 * time.Minute)
		c.punctual("c1", 10*time.Second, 17)
		c.punctual("c2", 30*time.Second, 5)
		c.punctual("c3", 60*time.Second, 2)
		c.punctual("c9", 60*time.Second, 2) // the longest, since the class isn't named
		// On average 121 a second, and 12 in 100 ms.
		if most := c.busiest(time.Second); most > 180 {
			t.Errorf("%d probes began within a second", most)
		}
		if most := c.busiest(100 * time.Millisecond); most > 40 {
			t.Errorf("%d probes began within 100 ms", most)
		}
	})
}

func TestImportDoesNotFallOnTheCameras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t)
		c.act(brief)
		c.run()
		c.pass(time.Minute)
		c.change(registry.Transaction{Put: gates(3000, 1)})
		c.pass(7 * time.Second)
		if n := c.probed(); n != 3000 {
			t.Errorf("%d channels were probed, want all 3000", n)
		}
		if most := c.busiest(time.Second); most > settleRate*5/4 {
			t.Errorf("%d probes began within a second", most)
		}
	})
}

// A tenth of the cameras accept and never answer: far more than could wait at once for their
// deadlines. All others are probed as if nothing were.
func TestSlowCamerasHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(1000, 1)...)
		h := c.m.o.Config
		h.Concurrency = 32
		c.m = c.monitor(h)
		c.act(func(ctx context.Context, ch registry.Channel) probe.Result {
			if strings.HasSuffix(ch.ID, "7") {
				<-ctx.Done()
				return mute
			}
			return brief(ctx, ch)
		})
		c.run()
		c.pass(2 * time.Minute) // by now it is known who is slow
		c.mu.Lock()
		clear(c.probes)
		c.mu.Unlock()
		c.pass(2 * time.Minute)
		c.mu.Lock()
		for id := range c.probes {
			if strings.HasSuffix(id, "7") {
				delete(c.probes, id)
			}
		}
		c.mu.Unlock()
		if n := c.probed(); n != 900 {
			t.Errorf("%d channels were probed, want 900", n)
		}
		c.punctual("c1", 10*time.Second, 11)
	})
}

// When the probes don't suffice, class 1 is on time, and the others still come.
func TestClassOneFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, slices.Concat(gates(50, 1), gates(600, 3))...)
		h := c.m.o.Config
		h.Concurrency = 4 // 13 probes a second at 300 ms each; 15 a second are due
		c.m = c.monitor(h)
		c.act(func(context.Context, registry.Channel) probe.Result {
			time.Sleep(300 * time.Millisecond)
			return fine
		})
		c.run()
		c.pass(5 * time.Minute)
		c.punctual("c1", 10*time.Second, 29)
		c.mu.Lock()
		defer c.mu.Unlock()
		n := 0
		for id, at := range c.probes {
			if strings.HasPrefix(id, "c3") && len(at) > 0 {
				n++
			}
		}
		if n < 600 {
			t.Errorf("only %d of 600 channels of class 3 were probed", n)
		}
	})
}

func TestNeverMoreProbesThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(500, 1)...)
		h := c.m.o.Config
		h.Concurrency = 7
		c.m = c.monitor(h)
		under, most := 0, 0
		c.act(func(context.Context, registry.Channel) probe.Result {
			c.mu.Lock()
			under++
			most = max(most, under)
			c.mu.Unlock()
			time.Sleep(400 * time.Millisecond)
			c.mu.Lock()
			under--
			c.mu.Unlock()
			return fine
		})
		c.run()
		c.pass(time.Minute)
		if most != 7 {
			t.Errorf("%d probes were under way at once, want 7", most)
		}
	})
}

func TestRunEndsWithItsProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(50, 1)...)
		c.act(func(ctx context.Context, _ registry.Channel) probe.Result {
			<-ctx.Done()
			return mute
		})
		stop := c.run()
		c.pass(3 * time.Second)
		began := time.Now()
		stop()
		if d := time.Since(began); d > 0 {
			t.Errorf("Run ended %v after its context", d)
		}
		c.quiet()
	})
}
