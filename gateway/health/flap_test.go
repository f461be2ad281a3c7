package health

import (
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry/event"
)

func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		stop := c.run()
		c.pass(20 * time.Second)
		c.told()
		turn := func(n int) {
			for i := range n {
				c.answer(refused)
				if i%2 == 1 {
					c.answer(fine)
				}
				c.pass(30 * time.Second)
			}
		}
		turn(6)
		if n := len(c.told()); n != 6 {
			t.Fatalf("%d events, want 6", n)
		}
		turn(40)
		c.turned(event.Online, event.Degraded, event.Flapping)
		stop() // a restart doesn't tell it again
		c.m = c.monitor(c.m.o.Config)
		c.run()
		turn(10)
		c.quiet()
		c.pass(5 * time.Minute)
		c.quiet()
		c.pass(25 * time.Minute)
		c.turned(event.Degraded, event.Online, "")
		c.answer(refused)
		c.pass(time.Minute)
		c.turned(event.Online, event.Offline, event.ConnectRefused)
	})
}

// A camera that ends its flapping offline is offline then.
func TestFlappingEndsOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(20 * time.Second)
		for i := range 9 {
			c.answer(refused)
			if i%2 == 1 {
				c.answer(fine)
			}
			c.pass(30 * time.Second)
		}
		c.told()
		c.pass(25 * time.Minute)
		c.turned(event.Degraded, event.Offline, event.ConnectRefused)
	})
}
