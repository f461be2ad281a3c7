package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// world is cameras that fail at random, alone, by recorders and by sites.
type world struct {
	mu    sync.Mutex
	r     *rand.Rand
	alone map[string]probe.Result
	sites map[string]probe.Result
	nvrs  map[string]probe.Result
	loss  float64
}

func (w *world) camera(ctx context.Context, ch registry.Channel) probe.Result {
	w.mu.Lock()
	r := fine
	if w.r.Float64() < w.loss {
		r = mute
	}
	for _, of := range []struct {
		faults map[string]probe.Result
		key    string
	}{{w.alone, ch.ID}, {w.sites, ch.Site}, {w.nvrs, ch.Device}} {
		if fault, ok := of.faults[of.key]; ok {
			r = fault
		}
	}
	w.mu.Unlock()
	if r == mute {
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
		}
	}
	return r
}

func (w *world) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loss = 0
	for _, faults := range []map[string]probe.Result{w.alone, w.sites, w.nvrs} {
		clear(faults)
	}
}

// happen changes one thing at random.
func (w *world) happen(channels []registry.Channel, r *rand.Rand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := channels[r.IntN(len(channels))]
	fault := []probe.Result{refused, mute, full, locked}[r.IntN(4)]
	toggle := func(faults map[string]probe.Result, key string) {
		if _, ok := faults[key]; ok {
			delete(faults, key)
		} else if key != "" {
			faults[key] = fault
		}
	}
	switch n := r.IntN(12); {
	case n < 7:
		toggle(w.alone, ch.ID)
	case n < 9:
		toggle(w.sites, ch.Site)
	case n < 11:
		toggle(w.nvrs, ch.Device)
	default:
		w.loss = []float64{0, 0.02, 0.2}[r.IntN(3)]
	}
}

// Whatever happens: events follow one another without gap or repetition, they tell what is kept, what is
// recorded has no gap, and when all is well again, everybody knows it.
func TestInvariants(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { invariants(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func invariants(t *testing.T, r *rand.Rand) {
	var channels []registry.Channel
	for _, s := range []string{"x/a/1", "x/a/2", "x/b/1", "x/b/2", "x/c"} {
		channels = append(channels, at(s, 4+r.IntN(10))...)
	}
	for i := range channels {
		if i%4 == 0 {
			channels[i].Device = fmt.Sprintf("nvr-%d", i/16)
		}
	}
	w := &world{r: rand.New(rand.NewPCG(r.Uint64(), 1)), alone: map[string]probe.Result{}, sites: map[string]probe.Result{}, nvrs: map[string]probe.Result{}}
	c := newCity(t, channels...)
	c.act(w.camera)
	stop := c.run()
	windows := 0
	for range 150 {
		c.pass(time.Duration(1+r.IntN(90)) * time.Second)
		switch r.IntN(20) {
		case 0:
			stop()
			c.m = c.monitor(c.m.o.Config)
			stop = c.run()
		case 1:
			windows++
			c.change(registry.Transaction{Maintenance: []registry.Maintenance{{
				ID: fmt.Sprint(windows), Site: channels[r.IntN(len(channels))].Site,
				From: time.Now(), Until: time.Now().Add(time.Duration(1+r.IntN(600)) * time.Second), Why: "work",
			}}})
		case 2:
			ch := &channels[r.IntN(len(channels))]
			ch.Enabled = !ch.Enabled
			c.change(registry.Transaction{Put: []registry.Channel{*ch}})
		case 3:
			ch := &channels[r.IntN(len(channels))]
			ch.Site, ch.Device = channels[r.IntN(len(channels))].Site, channels[r.IntN(len(channels))].Device
			c.change(registry.Transaction{Put: []registry.Channel{*ch}})
		default:
			w.happen(channels, r)
		}
		c.m.coherent(t)
	}
	w.calm()
	for i := range channels {
		channels[i].Enabled = true
	}
	c.change(registry.Transaction{Put: channels})
	c.pass(40 * time.Minute) // flapping ends in 20
	c.m.coherent(t)

	kept := map[string][]Change{}
	for _, k := range c.kept {
		before := event.Unknown
		if n := len(kept[k.ID]); n > 0 {
			before = kept[k.ID][n-1].To
		}
		if k.From != before {
			t.Errorf("%s is recorded to change from %s to %s, was %s", k.ID, k.From, k.To, before)
		}
		kept[k.ID] = append(kept[k.ID], k)
	}
	told, last := map[string]event.State{}, map[string]event.Health{}
	for _, e := range c.told() {
		id := e.Channel.ID
		before, ok := told[id]
		if !ok {
			before = event.Unknown
		}
		again := e.State == last[id].State && e.Reason == last[id].Reason &&
			!slices.ContainsFunc(kept[id], func(k Change) bool { return k.To == e.State && k.Reason != e.Reason }) // which wasn't told, in an outage
		if e.Previous != before || again {
			t.Errorf("%s is told to change from %s to %s %q, was %s %q", id, e.Previous, e.State, e.Reason, before, last[id].Reason)
		}
		if !slices.ContainsFunc(kept[id], func(k Change) bool { return k.To == e.State && k.Reason == e.Reason }) {
			t.Errorf("%s is told to be %s %q, and never was", id, e.State, e.Reason)
		}
		told[id], last[id] = e.State, e
	}
	for _, ch := range channels {
		if s := c.statuses.Get(ch.ID); s.State != event.Online || s.Told != "" || s.Outage != "" || told[ch.ID] != event.Online || c.stored[ch.ID] != s {
			t.Errorf("at the end %s is %+v, was told to be %s, is stored as %+v", ch.ID, s, told[ch.ID], c.stored[ch.ID])
		}
	}
	open := map[string]bool{}
	maybe := map[string]bool{} // recorders that are perhaps part of a site's outage
	for _, e := range c.placed() {
		s, ok := e.Data.(event.Site)
		if !ok {
			continue
		}
		key := s.Site
		if s.Device != "" {
			key = "device " + s.Device
		}
		if e.Type == event.SiteRestored != open[key] && !maybe[key] {
			t.Errorf("%s of %s, which is out: %v", e.Type, key, open[key])
		}
		open[key], maybe[key] = e.Type == event.SiteOutage, false
		if open[key] && s.Device == "" {
			for other := range open { // those within are part of it now
				if strings.HasPrefix(other, "device ") {
					maybe[other] = true
				} else if len(other) > len(s.Site) && other[:len(s.Site)+1] == s.Site+"/" {
					delete(open, other)
				}
			}
		}
	}
	if n := len(c.m.waiting) + len(c.m.outages) + len(c.m.flapping) + len(c.m.failing); n > 0 {
		t.Errorf("%d waiting, %d outages, %d flapping, %d failing at the end", len(c.m.waiting), len(c.m.outages), len(c.m.flapping), len(c.m.failing))
	}
}

// coherent checks what is counted against what there is.
func (m *Monitor) coherent(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	total, offline, out := map[*area]int{}, map[*area]int{}, map[*outage]int{}
	for id, e := range m.entries {
		if e.down != (m.o.Statuses.Get(id).State == event.Offline) {
			t.Errorf("%s is down: %v, and kept as %s", id, e.down, m.o.Statuses.Get(id).State)
		}
		for a := range e.areas() {
			total[a]++
			if e.down {
				offline[a]++
			}
		}
		if e.out != nil {
			out[e.out]++
			if _, open := m.outages[e.out]; !open {
				t.Errorf("%s is part of the outage of %s, which is over", id, e.out.at.name)
			}
		}
		if s := m.o.Statuses.Get(id); e.out != nil && s.Outage == "" {
			t.Errorf("%s is part of the outage of %s, and its status %+v doesn't say so", id, e.out.at.name, s)
		}
	}
	for _, a := range m.sites {
		if a.total != total[a] || a.offline != offline[a] {
			t.Errorf("%s: %d of %d offline, counted %d of %d", a.name, offline[a], total[a], a.offline, a.total)
		}
	}
	for _, a := range m.recorders {
		if a.total != total[a] || a.offline != offline[a] {
			t.Errorf("%s: %d of %d offline, counted %d of %d", a.name, offline[a], total[a], a.offline, a.total)
		}
	}
	for o := range m.outages {
		if o.out != out[o] {
			t.Errorf("%s has %d channels out, counted %d", o.at.name, out[o], o.out)
		}
	}
}
