package health

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// A gateway probes its own channels alone, lets go of those that become another's without a word, and goes
// on with those that become its own from what the other has found.
func TestRebalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, slices.Concat(at("xiamen/siming/a", 20), at("xiamen/huli/c", 20))...)
		d := new(dark)
		c.act(d.camera(refused, 0))
		var mine atomic.Pointer[string]
		own := func(site string) { mine.Store(&site) }
		own("xiamen/siming")
		c.m.o.Owns = func(ch registry.Channel) bool { return strings.HasPrefix(ch.Site, *mine.Load()) }
		c.m.o.Whole = func(site string) bool { return strings.HasPrefix(site, *mine.Load()) }
		c.run()
		c.pass(2 * time.Minute)
		if n := c.probed(); n != 20 || c.m.Probed() != 20 {
			t.Fatalf("%d channels were probed of 20, %d are", n, c.m.Probed())
		}
		for _, id := range []string{"xiamen_huli_c-00000"} {
			if s := c.m.o.Statuses.Get(id); s.State != "" && s.State != event.Unknown {
				t.Errorf("of a channel that isn't its own it says %+v", s)
			}
		}

		// All that it owns is out: that is a site within the city, of which it sees a part only.
		d.set(under("xiamen/siming"))
		c.pass(time.Minute)
		if out := c.one(event.SiteOutage).(event.Site); out.Site != "xiamen/siming" || out.Total != 20 {
			t.Errorf("%+v", out)
		}

		// Another takes over these, and this one those that the other has found offline, and in an outage.
		for _, ch := range at("xiamen/huli/c", 20) {
			c.m.o.Statuses.Set(ch.ID, registry.Status{
				State: event.Offline, Reason: event.ConnectRefused, Since: time.Now(), Told: event.Online, Outage: "xiamen/huli",
			})
		}
		c.told()
		c.mu.Lock()
		clear(c.probes)
		clear(c.stored)
		c.mu.Unlock()
		own("xiamen/huli")
		c.m.Rebalance()
		c.pass(10 * time.Second)
		if n := c.probed(); n != 20 || c.m.Probed() != 20 {
			t.Errorf("%d channels were probed of the 20 taken over, %d are", n, c.m.Probed())
		}
		c.mu.Lock()
		for id := range c.probes {
			if !strings.HasPrefix(id, "xiamen_huli") {
				t.Errorf("%s was probed, and is another's", id)
			}
		}
		for id := range c.stored {
			if !strings.HasPrefix(id, "xiamen_huli") {
				t.Errorf("a status of %s was stored, which is another's", id)
			}
		}
		c.mu.Unlock()
		c.pass(2 * time.Minute)
		if back := c.one(event.SiteRestored).(event.Site); back.Site != "xiamen/huli" || back.Total != 20 {
			t.Errorf("%+v", back)
		}
		c.quiet()
	})
}
