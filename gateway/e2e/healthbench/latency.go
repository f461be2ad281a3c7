//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/streams/sim"
)

const (
	changesASecond = 1000
	mostLatency    = 10 * time.Millisecond
)

// latency makes a thousand changes a second and takes the time from each event, which is when the change
// was believed, to its subscriber. Each probe is believed, and every camera changes between well and
// answering nonsense on each of its turns.
func (b *bench) latency(ctx context.Context) error {
	if !b.wants("latency") {
		return nil
	}
	const every, cameras = 4 * time.Second, 2 * 4 * changesASecond
	c, err := b.newCity(ctx, cameras)
	if err != nil {
		return err
	}
	defer c.farm.Close()
	g, err := b.start(ctx, "latency", fmt.Sprintf(
		"{interval: {1: %v, 2: %[1]v, 3: %[1]v}, confirm: 1, deep_interval: 0s, flapping: {changes: 0}, site_outage: {min: 100000}}", every))
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
	if err := g.settle(ctx, cameras); err != nil {
		return err
	}
	benchtable.Progress("latency: %d changes a second for %v", changesASecond, b.rate)
	// A camera's turn comes each four seconds; it changes each eight, in step with the clock.
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for done := 0; time.Since(began) < b.rate; {
		due := int(time.Since(began).Seconds() * changesASecond)
		for ; done < due; done++ {
			fault := sim.Fault{}
			if done/cameras%2 == 0 {
				fault = sim.Fault{Kind: sim.Wrong, Percent: 100}
			}
			if err := c.farm.SetFault(done%cameras, fault); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var took []time.Duration
	first := began.Add(2 * every) // until there are as many as there shall be
	for _, h := range e.since(first) {
		took = append(took, h.at.Sub(h.sent))
	}
	if len(took) == 0 {
		return fmt.Errorf("no change was heard of")
	}
	slices.Sort(took)
	at := func(p float64) time.Duration { return took[min(int(p*float64(len(took))), len(took)-1)] }
	rate := float64(len(took)) / time.Since(first).Seconds()
	b.table.Add(benchtable.Row{
		What: "from a confirmed change to a NATS subscriber, p99", Measured: benchtable.Show(at(0.99)), Bar: "< " + benchtable.Show(mostLatency),
		Other: fmt.Sprintf("p50 %s, most %s, %.0f changes a second", benchtable.Show(at(0.5)), benchtable.Show(at(1)), rate), Missed: at(0.99) >= mostLatency,
	})
	b.table.Add(benchtable.Row{What: "changes a second meanwhile", Measured: fmt.Sprintf("%.0f", rate), Bar: "≥ 900", Missed: rate < 900})
	return nil
}
