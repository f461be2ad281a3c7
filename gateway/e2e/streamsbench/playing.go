//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

const (
	costBar = 1.25                  // times the reference
	lagBar  = 25 * time.Millisecond // p99
)

// pulls measures one reader on each of many cameras.
func (b *bench) pulls(ctx context.Context) error { return b.costs(ctx, 100, 100) }

// fanOut measures many readers on one camera.
func (b *bench) fanOut(ctx context.Context) error { return b.costs(ctx, 1, 200) }

// costs compares what a delivered Gbit costs.
func (b *bench) costs(ctx context.Context, channels, readers int) error {
	all, err := b.compare(ctx, channels, readers)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d × %d", channels, readers/channels)
	b.addCost(name, all)
	b.addLosses(name, all)
	b.addLag(name+", lag p99", all, 0, func(r crowdResult) time.Duration { return r.LagP99 })
	return nil
}

// crowds measures as many pulls as one machine is to bear.
func (b *bench) crowds(ctx context.Context) error {
	all, err := b.compare(ctx, 600, 600)
	if err != nil {
		return err
	}
	const name = "600 × 1"
	b.addLosses(name, all)
	b.addLag(name+", lag p99 of all pictures", all, lagBar, func(r crowdResult) time.Duration { return r.LagP99 })
	b.addLag(name+", lag p99 of each reader's worst picture", all, lagBar, func(r crowdResult) time.Duration { return r.WorstP99 })
	b.addCost(name, all)
	return nil
}

// compare has the same crowd on both servers.
func (b *bench) compare(ctx context.Context, channels, readers int) (all [2][]crowdResult, err error) {
	err = b.both(b.repeats, func(who, _ int) error {
		r, err := b.crowd(ctx, b.servers[who], live, channels, readers, b.warm, b.window)
		all[who] = append(all[who], r)
		return err
	})
	return all, err
}

// sorted is for figures that are told from the least to the most.
func sorted[T int64 | float64 | time.Duration](all []crowdResult, figure func(crowdResult) T) []T {
	values := make([]T, len(all))
	for i, r := range all {
		values[i] = figure(r)
	}
	slices.Sort(values)
	return values
}

// median is the median of a figure of several repeats.
func median[T int64 | float64 | time.Duration](all []crowdResult, figure func(crowdResult) T) T {
	return quantile(sorted(all, figure), 0.5)
}

func (b *bench) addCost(name string, all [2][]crowdResult) {
	our, their := median(all[ours], crowdResult.cost), median(all[theirs], crowdResult.cost)
	b.table.Add(benchtable.Row{
		What: name + ", CPU s a Gbit", Measured: fmt.Sprintf("%.3f", our), Bar: fmt.Sprintf("≤ %.2f ×", costBar),
		Other: fmt.Sprintf("%.3f", their), Ratio: our / their, Missed: our > costBar*their,
	})
}

// addLosses tells all that didn't arrive, in all repeats together.
func (b *bench) addLosses(name string, all [2][]crowdResult) {
	var told [2]string
	missed := false
	for who := range all {
		var lost, missing, absent int64
		for _, r := range all[who] {
			lost += r.Lost
			missing += r.Missing
			for _, n := range r.Errors {
				absent += int64(n)
			}
		}
		told[who] = fmt.Sprintf("%d, %d, %d", lost, missing, absent)
		missed = who == ours && lost+missing+absent > 0
	}
	b.table.Add(benchtable.Row{
		What: name + ", packets lost, pictures missing, readers failed", Measured: told[ours], Bar: "0, 0, 0",
		Other: told[theirs], Missed: missed,
	})
}

// addLag tells a lag; a bar of 0 is none.
func (b *bench) addLag(what string, all [2][]crowdResult, bar time.Duration, figure func(crowdResult) time.Duration) {
	our, their := median(all[ours], figure), median(all[theirs], figure)
	row := benchtable.Row{
		What: what, Measured: benchtable.Show(our), Other: benchtable.Show(their), Ratio: float64(our) / float64(their),
	}
	if bar > 0 {
		row.Bar, row.Missed = "< "+benchtable.Show(bar), our >= bar
	}
	b.table.Add(row)
}
