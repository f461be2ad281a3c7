//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sharpeyes/streams/sim"
)

// Readers come, go, stall and die, cameras with them, for as long as SHARPEYES_SOAK says. Whoever
// does none of that misses nothing, and once all have gone the gateway is as small as before.
func TestSoak(t *testing.T) {
	length := time.Minute
	if v := os.Getenv("SHARPEYES_SOAK"); v != "" {
		var err error
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatalf("SHARPEYES_SOAK: %v", err)
		}
	}
	const (
		crowd = 40
		// memoryMore is what memory may be more than at the first rest, within which the store's caches and the
		// collector move: a round makes thousands of units, readers and requests, and there are many rounds.
		memoryMore = 48 << 20
	)
	c := newChurn(t)
	var first footprint
	end := time.Now().Add(length)
	for round := 0; round < 3 || time.Now().Before(end); round++ {
		done := c.run(t, crowd, uint64(round), min(max(length/5, 10*time.Second), 2*time.Minute))
		now := c.rest(t, first)
		t.Logf("round %d: %v; at rest %d goroutines, %d sockets, %d MiB", round, done, now.goroutines, now.sockets, now.resident>>20)
		if round == 0 { // what is made once has been made
			first = now
			continue
		}
		if now.resident > first.resident+memoryMore {
			t.Errorf("%d MiB at rest, want about the %d of the first rest", now.resident>>20, first.resident>>20)
		}
	}
	if c.g.metric(t, "sharpeyes_rtsp_skipped_units_total") == 0 {
		t.Error("those who stalled lost nothing: they didn't stall")
	}
}

// flushers are the goroutines that the store has, or not, for files that were written to last.
const flushers = 8

// footprint is what the gateway takes.
type footprint struct {
	goroutines, sockets int
	resident            int64
}

// churn is a gateway and cameras, some of them bad, and what readers do.
type churn struct {
	s *simulator
	g *gateway
}

// The cameras, in the order of their numbers: good ones, such as are in trouble, and dead ones.
const (
	goodCameras = 20
	allCameras  = 30
)

func newChurn(t *testing.T) *churn {
	t.Helper()
	c := &churn{s: startSim(t, allCameras), g: startGateway(t, settings{
		"streams": "{linger: 1s, start_timeout: 3s, reader_queue: 192KiB}",
	})}
	for i, f := range []sim.Fault{
		{Kind: sim.Die}, {Kind: sim.Mute}, {Kind: sim.Silent}, {Kind: sim.Garbage}, {Kind: sim.Sessions},
		{Kind: sim.Flap, Up: 3, Down: 2}, {Kind: sim.Hangup, Seconds: 2}, {Kind: sim.Loss, Percent: 5},
		{Kind: sim.Restart, Seconds: 1}, {Kind: sim.Slow, Seconds: 0.2},
	} {
		c.s.set(t, goodCameras+i, f)
	}
	var rows []row
	for i := range allCameras {
		rows = append(rows, c.s.channelRow(soakID(i), i))
	}
	c.g.register(t, rows...)
	return c
}

func soakID(camera int) string { return fmt.Sprintf("soak%d", camera) }

// run has a crowd of readers come and go for d, and tells how often each thing was done.
func (c *churn) run(t *testing.T, crowd int, seed uint64, d time.Duration) map[string]int {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		done = map[string]int{}
	)
	for i := range 3 { // who stays, and must not notice anybody
		wg.Go(func() {
			if err := c.stay(ctx, i); err != nil {
				t.Errorf("who stays on %s: %v", soakID(i), err)
			}
		})
	}
	acts := []struct {
		name string
		do   func(context.Context, *rand.Rand) error
	}{
		{"came and went", c.comeAndGo}, {"came and went", c.comeAndGo}, {"left without a word", c.leave},
		{"stalled", c.stall}, {"hung in the middle", c.hang}, {"asked a bad camera", c.askBad}, {"came in a browser", c.browse},
	}
	for i := range crowd {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for ctx.Err() == nil {
				act := acts[random.IntN(len(acts))]
				// What was begun is done to its end, in much more time than it takes.
				own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
				err := act.do(own, random)
				cancel()
				if err != nil {
					t.Errorf("who %s: %v", act.name, err)
				}
				mu.Lock()
				done[act.name]++
				mu.Unlock()
				pause(ctx, random, time.Second)
			}
		})
	}
	wg.Wait()
	return done
}

// pause waits for up to d, or until ctx is done.
func pause(ctx context.Context, random *rand.Rand, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(random.Int64N(int64(d)))):
	}
}

// play begins to play a camera; the connection ends with ctx.
func (c *churn) play(ctx context.Context, camera int, profile string) (*player, error) {
	return c.playOver(ctx, net.Dialer{}, camera, profile)
}

func (c *churn) playOver(ctx context.Context, d net.Dialer, camera int, profile string) (*player, error) {
	url := c.g.play(soakID(camera))
	if profile == "sub" {
		url += "/sub"
	}
	p, err := dial(ctx, d, url)
	if err != nil {
		return nil, err
	}
	if err := p.play(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// stay plays until ctx is done.
func (c *churn) stay(ctx context.Context, camera int) error {
	p, err := c.play(ctx, camera, "main")
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.watch(func(*flow) bool { return false }); !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return begunWell(p)
}

// begunWell complains of a reader of a good camera that didn't begin with a keyframe, or lost anything.
func begunWell(p *player) error {
	v := p.video()
	if v.packets > 0 && !v.keyframe || v.lost > 0 {
		return fmt.Errorf("of %d frames, begins with a keyframe: %v, %d packets lost", v.frames, v.keyframe, v.lost)
	}
	return nil
}

// somewhere is a good camera and a profile.
func somewhere(random *rand.Rand) (camera int, profile string) {
	return random.IntN(goodCameras), []string{"main", "sub"}[random.IntN(2)]
}

// comeAndGo plays for a while, and takes its leave.
func (c *churn) comeAndGo(ctx context.Context, random *rand.Rand) error {
	camera, profile := somewhere(random)
	p, err := c.play(ctx, camera, profile)
	if err != nil {
		return err
	}
	defer p.Close()
	frames := 1 + random.IntN(100)
	if err := p.watch(func(f *flow) bool { return f.frames >= frames }); err != nil {
		return err
	}
	if err := begunWell(p); err != nil {
		return err
	}
	return p.teardown()
}

// leave plays for a while and is gone, with a reset or without.
func (c *churn) leave(ctx context.Context, random *rand.Rand) error {
	camera, profile := somewhere(random)
	p, err := c.play(ctx, camera, profile)
	if err != nil {
		return err
	}
	frames := random.IntN(50)
	err = p.watch(func(f *flow) bool { return f.frames >= frames })
	if random.IntN(2) == 0 {
		_ = p.conn.(*net.TCPConn).SetLinger(0)
	}
	return errors.Join(err, p.Close())
}

// stall plays, and then reads nothing more, for longer or shorter than the gateway has patience.
func (c *churn) stall(ctx context.Context, random *rand.Rand) error {
	camera, _ := somewhere(random)
	p, err := c.playOver(ctx, narrow(), camera, "main")
	if err != nil {
		return err
	}
	defer p.Close()
	pause(ctx, random, 15*time.Second)
	return nil
}

// hang goes silent in the middle of what it says.
func (c *churn) hang(ctx context.Context, random *rand.Rand) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.g.rtsp)
	if err != nil {
		return err
	}
	defer conn.Close()
	said := fmt.Sprintf("DESCRIBE %s RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n", c.g.play(soakID(random.IntN(allCameras))))
	if random.IntN(3) == 0 {
		said += "$\x00\xff\xff" // and then nothing of the packet
	}
	if _, err := conn.Write([]byte(said[:random.IntN(len(said)+1)])); err != nil {
		return err
	}
	pause(ctx, random, 5*time.Second)
	return nil
}

// askBad plays a camera that is in trouble or dead, as far as that goes.
func (c *churn) askBad(ctx context.Context, random *rand.Rand) error {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Second)
	defer cancel()
	p, err := c.play(ctx, goodCameras+random.IntN(allCameras-goodCameras), "main")
	if err != nil {
		return nil
	}
	defer p.Close()
	frames := random.IntN(100)
	_ = p.watch(func(f *flow) bool { return f.frames >= frames })
	return nil
}

// browse plays in a browser, which is closed without a word.
func (c *churn) browse(ctx context.Context, random *rand.Rand) error {
	camera, profile := somewhere(random)
	ws, _, err := websocket.DefaultDialer.DialContext(ctx,
		fmt.Sprintf("ws://%s/api/v1/ws/live/%s?profile=%s", c.g.http, soakID(camera), profile), nil)
	if err != nil {
		return err
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	for range 1 + random.IntN(100) {
		if _, _, err := ws.ReadMessage(); err != nil {
			if _, closed := errors.AsType[*websocket.CloseError](err); closed && sim.SceneOf(camera).Codec == sim.H265 {
				return nil // this "browser" has nothing against it, but who says so first has the last word
			}
			return err
		}
	}
	return nil
}

// rest waits until nothing is pulled and the gateway is no larger than it was at the first rest, and
// returns how large it is.
func (c *churn) rest(t *testing.T, first footprint) footprint {
	t.Helper()
	eventually(t, 40*time.Second, func() error {
		pulls, readers, conns := c.g.metric(t, "sharpeyes_pulls"), c.g.metric(t, "sharpeyes_readers"), c.g.metric(t, "sharpeyes_rtsp_connections")
		if pulls+readers+conns > 0 {
			return fmt.Errorf("%.0f pulls, %.0f readers and %.0f connections, and nobody is there", pulls, readers, conns)
		}
		if s := c.s.totals(t); s.Sessions > 0 || s.Open > 0 {
			return fmt.Errorf("the cameras have %d sessions and %d connections, and nobody is there", s.Sessions, s.Open)
		}
		return nil
	})
	var now footprint
	defer func() {
		if t.Failed() { // what is too much, before it is gone
			c.g.autopsy(t)
		}
	}()
	eventually(t, 40*time.Second, func() error {
		before := now
		now.goroutines, now.sockets = int(c.g.metric(t, "go_goroutines")), c.g.sockets(t)
		switch {
		case first.sockets == 0 && now != before: // no rest to compare with yet: two in a row
			return fmt.Errorf("%d goroutines and %d sockets: not at rest", now.goroutines, now.sockets)
		case first.sockets > 0 && (now.goroutines > first.goroutines+flushers || now.sockets > first.sockets):
			return fmt.Errorf("%d goroutines and %d sockets at rest, want about the %d and %d of the first rest",
				now.goroutines, now.sockets, first.goroutines, first.sockets)
		}
		return nil
	})
	now.resident, _ = c.g.resident(t)
	return now
}
