package health

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

func TestAddedIsProbedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t)
		c.run()
		c.pass(time.Minute)
		c.change(registry.Transaction{Put: []registry.Channel{gate(3)}})
		c.pass(4 * tick)
		c.turned(event.Unknown, event.Online, "")
	})
}

func TestEditForgetsWhatWasHeldAgainstTheOldURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(3))
		c.act(func(_ context.Context, ch registry.Channel) probe.Result {
			if ch.URL == "rtsp://10.0.0.2/main" {
				return fine
			}
			return refused
		})
		c.run()
		c.pass(2 * time.Minute)
		c.turned(event.Unknown, event.Offline, event.ConnectRefused)

		renamed := gate(3)
		renamed.Name = "North gate"
		c.seen("gate")
		c.change(registry.Transaction{Put: []registry.Channel{renamed}})
		c.pass(4 * tick)
		if n := len(c.seen("gate")); n != 1 {
			t.Errorf("it was probed %d times after the edit, want once", n)
		}
		c.quiet()

		moved := renamed
		moved.URL = "rtsp://10.0.0.2/main"
		c.change(registry.Transaction{Put: []registry.Channel{moved}})
		c.pass(4 * tick)
		if e := c.turned(event.Offline, event.Online, ""); e.Channel.Name != "North gate" {
			t.Errorf("the event speaks of %q", e.Channel.Name)
		}
	})
}

// A probe that was under way when the channel was edited has seen the old camera.
func TestEditDuringAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		release := make(chan struct{})
		c.act(func(_ context.Context, ch registry.Channel) probe.Result {
			if strings.Contains(ch.URL, "10.0.0.1") {
				<-release
				return fine
			}
			return refused
		})
		c.run()
		c.await(1)
		moved := gate(1)
		moved.URL = "rtsp://10.0.0.2/main"
		c.change(registry.Transaction{Put: []registry.Channel{moved}})
		c.pass(time.Second)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("%d probes began while one was under way", n)
		}
		close(release)
		c.pass(4*time.Second + 4*tick)
		c.turned(event.Unknown, event.Offline, event.ConnectRefused)
	})
}

func TestClassChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(3))
		c.run()
		c.pass(2 * time.Minute)
		c.change(registry.Transaction{Put: []registry.Channel{gate(1)}})
		c.pass(time.Second)
		c.seen("gate")
		c.pass(time.Minute)
		if n := len(c.seen("gate")); n < 5 || n > 7 {
			t.Errorf("a channel of class 1 was probed %d times a minute", n)
		}
	})
}

func TestDisableAndEnable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.told()
		off := gate(1)
		off.Enabled = false
		c.change(registry.Transaction{Put: []registry.Channel{off}})
		c.turned(event.Online, event.Disabled, "")
		c.change(registry.Transaction{Put: []registry.Channel{off}})
		c.seen("gate")
		c.pass(5 * time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("a disabled channel was probed %d times", n)
		}
		c.quiet()

		c.change(registry.Transaction{Put: []registry.Channel{gate(1)}})
		c.turned(event.Disabled, event.Unknown, "")
		c.pass(4 * tick)
		c.turned(event.Unknown, event.Online, "")
	})
}

func TestDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		release := make(chan struct{})
		c.run()
		c.pass(10 * time.Second)
		c.told()
		c.seen("gate")
		c.act(func(context.Context, registry.Channel) probe.Result { <-release; return refused })
		c.await(1)
		c.change(registry.Transaction{Delete: []string{"gate"}})
		close(release)
		c.pass(time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("a deleted channel was probed %d times", n)
		}
		for id, s := range c.statuses.Range() {
			t.Errorf("%s still has a status: %+v", id, s)
		}
		c.quiet()
		if len(c.m.entries) != 0 {
			t.Errorf("%d entries are left", len(c.m.entries))
		}
	})
}

func TestChangesWhileTheGatewayWasDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off, on := gate(1), gate(1)
		off.ID, off.Enabled = "off", false
		on.ID = "on"
		c := newCity(t, off, on)
		was := time.Now().UTC()
		c.statuses.Set("off", registry.Status{State: event.Online, Since: was})
		c.statuses.Set("on", registry.Status{State: event.Disabled, Since: was})
		c.statuses.Set("left", registry.Status{State: event.Online, Since: was})
		stop := c.run()
		synctest.Wait()
		all := c.told()
		if len(all) != 2 || all[0].State != event.Disabled || all[1].State != event.Unknown {
			t.Errorf("events: %+v", all)
		}
		if s := c.statuses.Get("left"); s.State != event.Unknown {
			t.Errorf("a channel that left is %s", s.State)
		}
		stop()
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(time.Millisecond)
		c.quiet()
	})
}

// Transactions from before Run, and late ones, can't bring back what is no more.
func TestOldTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		tx := registry.Transaction{Put: []registry.Channel{gate(1)}}
		old := c.apply(tx)
		c.m.Changed(old, tx) // not yet running
		c.run()
		synctest.Wait()
		c.apply(registry.Transaction{Delete: []string{"gate"}})
		c.m.Changed(old, tx)
		c.pass(time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("it was probed %d times", n)
		}
	})
}
