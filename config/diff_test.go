package config

import (
	"slices"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	a, b := Default(), Default()
	if d := Diff(a, b); len(d) != 0 {
		t.Errorf("equal configurations differ in %v", d)
	}
	b.DataDir = "elsewhere"
	b.Streams.Linger++
	b.Health.Interval = map[int]time.Duration{1: time.Second}
	b.NATS.LeafRemotes = []string{"x"}
	if d := Diff(a, b); !slices.Equal(d, []string{"data_dir", "nats.leaf_remotes", "streams.linger", "health.interval"}) {
		t.Errorf("got %v", d)
	}
}
