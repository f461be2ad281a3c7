package quality

import (
	"strings"
	"testing"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

var lively = []string{"still.h264", "moving.h264", "still.h265", "moving.h265", "still-sub.h264", "moving-sub.h264"}

// TestWell shows that nothing is said of streams that are well, whatever they show.
func TestWell(t *testing.T) {
	for _, name := range lively {
		t.Run(name, func(t *testing.T) {
			k := newCamera(t, loadClip(t, name))
			k.audio, k.reports = true, true
			j := New(k.clip.describe(true), 5*time.Second)
			if got := k.run(j, 10*time.Minute); len(got) > 0 {
				t.Errorf("verdicts of a stream that is well: %v", got)
			}
			if !j.Settled(k.now) {
				t.Error("not settled after ten minutes")
			}
		})
	}
}

// TestFaults breaks a stream that was well for two minutes, and mends it again.
func TestFaults(t *testing.T) {
	dark := func(k *camera, name string) { k.use(loadClip(k.t, name)) }
	tests := []struct {
		name, clip string
		break_     func(*camera)
		mend       func(*camera)
		want       event.Reason
		within     time.Duration
		back       time.Duration
		detail     string
	}{
		{"frozen", "still.h264", func(k *camera) { dark(k, "frozen.h264") }, func(k *camera) { dark(k, "still.h264") }, event.Frozen, 16 * time.Second, 16 * time.Second, "stood still"},
		{"frozen H.265", "moving.h265", func(k *camera) { dark(k, "frozen.h265") }, func(k *camera) { dark(k, "moving.h265") }, event.Frozen, 16 * time.Second, 16 * time.Second, "stood still"},
		{"frozen sub", "still-sub.h264", func(k *camera) { dark(k, "frozen-sub.h264") }, func(k *camera) { dark(k, "still-sub.h264") }, event.Frozen, 16 * time.Second, 16 * time.Second, "stood still"},
		{"no keyframe", "still.h264", func(k *camera) { k.noKeys = true }, func(k *camera) { k.noKeys = false }, event.NoKeyframe, 33 * time.Second, 3 * time.Second, "keyframe for 3"},
		{"low rate", "still.h264", func(k *camera) { k.every = 3 }, func(k *camera) { k.every = 0 }, event.LowFPS, 12 * time.Second, 12 * time.Second, "description says 25"},
		{"loss", "moving.h264", func(k *camera) { k.loseEvery = 10 }, func(k *camera) { k.loseEvery = 0 }, event.PacketLoss, 12 * time.Second, 12 * time.Second, "of its packets"},
		{"sound alone", "still.h264", func(k *camera) { k.noVideo = true }, func(k *camera) { k.noVideo = false }, event.AudioOnly, 12 * time.Second, 2 * time.Second, "no picture"},
		{"late clock", "still.h265", func(k *camera) { k.skew = -90 * time.Second }, func(k *camera) { k.skew = 0 }, event.ClockSkew, 11 * time.Second, 11 * time.Second, "1m30s behind"},
		{"early clock", "still.h265", func(k *camera) { k.skew = 7 * time.Second }, func(k *camera) { k.skew = 0 }, event.ClockSkew, 11 * time.Second, 11 * time.Second, "7s ahead"},
		{"clock of another century", "still.h265", func(k *camera) { k.skew = -20 * 365 * 24 * time.Hour }, func(k *camera) { k.skew = 0 }, event.ClockSkew, 11 * time.Second, 11 * time.Second, "shows 2006-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newCamera(t, loadClip(t, tt.clip))
			k.audio, k.reports = true, true
			j := New(k.clip.describe(true), 5*time.Second)
			if got := k.run(j, 2*time.Minute); len(got) > 0 {
				t.Fatalf("verdicts before the fault: %v", got)
			}
			tt.break_(k)
			got := k.run(j, 3*time.Minute)
			if len(got) != 1 || got[0].Reason != tt.want || got[0].after > tt.within || !strings.Contains(got[0].Detail, tt.detail) {
				t.Fatalf("verdicts %v, want %s within %v, saying %q, and nothing more", got, tt.want, tt.within, tt.detail)
			}
			tt.mend(k)
			got = k.run(j, 3*time.Minute)
			if len(got) != 1 || got[0].Reason != "" || got[0].after > tt.back {
				t.Fatalf("verdicts %v, want it well within %v", got, tt.back)
			}
		})
	}
}

// TestNear shows that what is near a bound neither is a fault nor wavers.
func TestNear(t *testing.T) {
	tests := []struct {
		name string
		set  func(*camera)
	}{
		{"half of the pictures", func(k *camera) { k.every = 2 }},
		{"4% of the packets lost", func(k *camera) { k.loseEvery = 25 }},
		{"clock behind within the tolerance and the way", func(k *camera) { k.skew = -5900 * time.Millisecond }},
		{"clock ahead within the tolerance", func(k *camera) { k.skew = 4900 * time.Millisecond }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newCamera(t, loadClip(t, "moving.h264"))
			k.reports = true
			tt.set(k)
			j := New(k.clip.describe(false), 5*time.Second)
			if got := k.run(j, 3*time.Minute); len(got) > 0 {
				t.Errorf("verdicts %v", got)
			}
		})
	}
}

// TestNoVideoDescribed is of cameras that only have a microphone.
func TestNoVideoDescribed(t *testing.T) {
	k := newCamera(t, loadClip(t, "still.h264"))
	d := k.clip.describe(true)
	d.Medias = d.Medias[1:]
	k.noVideo, k.audio = true, true
	j := New(d, 0)
	move := func(u *streams.Unit) {
		one := streams.NewUnit(0, false, u.Size())
		for raw := range u.Packets() {
			one.Append(raw)
		}
		one.At = u.At
		j.Unit(one)
	}
	for range 50 {
		k.step(move)
	}
	if v := j.Verdict(k.now); v.Reason != event.AudioOnly {
		t.Errorf("verdict %v, want audio_only", v)
	}
}

// TestUptimeClock is of cameras that count from their start: they tell no time.
func TestUptimeClock(t *testing.T) {
	k := newCamera(t, loadClip(t, "still.h264"))
	j := New(k.clip.describe(false), 5*time.Second)
	for i := range 5 {
		k.step(j.Unit)
		j.Unit(report(0, k.now, time.Unix(int64(i)*5-ntpEpoch+300, 0)))
	}
	if v := j.Verdict(k.now); v.Reason != "" {
		t.Errorf("verdict %v", v)
	}
}

// TestOwnRate is of streams that don't tell their rate.
func TestOwnRate(t *testing.T) {
	k := newCamera(t, loadClip(t, "moving.h264"))
	j := New(k.clip.describe(false), 0)
	j.parameters.codec = opaque // so that parameter sets in the stream aren't read
	j.parameters.rate = 0
	if got := k.run(j, 2*time.Minute); len(got) > 0 {
		t.Fatal(got)
	}
	k.every = 4
	got := k.run(j, time.Minute)
	if len(got) != 1 || got[0].Reason != event.LowFPS || !strings.Contains(got[0].Detail, "usually") {
		t.Errorf("verdicts %v, want low_fps", got)
	}
}

// TestEmptied is of a camera whose lens is covered: little is left, and not quite still.
func TestEmptied(t *testing.T) {
	k := newCamera(t, loadClip(t, "moving.h264"))
	j := New(k.clip.describe(false), 0)
	if got := k.run(j, 3*time.Minute); len(got) > 0 {
		t.Fatal(got)
	}
	k.use(loadClip(t, "still-sub.h264"))
	got := k.run(j, time.Minute)
	if len(got) != 1 || got[0].Reason != event.Frozen || !strings.Contains(got[0].Detail, "next to nothing") {
		t.Fatalf("verdicts %v, want frozen", got)
	}
	k.use(loadClip(t, "moving.h264"))
	if got := k.run(j, time.Minute); len(got) != 1 || got[0].Reason != "" {
		t.Errorf("verdicts %v, want it well", got)
	}
}

// TestNightIsNoFault is of a scene that grew quiet: the pictures between keyframes are nearly empty,
// and the keyframes are what they were.
func TestNightIsNoFault(t *testing.T) {
	day, night := loadClip(t, "moving.h264"), loadClip(t, "still-sub.h264")
	k := newCamera(t, day)
	j := New(day.describe(false), 0)
	if got := k.run(j, 3*time.Minute); len(got) > 0 {
		t.Fatal(got)
	}
	mixed := &clip{keys: day.keys, pictures: make([][][]byte, len(day.pictures))}
	for i := range mixed.pictures {
		if mixed.pictures[i] = night.pictures[i]; day.keys[i] {
			mixed.pictures[i] = day.pictures[i]
		}
	}
	k.clip = mixed
	if got := k.run(j, 5*time.Minute); len(got) > 0 {
		t.Errorf("verdicts %v", got)
	}
}

// TestReconnect shows that a connection that was replaced is no fault.
func TestReconnect(t *testing.T) {
	k := newCamera(t, loadClip(t, "moving.h264"))
	j := New(k.clip.describe(false), 0)
	for range 10 {
		if got := k.run(j, 15*time.Second); len(got) > 0 {
			t.Fatal(got)
		}
		k.silent = true
		if got := k.run(j, 8*time.Second); len(got) > 0 {
			t.Fatalf("while nothing came: %v", got)
		}
		k.silent = false
		k.seq[0] += 700
	}
}

// TestSettled shows that a stream that is broken from its beginning isn't settled before that is known.
func TestSettled(t *testing.T) {
	k := newCamera(t, loadClip(t, "frozen.h264"))
	j := New(k.clip.describe(false), 0)
	for range 60 {
		for range 25 {
			k.step(j.Unit)
		}
		if v := j.Verdict(k.now); v.Reason == "" && j.Settled(k.now) {
			t.Fatalf("settled and well after %v", k.now)
		}
	}
}

func BenchmarkUnit(b *testing.B) {
	c := loadClip(b, "moving.h264")
	k := newCamera(b, c)
	j := New(c.describe(false), 0)
	var units []*streams.Unit
	for range len(c.pictures) {
		k.step(func(u *streams.Unit) { units = append(units, u) })
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		j.Unit(units[i%len(units)])
	}
}
