//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// deadCameras measures whether those who play notice that others ask for cameras which never answer.
func (b *bench) deadCameras(ctx context.Context) error {
	const dead, readers = 200, 50
	window := 2 * b.window
	repeats := b.few(3, 1)
	var without, with [2][]crowdResult
	told := askResult{Answers: map[string]int{}}
	err := b.both(repeats, func(who, _ int) error {
		s := b.servers[who]
		r, err := b.crowd(ctx, s, live, readers, readers, b.warm, window)
		if err != nil {
			return err
		}
		without[who] = append(without[who], r)

		var begun struct{ Begun int }
		a, err := startChild(ctx, &begun, roleAskers, "-server", s.address, "-n", strconv.Itoa(dead))
		if err != nil {
			return err
		}
		r, err = b.crowd(ctx, s, live, readers, readers, b.warm, window)
		_ = a.in.Close()
		var answers askResult
		if err == nil {
			err = a.read(&answers)
		}
		if e := a.end(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
		with[who] = append(with[who], r)
		if who == ours {
			told.Asked += answers.Asked
			for k, n := range answers.Answers {
				told.Answers[k] += n
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	benchtable.Progress("  those who asked for dead cameras were told %v", told.Answers)
	name := fmt.Sprintf("%d × 1 while %d dead cameras are asked for", readers, dead)
	b.addLosses(name, with)
	lag := func(r crowdResult) time.Duration { return r.LagP99 }
	// Nothing measurable is no more than what repeats differ by: the worst of those without, and a bit.
	const lagMore, costMore = 2 * time.Millisecond, 1.1
	quiet, busy := sorted(without[ours], lag), sorted(with[ours], lag)
	bar := quiet[len(quiet)-1] + lagMore
	b.table.Add(benchtable.Row{
		What: name + ", lag p99, and without", Measured: benchtable.Show(busy[len(busy)/2]) + ", " + benchtable.Show(quiet[len(quiet)/2]),
		Bar:    "< " + benchtable.Show(bar),
		Other:  benchtable.Show(median(with[theirs], lag)) + ", " + benchtable.Show(median(without[theirs], lag)),
		Missed: busy[len(busy)/2] >= bar,
	})
	calm, loaded := sorted(without[ours], crowdResult.cost), sorted(with[ours], crowdResult.cost)
	most := calm[len(calm)-1] * costMore
	b.table.Add(benchtable.Row{
		What: name + ", CPU s a Gbit, and without", Measured: fmt.Sprintf("%.3f, %.3f", loaded[len(loaded)/2], calm[len(calm)/2]),
		Bar:    fmt.Sprintf("< %.3f", most),
		Other:  fmt.Sprintf("%.3f, %.3f", median(with[theirs], crowdResult.cost), median(without[theirs], crowdResult.cost)),
		Missed: loaded[len(loaded)/2] >= most,
	})
	return nil
}
