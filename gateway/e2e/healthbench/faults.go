//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/registry"
	"sharpeyes/streams/sim"
)

// What the matrix is measured with: the defaults, but for looks, which are to come round in minutes.
const (
	confirm, confirmGap, timeout = 3, 2 * time.Second, 5 * time.Second
	deepBudget                   = 256
	lookTime                     = 4 * timeout
	spread                       = 2 * time.Minute // over which cameras break
	cycle                        = 50 * time.Second
	flapChanges                  = 6
	slack                        = time.Second // of two clocks and a scheduler that share two processors
	diagonal                     = 0.99
	flapping                     = "flapping"
)

// kind is one way to break.
type kind struct {
	name   string
	reason string // that is to be reported
	break_ func(*trial) error
	bound  func(registry.Class) time.Duration // until it must be reported
}

// trial is one camera that breaks.
type trial struct {
	kind   *kind
	city   *city
	camera int
	at     time.Duration // since the beginning
	began  time.Time     // when it broke
	proxy  *proxy        // of those that are to refuse
}

// probed is how soon what probes see must be reported.
func probed(c registry.Class) time.Duration {
	return interval(c) + confirm*confirmGap + timeout + slack
}

// looked is how soon what only looks at the stream see must be reported: a tenth of the interval more,
// since turns stray.
func looked(every time.Duration) func(registry.Class) time.Duration {
	return func(registry.Class) time.Duration {
		return every + every/10 + confirm*(confirmGap+lookTime) + slack
	}
}

func fault(f sim.Fault) func(*trial) error {
	return func(t *trial) error { return t.city.farm.SetFault(t.camera, f) }
}

// kinds are those that probes see and those that only looks see.
func kinds(look time.Duration) (byProbes, byLooks []*kind) {
	looked := looked(look)
	byProbes = []*kind{
		{flapping, "flapping", func(t *trial) error {
			up := 0.45*cycle.Seconds() + 0.1*cycle.Seconds()*rand.Float64()
			return t.city.farm.SetFault(t.camera, sim.Fault{Kind: sim.Flap, Up: up, Down: cycle.Seconds() - up})
		}, func(c registry.Class) time.Duration { return (flapChanges+2)*cycle/2 + probed(c) }},
		{"dead", "no_answer", fault(sim.Fault{Kind: sim.Die}), probed},
		{"mute", "no_answer", fault(sim.Fault{Kind: sim.Mute}), probed},
		{"refusing", "connect_refused", func(t *trial) error { t.proxy.close(); return nil }, probed},
	}
	byLooks = []*kind{
		{"wrong password", "unauthorized", func(t *trial) error {
			return t.city.farm.SetTraits(t.camera, sim.Traits{Auth: "md5", Password: "changed"})
		}, looked},
		{"silent", "no_packets", fault(sim.Fault{Kind: sim.Silent}), looked},
		{"frozen", "frozen", fault(sim.Fault{Kind: sim.Freeze}), looked},
	}
	return byProbes, byLooks
}

// faults breaks cameras in every way at random moments. What probes see, they see in the whole city,
// where few are broken at a time; what looks see, among twice as many that are well as there are of each
// kind, since a city's streams can't be looked at within minutes.
func (b *bench) faults(ctx context.Context) error {
	if !b.wants("matrix") {
		return nil
	}
	probed, looked := kinds(b.look)
	if err := b.breaking(ctx, "probed", probed, b.channels, "{deep_interval: 0s}"); err != nil {
		return err
	}
	return b.breaking(ctx, "looked at", looked, (len(looked)+2)*b.each, fmt.Sprintf("{deep_interval: %v, deep_budget: %d}", b.look, deepBudget))
}

// breaking breaks cameras of a city of n and compares what is reported with what is so.
func (b *bench) breaking(ctx context.Context, name string, all []*kind, n int, health string) error {
	all = slices.DeleteFunc(all, func(k *kind) bool { return !b.kinds.MatchString(k.name) })
	if len(all) == 0 {
		return nil
	}
	if n < len(all)*b.each {
		return fmt.Errorf("-channels: %d are too few for %d kinds of %d", n, len(all), b.each)
	}
	c, err := b.newCity(ctx, n)
	if err != nil {
		return err
	}
	defer c.farm.Close()
	trials, err := b.trials(ctx, c, all)
	if err != nil {
		return err
	}
	defer func() {
		for _, t := range trials {
			if t.proxy != nil {
				t.proxy.close()
				t.proxy.wait()
			}
		}
	}()
	g, err := b.start(ctx, name, health)
	if err != nil {
		return err
	}
	defer g.stop()
	e, err := listen(g.nats)
	if err != nil {
		return err
	}
	defer e.close()
	if err := c.register(ctx, g); err != nil {
		return err
	}
	if err := g.settle(ctx, n); err != nil {
		return err
	}
	benchtable.Progress("%s: %d cameras break within %v, %d stay well", name, len(trials), spread, n-len(trials))
	began := time.Now()
	end := began
	for _, t := range trials {
		if err := pause(ctx, time.Until(began.Add(t.at))); err != nil {
			return err
		}
		t.began = time.Now()
		if err := t.kind.break_(t); err != nil {
			return err
		}
		if d := t.began.Add(t.kind.bound(c.channels[t.camera].Class)); d.After(end) {
			end = d
		}
	}
	benchtable.Progress("%s: all are broken; the last must be reported within %v", name, time.Until(end).Round(time.Second))
	if err := pause(ctx, time.Until(end)); err != nil {
		return err
	}
	reasons, err := g.reasons(ctx)
	if err != nil {
		return err
	}
	b.judge(name, c, all, trials, reasons, e.since(began))
	return nil
}

// trials deals the cameras out to the kinds. Those that flap are of class 1, or they would be probed too
// seldom for it to be seen.
func (b *bench) trials(ctx context.Context, c *city, all []*kind) ([]*trial, error) {
	order := rand.New(rand.NewPCG(7, 7)).Perm(len(c.channels))
	slices.SortStableFunc(order, func(x, y int) int {
		first := func(i int) int {
			if c.channels[i].Class == registry.PublicPlaces {
				return 0
			}
			return 1
		}
		return first(x) - first(y)
	})
	mixed := order
	if all[0].name == flapping {
		mixed = order[b.each:]
	}
	rand.New(rand.NewPCG(8, 8)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	var trials []*trial
	for k, kind := range all {
		for _, i := range order[k*b.each : (k+1)*b.each] {
			t := &trial{kind: kind, city: c, camera: i, at: rand.N(spread)}
			ch := &c.channels[i]
			switch kind.name {
			case "wrong password":
				if err := c.farm.SetTraits(i, sim.Traits{Auth: "md5"}); err != nil {
					return nil, err
				}
				ch.Username, ch.Password = sim.Username, sim.Password
			case "refusing":
				to, err := c.hostPort(i)
				if err != nil {
					return nil, err
				}
				n := len(trials)
				if t.proxy, err = newProxy(ctx, fmt.Sprintf("127.200.%d.%d", n/250, 1+n%250), to); err != nil {
					return nil, err
				}
				ch.URL = "rtsp://" + t.proxy.address() + "/main"
			}
			trials = append(trials, t)
		}
	}
	slices.SortFunc(trials, func(x, y *trial) int { return int(x.at - y.at) })
	return trials, nil
}

// judge compares what was reported with what was so.
func (b *bench) judge(name string, c *city, all []*kind, trials []*trial, reasons map[string]string, events []heard) {
	by := map[string][]heard{}
	sites := 0
	for _, h := range events {
		if h.kind == "sharpeyes.health.changed" {
			by[h.about] = append(by[h.about], h)
		} else {
			sites++
		}
	}
	broken := map[string]bool{}
	right := 0
	type tally struct {
		late, never, early int
		took               []time.Duration
	}
	tallies := map[*kind]*tally{}
	for _, k := range all {
		tallies[k] = &tally{}
	}
	for _, t := range trials {
		ch := &c.channels[t.camera]
		broken[ch.ID] = true
		b.matrix.add(t.kind.name+" ("+t.kind.reason+")", reasons[ch.ID])
		if reasons[ch.ID] == t.kind.reason {
			right++
		} else {
			benchtable.Progress("matrix: camera %d, %+v, class %d: %s for %v, reported as %s; heard: %s", t.camera, sim.SceneOf(t.camera),
				ch.Class, t.kind.name, time.Since(t.began).Round(time.Second), reasons[ch.ID], story(by[ch.ID], t.began))
		}
		s := tallies[t.kind]
		told := false
		for _, h := range by[ch.ID] {
			if h.at.Before(t.began) {
				s.early++
			} else if h.reason == t.kind.reason && !told {
				told = true
				d := h.at.Sub(t.began)
				s.took = append(s.took, d)
				if d > t.kind.bound(ch.Class) {
					s.late++
					benchtable.Progress("matrix: camera %d, class %d, %s: %s in %s was reported late", t.camera, ch.Class, t.kind.name,
						story(by[ch.ID], t.began), ch.Site)
				}
			}
		}
		if !told {
			s.never++
		}
	}
	lies := 0
	for i := range c.channels {
		if id := c.channels[i].ID; !broken[id] {
			b.matrix.add("well, "+name, reasons[id])
			lies += len(by[id])
		}
	}
	share := float64(right) / float64(len(trials))
	b.table.Add(benchtable.Row{
		What: name + ": faults reported for what they are", Measured: fmt.Sprintf("%.2f%%", 100*share), Bar: fmt.Sprintf("≥ %.0f%%", 100*diagonal),
		Other: fmt.Sprintf("of %d; %d events of sites", len(trials), sites), Missed: share < diagonal,
	})
	b.bar(name+": events about cameras that were well", float64(lies), 0, "%.0f", "")
	for _, k := range all {
		s := tallies[k]
		slices.Sort(s.took)
		note := "never"
		if n := len(s.took); n > 0 {
			note = fmt.Sprintf("after %.1f s p50, %.1f s p99, %.1f s at most", s.took[n/2].Seconds(), s.took[n*99/100].Seconds(), s.took[n-1].Seconds())
		}
		b.bar(fmt.Sprintf("%s: not reported within %v, %v, %v", k.name, k.bound(1), k.bound(2), k.bound(3)), float64(s.late+s.never), 0, "%.0f",
			fmt.Sprintf("%s; %d never", note, s.never))
		if s.early > 0 {
			b.bar(k.name+": events before it broke", float64(s.early), 0, "%.0f", "")
		}
	}
}

// story is events of one camera in words.
func story(events []heard, since time.Time) string {
	var b strings.Builder
	for _, h := range events {
		fmt.Fprintf(&b, "%s %s after %.1f s; ", h.state, h.reason, h.at.Sub(since).Seconds())
	}
	return b.String()
}
