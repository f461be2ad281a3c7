//go:build e2e

package e2e

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// Somebody walks through the moving scenes for 6 of every 16 s, and through the still ones never.
// The streams are pulled for a reader, and looked at for that reason alone.
func TestMotionEvents(t *testing.T) {
	t.Parallel()
	s := startSim(t, 400)
	g := startGateway(t, settings{"motion": "{hold: 2s}"})
	scenes := map[string]func(sim.Scene) bool{
		"moving-h264": plain(sim.H264, true), "moving-h265": plain(sim.H265, true),
		"still-h264": plain(sim.H264, false), "still-h265": plain(sim.H265, false),
	}
	var rows []row
	for id, scene := range scenes {
		rows = append(rows, s.channelRow(id, s.find(t, 0, scene)))
	}
	g.register(t, rows...)
	events := g.subscribe(t, "sharpeyes.event.motion.>")

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop()
	for id := range scenes {
		p, err := dial(ctx, net.Dialer{}, g.play(id))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.play(); err != nil {
			t.Fatal(err)
		}
		context.AfterFunc(ctx, func() { p.Close() })
		readers.Go(func() {
			for p.next() == nil {
			}
		})
	}
	began := time.Now()
	for id := range scenes {
		if !strings.HasPrefix(id, "moving") {
			continue
		}
		is := func(kind string) func(cloudEvent) bool {
			return func(e cloudEvent) bool { return e.Subject == id && e.Type == kind }
		}
		// A loop to learn in, and one to see it in.
		e := events.await(t, 40*time.Second, "motion started: "+id, is("sharpeyes.motion.started"))
		if !strings.HasPrefix(e.Topic, "sharpeyes.event.motion.c1.campus.") || e.Data.Score <= 0 || e.Data.Score > 1 {
			t.Errorf("not the event that was promised: %+v", e)
		}
		e = events.await(t, 20*time.Second, "motion ended: "+id, is("sharpeyes.motion.ended"))
		if e.Data.Duration < 4 || e.Data.Duration > 12 {
			t.Errorf("%s: the motion lasted %.1f s, want the 6 s of the scene and at most the hold of 2 s and some", id, e.Data.Duration)
		}
	}
	// Time enough for the still scenes to be accused, too.
	if rest := 36*time.Second - time.Since(began); rest > 0 {
		<-time.After(rest)
	}
	all, _ := events.events(t)
	for _, e := range all {
		if strings.HasPrefix(e.Subject, "still") {
			t.Errorf("%s of a scene where nothing moves: %+v", e.Type, e)
		}
	}
}
