package gateway

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry/event"
)

// One motion at a time a channel, whatever sees it.
func TestMotionsMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		m := newMotions(func() time.Duration { return 5 * time.Second }, func(channel string, typ event.Type, _ time.Time, e event.Motion) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprintf("%s %s %s %.1f %.0f", channel, typ[len("sharpeyes.motion."):], e.Source, e.Score, e.Duration))
		})
		want := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Fatalf("told %q, want %q", told, want)
			}
			told = nil
		}
		now := time.Now
		m.began("a", event.FromBitstream, now(), now(), 0.2)
		m.report("a", "started", now(), 0.9)
		m.report("b", "", now(), 0.3)
		want("a started bitstream 0.2 0", "b started webhook 0.3 0")
		time.Sleep(4 * time.Second)
		m.report("b", "", now(), 0.4)
		m.ended("a", event.FromBitstream, now(), now(), 0.5)
		want()
		time.Sleep(4 * time.Second)
		want()
		time.Sleep(2 * time.Second)
		want("b ended webhook 0.4 4")
		m.report("a", "ended", now(), 0)
		m.report("a", "ended", now(), 0)
		want()
		time.Sleep(4 * time.Second)
		m.began("a", event.FromONVIF, now(), now(), 1) // within the hold: the same motion
		time.Sleep(3 * time.Second)
		m.ended("a", event.FromONVIF, now(), now(), 1)
		time.Sleep(4 * time.Second)
		want()
		time.Sleep(2 * time.Second)
		want("a ended bitstream 1.0 17")
		m.began("e", event.FromBitstream, now(), now(), 0.1)
		time.Sleep(6 * time.Second)
		m.ended("e", event.FromBitstream, now(), now().Add(-5*time.Second), 0.1) // which held already
		want("e started bitstream 0.1 0", "e ended bitstream 0.1 1")
		m.report("c", "started", now(), 1)
		time.Sleep(reportMost + time.Second)
		want("c started webhook 1.0 0", "c ended webhook 1.0 0")
		m.device("f", true, now())
		m.began("f", event.FromONVIF, now(), now(), 1) // the metadata track, which is closed now
		m.ended("f", event.FromONVIF, now(), now(), 1)
		time.Sleep(10 * time.Second)
		want("f started onvif 1.0 0")
		m.device("f", false, now())
		time.Sleep(6 * time.Second)
		want("f ended onvif 1.0 10")
		m.report("d", "started", now(), 1)
		m.close()
		m.report("d", "started", now(), 1)
		want("d started webhook 1.0 0", "d ended webhook 1.0 0")
	})
}
