package health

import (
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// What happens in maintenance is kept and not told; what is left of it is told afterwards.
func TestMaintenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		c.run()
		c.pass(10 * time.Second)
		c.turned(event.Unknown, event.Online, "")
		until := time.Now().Add(10 * time.Minute)
		window := registry.Maintenance{ID: "w", Site: "xiamen", From: time.Now(), Until: until, Why: "new switches"}
		c.change(registry.Transaction{Maintenance: []registry.Maintenance{window}})

		c.answer(refused)
		c.pass(time.Minute)
		c.quiet()
		if s := c.m.o.Statuses.Get("gate"); s.State != event.Offline {
			t.Errorf("it is kept as %s", s.State)
		}
		c.answer(fine) // back within the window: nothing to tell, ever
		c.pass(12 * time.Minute)
		c.quiet()

		window.ID, window.From, window.Until = "v", time.Now(), time.Now().Add(10*time.Minute)
		c.change(registry.Transaction{Maintenance: []registry.Maintenance{window}})
		c.answer(refused)
		c.pass(9 * time.Minute)
		c.quiet()
		c.pass(2 * time.Minute)
		c.turned(event.Online, event.Offline, event.ConnectRefused)
	})
}
