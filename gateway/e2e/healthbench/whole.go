//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/registry"
	"sharpeyes/streams/sim"
)

// intervals are the default ones.
func interval(c registry.Class) time.Duration {
	return map[registry.Class]time.Duration{1: 10 * time.Second, 2: 30 * time.Second, 3: 60 * time.Second}[c]
}

const (
	mostCores = 0.45
	mostConns = 512
	tooLate   = 0.1 // of the interval
)

// wholeCity measures on the whole city with the default configuration.
func (b *bench) wholeCity(ctx context.Context) error {
	if !b.wants("steady") && !b.wants("district") && !b.wants("noise") {
		return nil
	}
	c, err := b.newCity(ctx, b.channels)
	if err != nil {
		return err
	}
	defer c.farm.Close()
	g, err := b.start(ctx, "city", "{}")
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
	benchtable.Progress("city: %d channels registered; waiting until all are online", b.channels)
	if err := g.settle(ctx, b.channels); err != nil {
		return err
	}
	if err := pause(ctx, time.Minute); err != nil { // all have been probed on their turn
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context, *city, *gateway, *ear) error
	}{{"steady", b.onTime}, {"district", b.district}, {"noise", b.lostProbes}} {
		if !b.wants(part.name) {
			continue
		}
		if err := part.run(ctx, c, g, e); err != nil {
			return err
		}
	}
	return nil
}

// onTime watches the gateway probe a city that is well.
func (b *bench) onTime(ctx context.Context, c *city, g *gateway, e *ear) error {
	benchtable.Progress("steady: measuring for %v", b.steady)
	before, err := g.metrics(ctx)
	if err != nil {
		return err
	}
	began, cpu := time.Now(), g.cpu()
	probes := make([]int, len(c.channels))
	for i := range probes {
		probes[i] = c.farm.Camera(i).Probes
	}
	conns := 0
	var memory, stacks []float64
	for next := time.Now(); time.Since(began) < b.steady; {
		conns = max(conns, c.farm.Stats().Open)
		if time.Now().After(next) {
			next = next.Add(5 * time.Second)
			memory = append(memory, g.resident())
			m, err := g.metrics(ctx)
			if err != nil {
				return err
			}
			stacks = append(stacks, m["go_goroutines"])
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	passed, used := time.Since(began), g.cpu()-cpu
	after, err := g.metrics(ctx)
	if err != nil {
		return err
	}
	asked, due, odd := 0, 0.0, 0
	for i := range probes {
		n := c.farm.Camera(i).Probes - probes[i]
		turns := passed.Seconds() / interval(c.channels[i].Class).Seconds()
		asked, due = asked+n, due+turns
		// A turn at either end of the time may fall to one side of it or the other.
		if float64(n) < turns*(1-tooLate)-1 || float64(n) > turns*(1+tooLate)+1 {
			odd++
		}
	}
	rate := float64(asked) / passed.Seconds()
	b.table.Add(benchtable.Row{
		What: fmt.Sprintf("probes a second of %d channels at 10, 30 and 60 s", b.channels), Measured: fmt.Sprintf("%.0f", rate),
		Bar: fmt.Sprintf("≥ %.0f", 0.98*due/passed.Seconds()), Missed: float64(asked) < 0.98*due,
	})
	late, all := 0.0, 0.0
	for class, bound := range map[string]string{"1": "1", "2": "2.5", "3": "5"} {
		d := func(series string) float64 { return after[series] - before[series] }
		n := d(`sharpeyes_health_probe_lateness_seconds_count{class="` + class + `"}`)
		all += n
		late += n - d(`sharpeyes_health_probe_lateness_seconds_bucket{class="`+class+`",le="`+bound+`"}`)
	}
	b.bar("probes that began late by more than a tenth of their interval", late, 0, "%.0f", fmt.Sprintf("of %.0f", all))
	b.bar("cameras not asked once each interval, within a tenth", float64(odd), 0, "%.0f", "as the cameras counted")
	b.bar("the gateway's own processor, cores", used.Seconds()/passed.Seconds(), mostCores, "%.3f", "streams looked at included")
	b.bar("connections open at once, at the cameras", float64(conns), mostConns, "%.0f", "")
	third := max(len(memory)/3, 1)
	first, last := least(memory[:third]), least(memory[len(memory)-third:])
	b.bar(fmt.Sprintf("memory after %v, MiB", b.steady), last, 1.05*first+8, "%.0f", fmt.Sprintf("%.0f at first", first))
	first, last = least(stacks[:third]), least(stacks[len(stacks)-third:])
	b.bar("goroutines then", last, 1.1*first+20, "%.0f", fmt.Sprintf("%.0f at first", first))
	b.bar("events about a city that is well", float64(len(e.since(began))), 0, "%.0f", "")
	return nil
}

func least(all []float64) float64 {
	low := all[0]
	for _, v := range all {
		low = min(low, v)
	}
	return low
}

// district lets one go dark, and come back.
func (b *bench) district(ctx context.Context, c *city, g *gateway, e *ear) error {
	path, cameras := c.district(10_000 * b.channels / 62283)
	const within, rest = 15 * time.Second, 2 * time.Minute
	for _, turn := range []struct {
		what  string
		fault sim.Fault
	}{{"goes dark", sim.Fault{Kind: sim.Die}}, {"comes back", sim.Fault{}}} {
		benchtable.Progress("district: %s, %d channels, %s", path, len(cameras), turn.what)
		began := time.Now()
		if err := c.set(cameras, turn.fault); err != nil {
			return err
		}
		if err := pause(ctx, time.Until(began.Add(within))); err != nil {
			return err
		}
		soon := len(e.since(began))
		if err := pause(ctx, rest); err != nil {
			return err
		}
		all := e.since(began)
		first := "nothing was heard"
		for _, h := range all {
			if h.kind == "sharpeyes.site.outage" || h.kind == "sharpeyes.site.restored" {
				first = fmt.Sprintf("%s of %s after %.1f s", h.kind, h.about, h.at.Sub(began).Seconds())
				break
			}
		}
		b.bar(fmt.Sprintf("events in 15 s when a district of %d %s", len(cameras), turn.what), float64(soon), 10, "%.0f", first)
		b.bar("events in the two minutes and 15 s", float64(len(all)), 10, "%.0f", "")
		missing := 0.0
		if len(all) == 0 {
			missing = 1
		}
		b.bar("of it nothing was heard", missing, 0, "%.0f", "")
		n, err := g.online(ctx)
		if err != nil {
			return err
		}
		want := len(c.channels)
		if turn.fault.Kind != "" {
			want -= len(cameras)
		}
		b.bar("channels whose state is wrong then", float64(max(n-want, want-n)), 0, "%.0f", "")
	}
	return nil
}

// lostProbes loses one probe in twenty, everywhere.
func (b *bench) lostProbes(ctx context.Context, c *city, _ *gateway, e *ear) error {
	benchtable.Progress("noise: one probe in twenty is lost for %v", b.noise)
	began := time.Now()
	if err := c.set(c.all(), sim.Fault{Kind: sim.Drop, Percent: 5}); err != nil {
		return err
	}
	if err := pause(ctx, b.noise); err != nil {
		return err
	}
	b.bar(fmt.Sprintf("false events in %v with one probe in twenty lost", b.noise), float64(len(e.since(began))), 0, "%.0f", "")
	return c.set(c.all(), sim.Fault{})
}
