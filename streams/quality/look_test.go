package quality

import (
	"testing"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// look shows a camera's stream to a Look for d at most, and returns what it says and how long it took.
func look(k *camera, audio bool, d time.Duration) (event.Reason, time.Duration) {
	l := NewLook(k.clip.describe(audio), 5*time.Second)
	began, done := k.now, false
	for !done && k.now.Sub(began) < d {
		k.step(func(u *streams.Unit) { done = l.Unit(u) || done })
	}
	r, _ := l.Verdict()
	return r, k.now.Sub(began)
}

// TestLookWell shows that a look at a stream that is well says so, wherever it begins, and soon.
func TestLookWell(t *testing.T) {
	for _, name := range lively {
		t.Run(name, func(t *testing.T) {
			c := loadClip(t, name)
			longest := time.Duration(0)
			for start := 0; start < len(c.pictures); start += 7 {
				k := newCamera(t, c)
				k.frame, k.reports, k.audio = start, true, true
				k.step(func(*streams.Unit) {})
				k.frame-- // the report comes first, as it mostly does
				sent := report(0, k.now, k.now)
				l := NewLook(c.describe(true), 5*time.Second)
				began, done := k.now, l.Unit(sent)
				for !done && k.now.Sub(began) < 19*time.Second {
					k.step(func(u *streams.Unit) { done = l.Unit(u) || done })
				}
				if r, detail := l.Verdict(); r != "" {
					t.Errorf("from picture %d: %s, %s", start, r, detail)
				}
				longest = max(longest, k.now.Sub(began))
			}
			t.Logf("at most %v", longest)
			if longest > 5*time.Second {
				t.Errorf("took %v", longest)
			}
		})
	}
}

func TestLookFaults(t *testing.T) {
	tests := []struct {
		name, clip string
		set        func(*camera)
		want       event.Reason
		within     time.Duration
	}{
		{"frozen", "frozen.h264", func(*camera) {}, event.Frozen, 5 * time.Second},
		{"frozen H.265", "frozen.h265", func(*camera) {}, event.Frozen, 5 * time.Second},
		{"frozen sub", "frozen-sub.h264", func(*camera) {}, event.Frozen, 5 * time.Second},
		{"no keyframe", "still.h264", func(k *camera) { k.noKeys = true }, event.NoKeyframe, 20 * time.Second},
		{"silent", "still.h264", func(k *camera) { k.silent = true }, event.NoPackets, 20 * time.Second},
		{"reports alone", "still.h264", func(k *camera) { k.noVideo, k.audio = true, false }, event.NoPackets, 20 * time.Second},
		{"sound alone", "still.h264", func(k *camera) { k.noVideo = true }, event.AudioOnly, 20 * time.Second},
		{"low rate", "moving.h264", func(k *camera) { k.every = 4 }, event.LowFPS, 11 * time.Second},
		{"loss", "moving.h264", func(k *camera) { k.loseEvery = 8 }, event.PacketLoss, 11 * time.Second},
		{"clock", "still.h265", func(k *camera) { k.skew = time.Minute }, event.ClockSkew, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, start := range []int{0, 20, 49, 130} {
				k := newCamera(t, loadClip(t, tt.clip))
				k.frame, k.reports, k.audio = start, true, true
				if start%125 != 0 {
					k.frame = start / 125 * 125 // so that a report comes first
				}
				tt.set(k)
				got, took := look(k, true, 19*time.Second)
				if got != tt.want || took > tt.within {
					t.Errorf("from picture %d: %q after %v, want %s within %v", start, got, took, tt.want, tt.within)
				}
			}
		})
	}
}
