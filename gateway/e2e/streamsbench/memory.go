//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// memory measures what a reader takes in servers that have done nothing else before.
func (b *bench) memory(ctx context.Context) error {
	const readers, bar = 1000, 60 << 10
	reference, err := b.startReference(ctx)
	if err != nil {
		return err
	}
	defer reference.end()
	g, err := b.startGateway(ctx, "memory")
	if err != nil {
		return err
	}
	defer g.stop()
	if err := g.register(ctx, live, 1, b.port); err != nil {
		return err
	}
	var each [2]int64
	for who, s := range [2]server{theirs: reference.server, ours: g.server} {
		one, err := b.crowd(ctx, s, live, 1, 1, b.warm, 5*time.Second)
		if err != nil {
			return err
		}
		// What the joins needed for a moment is given back within seconds.
		all, err := b.crowd(ctx, s, live, 1, 1+readers, 20*time.Second, 10*time.Second)
		if err != nil {
			return err
		}
		if all.Playing != 1+readers {
			return fmt.Errorf("%s: %d readers play, want %d: %v", s.name, all.Playing, 1+readers, all.Errors)
		}
		each[who] = (all.Server.Resident - one.Server.Resident) / readers
	}
	b.table.Add(benchtable.Row{
		What: fmt.Sprintf("memory a reader, 1 × %d", readers), Measured: kib(each[ours]), Bar: "< " + kib(bar), Other: kib(each[theirs]),
		Ratio: float64(each[ours]) / float64(each[theirs]), Missed: each[ours] >= bar,
	})
	return nil
}

func kib(bytes int64) string { return fmt.Sprintf("%.1f KiB", float64(bytes)/1024) }

// idle measures what channels take that nobody plays.
func (b *bench) idle(ctx context.Context) error {
	const channels, cpuBar = 1000, 0.005 // of a processor
	g, err := b.startGateway(ctx, "idle")
	if err != nil {
		return err
	}
	defer g.stop()
	if err := b.rest(ctx); err != nil {
		return err
	}
	var farm farmStats
	if err := b.cameras.ask("reset", &farm); err != nil {
		return err
	}
	var now [2]struct {
		usage
		goroutines float64
	}
	// What a gateway does once it has any channel at all isn't the doing of those that come then.
	for i, kind := range []string{long, live} {
		if err := g.register(ctx, kind, channels, b.port); err != nil {
			return err
		}
		if err := sleep(ctx, b.warm); err != nil {
			return err
		}
		before := usageOf(g.pid)
		if err := sleep(ctx, b.window); err != nil {
			return err
		}
		now[i].usage = usageOf(g.pid)
		now[i].CPU -= before.CPU
		if now[i].goroutines, err = g.metric(ctx, "go_goroutines"); err != nil {
			return err
		}
	}
	if err := b.cameras.ask("stats", &farm); err != nil {
		return err
	}
	name := fmt.Sprintf("%d more channels that nobody plays", channels)
	more := now[1].goroutines - now[0].goroutines
	b.table.Add(benchtable.Row{
		What: name + ", goroutines, sessions at cameras", Measured: fmt.Sprintf("%.0f, %d", more, farm.Plays), Bar: "0, 0",
		Missed: more > 0 || farm.Plays > 0,
	})
	cpu := (now[1].CPU - now[0].CPU).Seconds() / b.window.Seconds()
	b.table.Add(benchtable.Row{
		What: name + ", CPU", Measured: fmt.Sprintf("%.1f%%", 100*max(cpu, 0)), Bar: fmt.Sprintf("< %.1f%%", 100*cpuBar), Missed: cpu >= cpuBar,
	})
	b.table.Add(benchtable.Row{
		What: name + ", memory a channel, with its registration and import", Measured: kib((now[1].Resident - now[0].Resident) / channels),
	})
	return nil
}
