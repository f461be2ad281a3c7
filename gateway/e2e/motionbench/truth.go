//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"sharpeyes/registry/event"
	"sharpeyes/streams/motion"
)

const (
	hold        = 5 * time.Second
	sensitivity = 0.5
	slack       = time.Second // by which a report may lie beside what moves
)

// verdict is how well a detector did.
type verdict struct {
	right, wrong   int // reports
	found, missed  int // of what moves
	start, overrun []time.Duration
}

func (v *verdict) add(o verdict) {
	v.right += o.right
	v.wrong += o.wrong
	v.found += o.found
	v.missed += o.missed
	v.start = append(v.start, o.start...)
	v.overrun = append(v.overrun, o.overrun...)
}

func ratio(a, b int) string {
	if a+b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(a+b))
}

// truth prints precision and recall by scene, encoder and the size of what moves.
func (b *bench) truth(ctx context.Context) error {
	sizes := []float64{0.01, 0.03, 0.10}
	all := map[string]*verdict{} // of 3 % and more, by scene
	falseStarts := map[string]int{}
	fmt.Fprintln(b.out, "\n| scene | encoder | nothing moves: false | 1 %: precision, recall | 3 % | 10 % |\n| --- | --- | --- | --- | --- | --- |")
	for i, scene := range scenes {
		all[scene.name] = &verdict{}
		for j, coder := range coders {
			if !b.scenes.MatchString(scene.name + " " + coder.name) {
				continue
			}
			empty, err := shoot(ctx, b.dir, i, j, 0)
			if err != nil {
				return err
			}
			none, err := watch(empty)
			if err != nil {
				return err
			}
			falseStarts[scene.name] += none.wrong
			line := fmt.Sprintf("| %s | %s | %d |", scene.name, coder.name, none.wrong)
			for _, part := range sizes {
				f, err := shoot(ctx, b.dir, i, j, part)
				if err != nil {
					return err
				}
				v, err := watch(f)
				if err != nil {
					return err
				}
				line += fmt.Sprintf(" %s, %s |", ratio(v.right, v.wrong), ratio(v.found, v.missed))
				if part >= 0.03 {
					all[scene.name].add(v)
				}
			}
			fmt.Fprintln(b.out, line)
		}
	}
	for _, scene := range scenes {
		v := all[scene.name]
		if v.found+v.missed == 0 {
			continue
		}
		bar := scene.name == "still" || scene.name == "noisy"
		b.say(fmt.Sprintf("%s, 3 %% and more: precision", scene.name), ratio(v.right, v.wrong), "0.95", !bar || 20*v.wrong <= v.right+v.wrong)
		b.say(fmt.Sprintf("%s, 3 %% and more: recall", scene.name), ratio(v.found, v.missed), "0.95", !bar || 20*v.missed <= v.found+v.missed)
		if len(v.start) > 0 && bar {
			late := percentile(v.start, 0.95)
			b.say(scene.name+": started after the first change, p95", late.Round(time.Millisecond).String(), "500ms", late <= 500*time.Millisecond)
			over := percentile(v.overrun, 0.95)
			b.say(scene.name+": ended after the hold, p95", over.Round(time.Millisecond).String(), "500ms", over <= 500*time.Millisecond)
		}
	}
	for _, name := range []string{"night noise", "light switch"} {
		if all[name].found+all[name].missed > 0 {
			b.say(name+", nothing moves: false starts", fmt.Sprint(falseStarts[name]), "0", falseStarts[name] == 0)
		}
	}
	return nil
}

// watch shows a film to a detector, at the times of its pictures, and judges what it says.
func watch(f film) (verdict, error) {
	encode, err := encoder(f.codec)
	if err != nil {
		return verdict{}, err
	}
	d := motion.New(f.codec, motion.Config{Sensitivity: sensitivity, Hold: hold})
	began := time.Unix(1_700_000_000, 0)
	var reports []span
	take := func(c motion.Change, ok bool) {
		switch {
		case !ok:
		case c.Type == event.MotionStarted:
			reports = append(reports, span{c.At.Sub(began), filmLength})
		case len(reports) > 0:
			reports[len(reports)-1].to = c.At.Sub(began)
		}
	}
	for n, unit := range f.units {
		packets, err := encode(unit)
		if err != nil {
			return verdict{}, fmt.Errorf("packing picture %d: %w", n, err)
		}
		at := began.Add(time.Duration(n) * frame)
		for _, p := range packets {
			p.Timestamp = uint32(n * 90000 / fps)
			take(d.Packet(p, at))
		}
		if n%fps == 0 {
			take(d.Tick(at))
		}
	}
	return judge(f.moves, reports), nil
}

// judge compares reports with what moves.
func judge(moves, reports []span) (v verdict) {
	meets := func(r, m span) bool { return r.from >= m.from-slack && r.from <= m.to+slack }
	for _, r := range reports {
		right := false
		for _, m := range moves {
			right = right || meets(r, m)
		}
		if right {
			v.right++
		} else {
			v.wrong++
		}
	}
	for _, m := range moves {
		found := false
		for _, r := range reports {
			// One that began with what moved before, and goes on, tells of this one too.
			if meets(r, m) || r.from < m.from && r.to > m.to {
				if !found && meets(r, m) {
					v.start = append(v.start, r.from-m.from)
					v.overrun = append(v.overrun, r.to-m.to-hold)
				}
				found = true
			}
		}
		if found {
			v.found++
		} else {
			v.missed++
		}
	}
	return v
}

func encoder(codec motion.Codec) (func([][]byte) ([]*rtp.Packet, error), error) {
	if codec == motion.H265 {
		e := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: 1400}
		return e.Encode, e.Init()
	}
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1400, PacketizationMode: 1}
	return e.Encode, e.Init()
}
