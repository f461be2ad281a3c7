//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// crowd starts readers of one URL, all at the same instant, and runs each to its end.
func crowd(t *testing.T, n int, url string, each func(*player) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	players := make([]*player, n)
	for i := range players {
		p, err := dial(ctx, net.Dialer{}, url)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		players[i] = p
	}
	var (
		start = make(chan struct{})
		wg    sync.WaitGroup
	)
	for i, p := range players {
		wg.Go(func() {
			<-start
			err := p.play()
			if err == nil {
				err = each(p)
			}
			if err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
}

// However many come at once, the camera sees one connection, and none when they have gone.
func TestOnePullForManyReaders(t *testing.T) {
	t.Parallel()
	s := startSim(t, 50)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 5s}"})
	camera := s.find(t, 0, plain(sim.H264, true))
	g.register(t, s.channelRow("gate", camera))

	crowd(t, 20, g.play("gate"), func(p *player) error {
		if err := p.watch(func(f *flow) bool { return f.frames >= 75 }); err != nil {
			return err
		}
		return errors.Join(p.video().whole(), p.teardown())
	})
	left := time.Now()
	if c := s.camera(t, camera); c.Plays != 1 || c.MaxSessions != 1 || c.Sessions != 1 {
		t.Errorf("the camera saw %+v while 20 watched and just after, want 1 play, 1 session", c)
	}
	eventually(t, 5*time.Second, func() error {
		if c := s.camera(t, camera); c.Sessions != 0 {
			return fmt.Errorf("the camera still has %d sessions", c.Sessions)
		}
		return nil
	})
	// A second is the linger; the rest is for noticing.
	if took := time.Since(left); took < 500*time.Millisecond || took > 3*time.Second {
		t.Errorf("the pull ended %v after the last reader left, want about 1 s", took)
	}
	if c := s.camera(t, camera); c.Plays != 1 {
		t.Errorf("the camera saw %d plays, want 1", c.Plays)
	}
}

// A reader that joins a running pull starts with the keyframe that has already gone by.
func TestLateReaderSeesAPictureAtOnce(t *testing.T) {
	t.Parallel()
	s := startSim(t, 50)
	g := startGateway(t, nil)
	g.register(t, s.channelRow("gate", s.find(t, 0, plain(sim.H264, true))))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()

	first, err := dial(ctx, net.Dialer{}, g.play("gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := first.play(); err != nil {
		t.Fatal(err)
	}
	// A keyframe comes every 50 frames: 10 past the first one, the next is 1.6 s away.
	if err := first.watch(func(f *flow) bool { return f.frames >= 60 }); err != nil {
		t.Fatal(err)
	}
	late, err := dial(ctx, net.Dialer{}, g.play("gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	began := time.Now()
	if err := late.play(); err != nil {
		t.Fatal(err)
	}
	if err := late.watch(func(f *flow) bool { return f.frames >= 1 }); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the first picture took %v, want it at once", took)
	}
	if err := late.watch(func(f *flow) bool { return f.frames >= 60 }); err != nil {
		t.Fatal(err)
	}
	if err := late.video().whole(); err != nil {
		t.Error(err)
	}
}

// narrow dials with small segments and a small buffer, so that the network holds little of what isn't
// read.
func narrow() net.Dialer {
	return net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			err = errors.Join(
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048),
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536),
			)
		}); e != nil {
			return e
		}
		return err
	}}
}

// A reader that stops reading, without closing, takes nothing from the others.
func TestStalledReaderHarmsNobody(t *testing.T) {
	t.Parallel()
	s := startSim(t, 50)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 5s, reader_queue: 128KiB}"})
	camera := s.find(t, 0, plain(sim.H264, true))
	g.register(t, s.channelRow("gate", camera))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()

	stalled, err := dial(ctx, narrow(), g.play("gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	if err := stalled.play(); err != nil {
		t.Fatal(err)
	}
	// 16 s of the moving clip are 500 KiB: more than the socket and the queue hold.
	crowd(t, 10, g.play("gate"), func(p *player) error {
		last := time.Now()
		var pause time.Duration
		err := p.watch(func(f *flow) bool {
			now := time.Now()
			pause, last = max(pause, now.Sub(last)), now
			return f.frames >= 16*25
		})
		if pause > 2*time.Second {
			err = errors.Join(err, fmt.Errorf("nothing came for %v", pause))
		}
		return errors.Join(err, p.video().whole(), p.teardown())
	})
	// Otherwise it was no stalled reader.
	if g.metric(t, "sharpeyes_rtsp_skipped_units_total") == 0 {
		t.Error("the metrics don't tell that the stalled reader lost anything")
	}
	if c := s.camera(t, camera); c.MaxPlays != 1 {
		t.Errorf("the camera saw %d plays at a time, want 1", c.MaxPlays)
	}
}
