//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams/sim"
)

// answer is what the gateway says to DESCRIBE, and how long it took.
func (g *gateway) answer(t testing.TB, id string) (*base.Response, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := dial(ctx, net.Dialer{}, g.play(id))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	began := time.Now()
	res, err := p.describe()
	if err != nil {
		t.Fatalf("DESCRIBE %s: %v", id, err)
	}
	return res, time.Since(began)
}

// A reader is told what is wrong, in time, and nothing is left behind.
func TestRefusalsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := startSim(t, 20)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 2s}"})
	faults := map[string]sim.Fault{
		"resets": {Kind: sim.Die},
		"mute":   {Kind: sim.Mute},
		"full":   {Kind: sim.Sessions, Sessions: 0},
	}
	off := s.channelRow("off", 0)
	off["url"] = "rtsp://" + deadAddress(t) + "/main"
	rows, camera := []row{off}, 1
	for id, f := range faults {
		rows = append(rows, s.channelRow(id, camera))
		s.set(t, camera, f)
		camera++
	}
	g.register(t, rows...)

	ask := func(id string, want base.StatusCode) {
		res, took := g.answer(t, id)
		if res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", id, res.StatusCode, res.StatusMessage, want)
		}
		if took > 4*time.Second {
			t.Errorf("%s: answered after %v, want it within start_timeout, 2 s", id, took)
		}
	}
	// Once before counting, so that whatever is made once has been made.
	ask("nobody", base.StatusNotFound)
	ask("off", base.StatusServiceUnavailable)
	var goroutines float64
	var sockets int
	eventually(t, 20*time.Second, func() error {
		// They may still be falling from the import; two equal counts in a row are rest.
		n, f := g.metric(t, "go_goroutines"), g.sockets(t)
		if n != goroutines || f != sockets {
			goroutines, sockets = n, f
			return fmt.Errorf("%v goroutines, %d sockets: not at rest", n, f)
		}
		return nil
	})

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { ask("nobody", base.StatusNotFound) })
		wg.Go(func() { ask("off", base.StatusServiceUnavailable) })
		for id := range faults {
			want := base.StatusCode(base.StatusServiceUnavailable)
			if id == "full" {
				want = base.StatusNotEnoughBandwidth
			}
			wg.Go(func() { ask(id, want) })
		}
	}
	wg.Wait()
	eventually(t, 20*time.Second, func() error {
		if n, f := g.metric(t, "go_goroutines"), g.sockets(t); n > goroutines+flushers || f > sockets {
			return fmt.Errorf("%v goroutines and %d sockets, want about %v and %d as before", n, f, goroutines, sockets)
		}
		return nil
	})
	// A probe of the one that is mute may hold a connection for as long as it has patience.
	eventually(t, 20*time.Second, func() error {
		if c := s.totals(t); c.Sessions != 0 || c.Open != 0 {
			return fmt.Errorf("the cameras still have %d sessions and %d connections", c.Sessions, c.Open)
		}
		return nil
	})
}

// A camera that promises to send and doesn't is given up, and its reader doesn't wait for ever.
func TestSilentCameraIsGivenUp(t *testing.T) {
	t.Parallel()
	s := startSim(t, 10)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 2s}"})
	s.set(t, 1, sim.Fault{Kind: sim.Silent})
	g.register(t, s.channelRow("silent", 1))
	events := g.subscribe(t, "sharpeyes.event.stream.>")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := dial(ctx, net.Dialer{}, g.play("silent"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var refused *refusal
	if err := p.play(); err == nil {
		if err := p.watch(func(f *flow) bool { return false }); err == nil || ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the reader still waits: %v", err)
		}
	} else if !errors.As(err, &refused) || refused.res.StatusCode != base.StatusServiceUnavailable {
		t.Errorf("refused with %v, want 503", err)
	}
	events.await(t, 10*time.Second, "stream failed", func(e cloudEvent) bool {
		return e.Type == "sharpeyes.stream.failed" && e.Subject == "silent" && e.Data.Reason == "no_packets"
	})
	eventually(t, 5*time.Second, func() error {
		if c := s.totals(t); c.Sessions != 0 {
			return fmt.Errorf("the camera still has %d sessions", c.Sessions)
		}
		return nil
	})
}
