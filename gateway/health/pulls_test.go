package health

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

func TestPulledIsNotProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(20 * time.Second)
		c.told()
		c.m.Pulled("gate", true) // main
		c.m.Pulled("gate", true) // and sub
		c.m.Evidence("gate", fine)
		c.seen("gate")
		c.pass(10 * time.Minute)
		c.m.Pulled("gate", false)
		c.pass(10 * time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("it was probed %d times while it was pulled", n)
		}
		c.m.Pulled("gate", false)
		c.pass(11 * time.Second)
		if n := len(c.seen("gate")); n != 1 {
			t.Errorf("it was probed %d times within an interval, want once", n)
		}
		c.quiet()
	})
}

func TestPacketsAreProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.answer(refused)
		c.run()
		c.pass(16 * time.Second)
		c.turned(event.Unknown, event.Offline, event.ConnectRefused)
		c.m.Pulled("gate", true)
		c.m.Evidence("gate", fine)
		c.turned(event.Offline, event.Online, "")
	})
}

// A pull that can't connect is one observation; probes confirm it.
func TestFailedPullIsConfirmedByProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(3))
		c.run()
		c.pass(61 * time.Second)
		c.told()
		c.m.Pulled("gate", true)
		c.seen("gate")
		c.answer(refused)
		c.m.Evidence("gate", refused)
		c.quiet()
		began := time.Now().UTC()
		c.pass(4*time.Second + 2*tick)
		if e := c.turned(event.Online, event.Offline, event.ConnectRefused); !e.Since.Equal(began) {
			t.Errorf("it is offline since %v, want %v", e.Since, began)
		}
		c.answer(fine)
		c.pass(70 * time.Second) // still pulled, but in vain: probes go on
		c.turned(event.Offline, event.Online, "")
	})
}

// OPTIONS can't see that the password is wrong, so its good answer doesn't say that it is right.
func TestProbesDoNotRefuteWhatOnlyPullsSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		stop := c.run()
		c.pass(20 * time.Second)
		c.told()
		c.m.Evidence("gate", locked)
		c.turned(event.Online, event.Offline, event.Unauthorized)
		c.m.Evidence("gate", locked)
		c.pass(10 * time.Minute)
		c.quiet()

		stop() // a restart doesn't make it forget
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(10 * time.Minute)
		c.quiet()

		c.answer(refused) // that it is gone altogether, probes do see
		c.pass(16 * time.Second)
		c.turned(event.Offline, event.Offline, event.ConnectRefused)
		c.answer(fine)
		c.pass(16 * time.Second)
		c.turned(event.Offline, event.Online, "")

		c.m.Evidence("gate", locked)
		c.told()
		mended := gate(1)
		mended.Password = "two"
		c.change(registry.Transaction{Put: []registry.Channel{mended}})
		c.pass(4 * tick)
		c.turned(event.Offline, event.Online, "")

		c.m.Evidence("gate", locked)
		c.told()
		c.pass(holdRefused + 16*time.Second)
		c.turned(event.Offline, event.Online, "")
	})
}

// Some cameras serve one connection: a probe that was under way when the pull began proves nothing.
func TestPullBeginsDuringAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(20 * time.Second)
		c.told()
		c.seen("gate")
		release := make(chan struct{})
		c.act(func(context.Context, registry.Channel) probe.Result { <-release; return refused })
		c.await(1)
		c.m.Pulled("gate", true)
		close(release)
		c.pass(time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("it was probed %d times while it was pulled", n)
		}
		c.quiet()
		c.m.Pulled("gate", false)
		c.pass(11 * time.Second)
		if n := len(c.seen("gate")); n == 0 {
			t.Error("it wasn't probed after the pull")
		}
	})
}

func TestEvidenceOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.m.Evidence("gate", fine) // not yet running
		c.m.Pulled("gate", true)
		c.run()
		synctest.Wait()
		c.m.Evidence("no-such", fine)
		c.m.Evidence("gate", nothing)
		c.quiet()
		c.m.Evidence("gate", fine)
		c.turned(event.Unknown, event.Online, "")
		c.pass(time.Minute)
		if n := len(c.seen("gate")); n != 0 {
			t.Errorf("it was probed %d times while it was pulled", n)
		}
	})
}
