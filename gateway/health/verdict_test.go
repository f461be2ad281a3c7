package health

import (
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry/event"
)

func TestChangeIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		e := c.turned(event.Unknown, event.Online, "") // good news at once
		if e.Channel.ID != "gate" || e.Channel.Site != "xiamen/siming" || e.Channel.Class != 1 {
			t.Errorf("the event speaks of %+v", e.Channel)
		}
		c.pass(time.Minute)
		c.quiet() // what stays as it is isn't told

		c.seen("gate")
		c.answer(refused)
		c.await(1)
		first := time.Now()
		c.pass(4*time.Second - 2*tick)
		c.quiet()
		c.pass(4 * tick)
		e = c.turned(event.Online, event.Offline, event.ConnectRefused)
		if n := len(c.seen("gate")); n != 2 {
			t.Errorf("%d probes confirmed it, want 2", n)
		}
		if d := first.Sub(e.Since); d < 0 || d > tick {
			t.Errorf("it is offline since %v, first seen at %v", e.Since, first)
		}
		if e.Detail != "refused" {
			t.Errorf("the detail is %q", e.Detail)
		}

		c.answer(fine) // back: confirmed as well
		c.pass(9 * time.Second)
		c.quiet()
		c.pass(7 * time.Second)
		c.turned(event.Offline, event.Online, "")
	})
}

func TestBadNewsOfAnUnknownChannelIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.answer(mute)
		c.run()
		c.pass(14*time.Second + 10*tick)
		c.turned(event.Unknown, event.Offline, event.NoAnswer)
	})
}

func TestFlappingIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.told()
		c.seen("gate")
		for range 20 {
			c.answer(refused)
			c.await(2)
			c.answer(fine)
			c.await(1)
		}
		c.quiet()
	})
}

func TestReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.told()
		c.answer(refused)
		c.pass(16 * time.Second)
		down := c.turned(event.Online, event.Offline, event.ConnectRefused).Since
		c.answer(mute)
		c.pass(16 * time.Second)
		if e := c.turned(event.Offline, event.Offline, event.NoAnswer); !e.Since.Equal(down) {
			t.Errorf("it is offline since %v, then since %v, only for another reason", down, e.Since)
		}
		c.answer(full)
		c.pass(16 * time.Second)
		if e := c.turned(event.Offline, event.Degraded, event.SessionFull); !e.Since.After(down) {
			t.Errorf("it is degraded since %v, was offline since %v", e.Since, down)
		}
	})
}

// That a camera fails now so, now otherwise, is still that it fails.
func TestStatesAgreeWhateverTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.told()
		c.seen("gate")
		c.answer(mute)
		c.await(1)
		c.answer(refused)
		c.pass(4*time.Second + 2*tick)
		c.turned(event.Online, event.Offline, event.ConnectRefused)
	})
}

func TestWhatSaysNothingChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.told()
		c.answer(nothing)
		c.pass(5 * time.Minute)
		c.quiet()
	})
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gates(3, 1)...)
		stop := c.run()
		c.pass(10 * time.Second)
		if n := len(c.told()); n != 3 {
			t.Fatalf("%d events, want 3", n)
		}
		stop()
		c.m = c.monitor(c.m.o.Config)
		stop = c.run()
		c.pass(time.Minute)
		c.quiet()
		stop()
		c.answer(refused) // while it was down
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(14*time.Second + 10*tick)
		all := c.told()
		if len(all) != 3 {
			t.Fatalf("%d events, want 3", len(all))
		}
		for _, e := range all {
			if e.Previous != event.Online || e.State != event.Offline {
				t.Errorf("%s from %s to %s", e.Channel.ID, e.Previous, e.State)
			}
		}
	})
}
