//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// The bars of a join without company.
const (
	joinBar50 = 5 * time.Millisecond
	joinBar95 = 10 * time.Millisecond
)

// lateJoins measures joins of what is played already, at random points of its GOP.
func (b *bench) lateJoins(ctx context.Context) error {
	for _, c := range []struct{ name, kind string }{
		{"late join, GOP of 2 s", live}, {"late join, GOP of 20 s", long},
	} {
		all, err := b.compareJoins(ctx, 1, func(int) []string {
			return []string{"-late", "-kind", c.kind, "-n", strconv.Itoa(b.few(100, 20))}
		})
		if err != nil {
			return err
		}
		b.addJoins(c.name, all, joinBar50, joinBar95)
	}
	return nil
}

// coldJoins measures joins that nobody pulls the camera for, which begins with a keyframe. No camera
// is used twice.
func (b *bench) coldJoins(ctx context.Context) error {
	first := 0
	for _, c := range []struct {
		name              string
		n, atOnce, groups int
		bar50, bar95      time.Duration
	}{
		{"cold join, one by one", b.few(100, 20), 1, 1, joinBar50, joinBar95},
		{"50 cold joins at once", 50, 50, b.few(5, 1), 0, 40 * time.Millisecond},
		{"500 cold joins at once", 500, 500, b.few(3, 1), 0, 500 * time.Millisecond},
	} {
		all, err := b.compareJoins(ctx, c.groups, func(group int) []string {
			return []string{"-n", strconv.Itoa(c.n), "-at-once", strconv.Itoa(c.atOnce), "-first", strconv.Itoa(first + group*c.n)}
		})
		if err != nil {
			return err
		}
		first += c.groups * c.n
		b.addJoins(c.name, all, c.bar50, c.bar95)
	}
	return nil
}

// few is n, or less when it is only to be seen that everything works.
func (b *bench) few(n, short int) int {
	if b.repeats == 1 {
		return short
	}
	return n
}

// compareJoins has the same joins on both servers; args makes those of a repeat.
func (b *bench) compareJoins(ctx context.Context, repeats int, args func(repeat int) []string) (all [2][]joinResult, err error) {
	err = b.both(repeats, func(who, repeat int) error {
		r, err := b.joins(ctx, b.servers[who], args(repeat)...)
		all[who] = append(all[who], r)
		return err
	})
	return all, err
}

// addJoins tells the median over the repeats of p50 and p95; a bar of 0 is none. A join that failed,
// or was sent something else before the keyframe, misses the bar whatever it took.
func (b *bench) addJoins(what string, all [2][]joinResult, bar50, bar95 time.Duration) {
	var p50, p95 [2]time.Duration
	var told [2]string
	bad := 0
	for who := range all {
		var fifty, ninetyFive []time.Duration
		failed := 0
		for _, r := range all[who] {
			fifty = append(fifty, quantile(r.Keyframes, 0.5))
			ninetyFive = append(ninetyFive, quantile(r.Keyframes, 0.95))
			failed += r.Early
			for _, n := range r.Errors {
				failed += n
			}
		}
		p50[who], p95[who] = quantile(fifty, 0.5), quantile(ninetyFive, 0.5)
		told[who] = benchtable.Show(p50[who]) + ", " + benchtable.Show(p95[who])
		if failed > 0 {
			told[who] += fmt.Sprintf(", %d bad", failed)
		}
		if who == ours {
			bad = failed
		}
	}
	bars := []string{"p50 < " + benchtable.Show(bar50), "p95 < " + benchtable.Show(bar95)}
	if bar50 == 0 {
		bars = bars[1:]
	}
	b.table.Add(benchtable.Row{
		What: what + ", first keyframe p50, p95", Measured: told[ours], Bar: strings.Join(bars, ", "), Other: told[theirs],
		Ratio:  float64(p50[ours]) / float64(p50[theirs]),
		Missed: bad > 0 || bar50 > 0 && p50[ours] >= bar50 || p95[ours] >= bar95,
	})
}

// share measures how often one camera is pulled for many who join it at once.
func (b *bench) share(ctx context.Context) error {
	const readers = 20
	var most, plays [2]int
	bad := 0
	err := b.both(1, func(who, _ int) error {
		var s farmStats
		if err := b.rest(ctx); err != nil {
			return err
		}
		if err := b.cameras.ask("reset", &s); err != nil {
			return err
		}
		r, err := b.joins(ctx, b.servers[who], "-one", "-first", strconv.Itoa(registered-1), "-n", strconv.Itoa(readers), "-at-once", strconv.Itoa(readers))
		if err != nil {
			return err
		}
		if who == ours {
			bad = readers - len(r.Keyframes)
		}
		if err := b.cameras.ask("stats", &s); err != nil {
			return err
		}
		most[who], plays[who] = s.Most, s.Plays
		return nil
	})
	if err != nil {
		return err
	}
	b.table.Add(benchtable.Row{
		What:     fmt.Sprintf("%d readers join one cold channel at once, sessions at the camera", readers),
		Measured: strconv.Itoa(max(most[ours], plays[ours])), Bar: "1", Other: strconv.Itoa(max(most[theirs], plays[theirs])),
		Missed: most[ours] != 1 || plays[ours] != 1 || bad > 0,
	})
	return nil
}
