//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"sync"
	"syscall"
	"time"
)

// crowdResult is what many readers saw in the window.
type crowdResult struct {
	Playing int            // readers that were there at the end
	Errors  map[string]int // why others weren't
	Window  time.Duration
	Bytes   int64 // of interleaved frames, to all readers
	Packets int64
	Lost    int64 // sequence numbers that never came
	Missing int64 // pictures that never came
	Uneven  int64 // steps of the timestamp that aren't whole pictures forward
	// From the camera's write of a picture until its last byte was read.
	LagP50, LagP99 time.Duration
	LagMost        time.Duration
	WorstP99       time.Duration // of each reader's worst
	Server         usage         // what its process used in the window
	Self           time.Duration // processor time of this process
}

// cost is CPU seconds of the server for a Gbit delivered.
func (r crowdResult) cost() float64 { return r.Server.CPU.Seconds() / (float64(r.Bytes) * 8 / 1e9) }

// crowd is the process of many readers. It prints a crowdResult.
func crowd(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("crowd", flag.ContinueOnError)
	server := flags.String("server", "", "address")
	kind := flags.String("kind", live, "of cameras")
	channels := flags.Int("channels", 1, "that readers are spread over")
	readers := flags.Int("readers", 1, "all together")
	pid := flags.Int("pid", 0, "of the server")
	warm := flags.Duration("warm", 3*time.Second, "from the last join to the window")
	window := flags.Duration("window", 10*time.Second, "that is measured")
	if err := flags.Parse(args); err != nil {
		return err
	}
	loops := []*loop{nil, nil} // two goroutines that read everything
	for i := range loops {
		l, err := newLoop()
		if err != nil {
			return err
		}
		loops[i] = l
		go l.run()
	}
	errs := joinCrowd(ctx, loops, *server, *kind, *channels, *readers)
	if err := sleep(ctx, *warm); err != nil {
		return err
	}
	for _, l := range loops {
		l.begin()
	}
	began, server0, self0 := time.Now(), usageOf(*pid), usageOf(syscall.Getpid())
	if err := sleep(ctx, *window); err != nil {
		return err
	}
	server1, self1 := usageOf(*pid), usageOf(syscall.Getpid())
	r := crowdResult{Errors: errs, Window: time.Since(began), Self: self1.CPU - self0.CPU, Server: server1}
	r.Server.CPU -= server0.CPU
	for _, l := range loops {
		l.mu.Lock() // for good
	}
	r.gather(loops)
	return json.NewEncoder(out).Encode(r)
}

// joinCrowd plays all channels, a few joins at a time, and says what went wrong.
func joinCrowd(ctx context.Context, loops []*loop, server, kind string, channels, readers int) map[string]int {
	const atOnce, patience = 16, 20 * time.Second
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs = map[string]int{}
		gate = make(chan struct{}, atOnce)
	)
	for i := range readers {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			c, err := dial(ctx, "rtsp://"+server+"/"+channelID(kind, i%channels), patience, 4<<10)
			if err == nil {
				_, err = c.play()
			}
			if err == nil {
				err = loops[i%len(loops)].add(c)
			}
			if err != nil {
				mu.Lock()
				errs[reason(err)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errs
}

// reason is an error without addresses, so that the same ones can be counted.
func reason(err error) string {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no.Error()
	}
	if r, ok := errors.AsType[refused](err); ok {
		return r.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return "time-out"
	}
	return err.Error()
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

// stalled is how long one who plays may hear nothing.
const stalled = 2 * time.Second

// gather sums up what the readers saw since the window began.
func (r *crowdResult) gather(loops []*loop) {
	var lags histogram
	var worst []time.Duration
	for _, l := range loops {
		lags.add(&l.lags)
		for _, w := range l.watchers {
			r.Bytes += w.bytes
			r.Packets += w.packets
			r.Lost += w.lost
			r.Uneven += w.uneven
			r.Missing += w.missing
			worst = append(worst, w.worst)
			switch {
			case w.err != nil:
				r.Errors["while playing: "+reason(w.err)]++
			case w.frames == 0 || time.Since(w.heard) > stalled:
				r.Errors["heard nothing any more"]++
			default:
				r.Playing++
			}
		}
	}
	r.LagP50, r.LagP99, r.LagMost = lags.quantile(0.5), lags.quantile(0.99), lags.most
	r.WorstP99 = quantile(worst, 0.99)
}

// sleep waits, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
