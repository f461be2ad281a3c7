package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// at is n channels of a site, their classes in turn, each with its own host.
func at(site string, n int) []registry.Channel {
	all := make([]registry.Channel, n)
	for i := range all {
		all[i] = gate(registry.Class(i%3 + 1))
		all[i].ID = fmt.Sprintf("%s-%05d", strings.ReplaceAll(site, "/", "_"), i)
		all[i].Site = site
		all[i].URL = fmt.Sprintf("rtsp://%s.%d.city/main", strings.ReplaceAll(site, "/", "."), i)
	}
	return all
}

// dark is which channels don't answer, and how: a test sets it.
type dark struct {
	of atomic.Pointer[func(registry.Channel) bool]
}

func (d *dark) set(of func(registry.Channel) bool) { d.of.Store(&of) }

func (d *dark) camera(r probe.Result, after time.Duration) func(context.Context, registry.Channel) probe.Result {
	d.set(func(registry.Channel) bool { return false })
	return func(ctx context.Context, ch registry.Channel) probe.Result {
		if (*d.of.Load())(ch) {
			select {
			case <-time.After(after):
				return r
			case <-ctx.Done():
				return nothing
			}
		}
		time.Sleep(3 * time.Millisecond)
		return fine
	}
}

func under(sites ...string) func(registry.Channel) bool {
	return func(ch registry.Channel) bool {
		return slices.ContainsFunc(sites, func(s string) bool { return strings.HasPrefix(ch.Site+"/", s+"/") })
	}
}

func nobody(registry.Channel) bool { return false }

// lit is a running city of two districts in which all is well.
func lit(t *testing.T, r probe.Result, after time.Duration) (*city, *dark) {
	c := newCity(t, slices.Concat(at("xiamen/siming/a", 20), at("xiamen/siming/b", 20), at("xiamen/huli/c", 60), at("xiamen/huli/d", 60))...)
	d := new(dark)
	c.act(d.camera(r, after))
	c.run()
	c.pass(time.Minute)
	c.told()
	c.placed()
	return c, d
}

func (c *city) all(state event.State, of func(registry.Channel) bool) {
	c.t.Helper()
	for ch := range c.channels.Load().All() {
		if s := c.statuses.Get(ch.ID); of(ch) && s.State != state {
			c.t.Errorf("%s is kept as %s, want %s", ch.ID, s.State, state)
		}
	}
}

func TestSiteOutage(t *testing.T) {
	for name, r := range map[string]probe.Result{"refused": refused, "silent": mute} {
		after := time.Duration(0)
		if r == mute {
			after = 5 * time.Second
		}
		for where, of := range map[string][]string{
			"xiamen/siming/a": {"xiamen/siming/a"}, "xiamen/siming": {"xiamen/siming/a", "xiamen/siming/b"},
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, d := lit(t, r, after)
					began := time.Now()
					d.set(under(of...))
					c.pass(45 * time.Second)
					s := c.one(event.SiteOutage).(event.Site)
					if s.Site != where || s.Total != 20*len(of) || s.Offline < s.Total*4/5 || len(s.Channels) != s.Offline || s.Device != "" {
						t.Errorf("%+v", s)
					}
					if s.Since.Before(began) || s.Since.Sub(began) > 16*time.Second {
						t.Errorf("it is out since %v", s.Since.Sub(began))
					}
					c.pass(time.Minute)
					c.quiet()
					c.all(event.Offline, under(of...))
					d.set(nobody)
					c.pass(3 * time.Minute)
					if s := c.one(event.SiteRestored).(event.Site); s.Site != where || s.Offline > 8*len(of) {
						t.Errorf("%+v", s)
					}
					c.quiet()
					c.all(event.Online, under("xiamen"))
				})
			})
		}
	}
}

// One street goes, later the other one: then the district is out, and back when it is back.
func TestOutageGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := lit(t, refused, 0)
		d.set(under("xiamen/siming/a"))
		c.pass(time.Minute)
		if s := c.one(event.SiteOutage).(event.Site); s.Site != "xiamen/siming/a" {
			t.Errorf("%+v", s)
		}
		d.set(under("xiamen/siming"))
		c.pass(time.Minute)
		// Of the district's channels that were not offline before, all are now.
		if s := c.one(event.SiteOutage).(event.Site); s.Site != "xiamen/siming" || s.Offline < 36 {
			t.Errorf("%+v", s)
		}
		d.set(nobody)
		c.pass(3 * time.Minute)
		if s := c.one(event.SiteRestored).(event.Site); s.Site != "xiamen/siming" {
			t.Errorf("%+v", s)
		}
		c.quiet()
	})
}

func TestTooFewForAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := lit(t, refused, 0)
		n := func(ch registry.Channel) bool { return ch.Site == "xiamen/siming/a" && ch.ID < "xiamen_siming_a-00015" }
		d.set(n)
		c.pass(90 * time.Second)
		if told := c.told(); len(told) != 15 {
			t.Errorf("%d events, want 15", len(told))
		}
		c.quiet()
		d.set(nobody)
		c.pass(90 * time.Second)
		if told := c.told(); len(told) != 15 {
			t.Errorf("%d events, want 15", len(told))
		}
		c.quiet()
	})
}

// A camera that is alone is told of at once, not when the window is over.
func TestLoneFailureDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := lit(t, refused, 0)
		c.seen("xiamen_siming_a-00000")
		d.set(func(ch registry.Channel) bool { return ch.ID == "xiamen_siming_a-00000" })
		for len(c.seen("xiamen_siming_a-00000")) == 0 {
			c.pass(tick)
		}
		c.pass(4*time.Second + 4*tick)
		c.turned(event.Online, event.Offline, event.ConnectRefused)
		if len(c.m.waiting) > 0 {
			t.Error("something waits")
		}
	})
}

func TestWhatDoesNotComeBackIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := lit(t, refused, 0)
		d.set(under("xiamen/siming"))
		c.pass(time.Minute)
		c.one(event.SiteOutage)
		d.set(func(ch registry.Channel) bool { return ch.Site == "xiamen/siming/a" && ch.ID < "xiamen_siming_a-00003" })
		c.pass(3 * time.Minute)
		c.one(event.SiteRestored)
		told := c.told()
		if len(told) != 3 {
			t.Fatalf("%d events, want 3: %+v", len(told), told)
		}
		for _, e := range told {
			if e.Previous != event.Online || e.State != event.Offline || e.Channel.ID >= "xiamen_siming_a-00003" {
				t.Errorf("%+v", e)
			}
		}
		d.set(nobody)
		c.pass(2 * time.Minute)
		if n := len(c.told()); n != 3 {
			t.Errorf("%d events, want 3", n)
		}
		c.quiet()
	})
}

// The district returns, one of its streets doesn't.
func TestStreetOfARestoredDistrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channels := slices.Concat(at("xiamen/siming/a", 20), at("xiamen/siming/b", 30), at("xiamen/siming/e", 30), at("xiamen/huli/c", 90))
		c := newCity(t, channels...)
		d := new(dark)
		c.act(d.camera(refused, 0))
		c.run()
		c.pass(time.Minute)
		c.told()
		d.set(under("xiamen/siming"))
		c.pass(time.Minute)
		c.one(event.SiteOutage)
		d.set(under("xiamen/siming/a"))
		c.pass(4 * time.Minute)
		all := c.placed()
		if len(all) != 2 || all[0].Type != event.SiteRestored || all[1].Type != event.SiteOutage || all[1].Data.(event.Site).Site != "xiamen/siming/a" {
			t.Fatalf("%+v", all)
		}
		c.quiet()
		d.set(nobody)
		c.pass(3 * time.Minute)
		if s := c.one(event.SiteRestored).(event.Site); s.Site != "xiamen/siming/a" {
			t.Errorf("%+v", s)
		}
		c.quiet()
	})
}

func TestRecorderOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channels := slices.Concat(at("xiamen/siming/a", 20), at("xiamen/siming/b", 20))
		for i := range channels {
			if i%20 < 3 {
				channels[i].Device = "nvr-7"
			}
		}
		c := newCity(t, channels...)
		d := new(dark)
		c.act(d.camera(refused, 0))
		stop := c.run()
		c.pass(time.Minute)
		c.told()
		nvr := func(ch registry.Channel) bool { return ch.Device == "nvr-7" }
		d.set(nvr)
		c.pass(time.Minute)
		s := c.one(event.SiteOutage).(event.Site)
		if s.Device != "nvr-7" || s.Site != "xiamen/siming" || s.Offline != 6 || s.Total != 6 || len(s.Channels) != 6 {
			t.Errorf("%+v", s)
		}
		c.quiet()
		stop()
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(2 * time.Minute)
		c.quiet()
		d.set(nobody)
		c.pass(3 * time.Minute)
		if s := c.one(event.SiteRestored).(event.Site); s.Device != "nvr-7" || s.Offline > 2 {
			t.Errorf("%+v", s)
		}
		c.quiet()
		c.all(event.Online, nvr)
	})
}

func TestOutageSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, slices.Concat(at("xiamen/siming/a", 20), at("xiamen/siming/b", 20), at("xiamen/huli/c", 160))...)
		d := new(dark)
		c.act(d.camera(refused, 0))
		stop := c.run()
		c.pass(time.Minute)
		c.told()
		d.set(under("xiamen/siming"))
		c.pass(time.Minute)
		c.one(event.SiteOutage)
		c.quiet()
		stop()
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(2 * time.Minute)
		c.quiet()
		if n := len(c.m.outages); n != 1 {
			t.Errorf("%d outages are open, want 1", n)
		}
		d.set(func(ch registry.Channel) bool { return ch.ID == "xiamen_siming_a-00001" })
		c.pass(3 * time.Minute)
		if s := c.one(event.SiteRestored).(event.Site); s.Site != "xiamen/siming" {
			t.Errorf("%+v", s)
		}
		c.turned(event.Online, event.Offline, event.ConnectRefused)
	})
}

func TestMaintenanceIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := lit(t, refused, 0)
		window := registry.Maintenance{ID: "w", Site: "xiamen/siming/a", From: time.Now(), Until: time.Now().Add(10 * time.Minute), Why: "switches"}
		c.change(registry.Transaction{Maintenance: []registry.Maintenance{window}})
		d.set(under("xiamen/siming/a"))
		c.pass(5 * time.Minute)
		c.quiet()
		d.set(under("xiamen/siming")) // of the rest of the district, all
		c.pass(time.Minute)
		if s := c.one(event.SiteOutage).(event.Site); s.Offline > 20 {
			t.Errorf("%+v", s)
		}
		c.quiet()
	})
}

// What maintenance left is told after a restart too.
func TestMaintenanceOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, gate(1))
		stop := c.run()
		c.pass(10 * time.Second)
		c.told()
		window := registry.Maintenance{ID: "w", Site: "xiamen", From: time.Now(), Until: time.Now().Add(10 * time.Minute), Why: "switches"}
		c.change(registry.Transaction{Maintenance: []registry.Maintenance{window}})
		c.answer(refused)
		c.pass(time.Minute)
		c.quiet()
		stop()
		c.m = c.monitor(c.m.o.Config)
		c.run()
		c.pass(8 * time.Minute)
		c.quiet()
		c.pass(2 * time.Minute)
		if e := c.told(); len(e) != 1 || e[0].Previous != event.Online || e[0].State != event.Offline {
			t.Errorf("%+v", e)
		}
	})
}

// A large district goes dark, so large that the probes don't suffice to see all of it at once: few events,
// soon, and as few when it returns; nobody else is probed late.
func TestLargeDistrict(t *testing.T) {
	for name, r := range map[string]probe.Result{"refused": refused, "silent": mute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { largeDistrict(t, 1000, r) })
		})
	}
}

func largeDistrict(t *testing.T, n int, r probe.Result) {
	var channels []registry.Channel
	for i := range 10 {
		channels = append(channels, at(fmt.Sprintf("xiamen/siming/s%d", i), n/10)...)
		channels = append(channels, at(fmt.Sprintf("xiamen/huli/s%d", i), n/5)...)
	}
	c := newCity(t, channels...)
	h := c.m.o.Config
	h.Concurrency = max(n*512/10000, 64)
	c.m = c.monitor(h)
	d := new(dark)
	after := time.Duration(0)
	if r == mute {
		after = h.Timeout
	}
	c.act(d.camera(r, after))
	c.run()
	c.pass(time.Minute)
	c.told()
	d.set(under("xiamen/siming"))
	c.mu.Lock()
	clear(c.probes)
	c.mu.Unlock()
	c.pass(15 * time.Second)
	told, places := len(c.told()), c.placed()
	if told+len(places) > 10 || len(places) == 0 {
		t.Errorf("%d events of channels and %d of places within 15 s: %+v", told, len(places), places)
	}
	c.pass(5 * time.Minute)
	places = c.placed()
	if more := len(c.told()) + len(places); more > 0 {
		t.Errorf("%+v", places)
		t.Errorf("%d events later", more)
	}
	c.all(event.Offline, under("xiamen/siming"))
	c.mu.Lock()
	for _, ch := range channels {
		at := c.probes[ch.ID]
		for i := 1; i < len(at) && ch.Class == 1 && under("xiamen/huli")(ch); i++ {
			if gap := at[i].Sub(at[i-1]); gap > 12*time.Second {
				t.Fatalf("%s was probed %v after the probe before", ch.ID, gap)
			}
		}
	}
	c.mu.Unlock()
	d.set(nobody)
	c.pass(4 * time.Minute)
	if told, places := len(c.told()), c.placed(); told+len(places) > 10 || len(places) == 0 {
		t.Errorf("%d events of channels and %d of places when it returned: %+v", told, len(places), places)
	}
	c.all(event.Online, under("xiamen"))
}

// One probe of twenty is lost, for ten minutes.
func TestRandomLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, slices.Concat(at("xiamen/siming/a", 300), at("xiamen/siming/b", 6), at("xiamen/huli/c", 500))...)
		r := rand.New(rand.NewPCG(1, 2))
		c.act(func(context.Context, registry.Channel) probe.Result {
			c.mu.Lock()
			lost := r.IntN(20) == 0
			c.mu.Unlock()
			if lost {
				time.Sleep(5 * time.Second)
				return mute
			}
			return fine
		})
		for ch := range c.channels.Load().All() {
			c.statuses.Set(ch.ID, registry.Status{State: event.Online})
		}
		c.run()
		c.pass(10 * time.Minute)
		c.quiet()
	})
}
