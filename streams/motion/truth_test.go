package motion_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams/motion"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// learning is how much of each run isn't judged: the detector may be wrong until it knows the scene.
const learning = 16 * time.Second

// tally compares what was reported with what is true.
type tally struct{ right, wrong, missed int }

func (a *tally) add(b tally) {
	a.right += b.right
	a.wrong += b.wrong
	a.missed += b.missed
}

func ratio(a, b int) float64 {
	if a+b == 0 {
		return 1
	}
	return float64(a) / float64(a+b)
}

// watch plays a clip from an offset for some loops, and returns every change.
func watch(t testing.TB, c clip, cfg motion.Config, from time.Duration, loops int) []motion.Change {
	t.Helper()
	s := play(t, c, from)
	d := motion.New(c.codec, cfg)
	var changes []motion.Change
	for n := range loops * len(c.units) {
		packets, _ := s.unit(t)
		for _, p := range packets {
			if ch, ok := d.Packet(p, epoch.Add(time.Duration(n)*frame)); ok {
				changes = append(changes, ch)
			}
		}
	}
	return changes
}

// judge compares the changes of a run with the motions that the clip has in it.
func judge(t *testing.T, c clip, cfg motion.Config, from time.Duration, loops int, changes []motion.Change) tally {
	t.Helper()
	var sum tally
	var open bool
	var last time.Time
	type span struct{ from, to time.Duration }
	var reported []span
	for _, ch := range changes {
		if ch.At.Before(last) {
			t.Errorf("a change at %v after one at %v", ch.At, last)
		}
		last = ch.At
		switch {
		case ch.Type == event.MotionStarted && !open:
			reported = append(reported, span{from: ch.At.Sub(epoch), to: -1})
			if ch.Duration != 0 || ch.Score <= 0 || ch.Started.After(ch.At) {
				t.Errorf("odd start: %+v", ch)
			}
		case ch.Type == event.MotionEnded && open:
			reported[len(reported)-1].to = ch.At.Sub(epoch)
			if ch.Duration <= 0 || ch.Score <= 0 || ch.Score > 1 {
				t.Errorf("odd end: %+v", ch)
			}
		default:
			t.Errorf("%s out of turn", ch.Type)
		}
		open = ch.Type == event.MotionStarted
	}
	// Each true motion that is whole in the judged part of the run must have been reported once;
	// one that is cut by the run's ends may have been.
	used := make([]bool, len(reported))
	end := time.Duration(loops) * c.length()
	for loop := -from; loop < end && strings.HasPrefix(c.name, "moving"); loop += c.length() {
		begin, stop := loop+motionFrom, loop+motionTo
		whole := begin >= learning && stop+cfg.Hold+time.Second <= end
		found := false
		for i, r := range reported {
			switch {
			case used[i]:
			case !whole && r.from >= begin && r.from <= stop:
				used[i] = true
			case !found && r.from >= begin && r.from <= begin+time.Second && r.to >= stop-time.Second && r.to <= stop+cfg.Hold+time.Second:
				used[i], found = true, true
			}
		}
		switch {
		case found && whole:
			sum.right++
		case whole:
			sum.missed++
			t.Logf("from %v: missed %v to %v", from, begin, stop)
		}
	}
	for i, r := range reported {
		if !used[i] {
			sum.wrong++
			t.Logf("from %v: false %v to %v (at %v of the clip)", from, r.from, r.to, (r.from+from)%c.length())
		}
	}
	return sum
}

func TestTruth(t *testing.T) {
	dir := clips
	if d := os.Getenv("MOTION_CLIPS"); d != "" { // other clips of the same times, for measuring
		dir = d
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.h26?"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("clips: %v, %v", paths, err)
	}
	var all tally
	for _, path := range paths {
		c := openClip(t, path)
		t.Run(c.name, func(t *testing.T) {
			var sum tally
			sensitivity := 0.5
			if v := os.Getenv("MOTION_SENSITIVITY"); v != "" {
				sensitivity, _ = strconv.ParseFloat(v, 64)
			}
			for _, hold := range []time.Duration{2 * time.Second, 5 * time.Second} {
				cfg := motion.Config{Sensitivity: sensitivity, Hold: hold}
				for from := time.Duration(0); from < c.length(); from += 1520 * time.Millisecond {
					sum.add(judge(t, c, cfg, from, 6, watch(t, c, cfg, from, 6)))
				}
			}
			all.add(sum)
			t.Logf("right %d, false %d, missed %d", sum.right, sum.wrong, sum.missed)
			if sum.wrong+sum.missed > 0 {
				t.Errorf("%d false, %d missed", sum.wrong, sum.missed)
			}
		})
	}
	t.Logf("precision %.3f, recall %.3f (%d right, %d false, %d missed)",
		ratio(all.right, all.wrong), ratio(all.right, all.missed), all.right, all.wrong, all.missed)
}
