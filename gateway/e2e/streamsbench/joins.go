//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// joinResult is how long joins took, from the dialling of the connection on.
type joinResult struct {
	Answered  []time.Duration // until PLAY was answered
	Keyframes []time.Duration // until the last byte of the first keyframe was read
	Early     int             // joins that were sent something else before the keyframe
	Errors    map[string]int
}

// joiner joins channels and takes the time.
type joiner struct {
	server, kind string
	patience     time.Duration

	mu     sync.Mutex
	result joinResult
}

// joins is the process that joins channels, each once, or all readers one channel. With -late a
// reader plays each of them first. It prints a joinResult.
func joins(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("joins", flag.ContinueOnError)
	j := &joiner{result: joinResult{Errors: map[string]int{}}}
	flags.StringVar(&j.server, "server", "", "address")
	flags.StringVar(&j.kind, "kind", key, "of cameras")
	first := flags.Int("first", 0, "number of the first channel")
	n := flags.Int("n", 1, "joins")
	one := flags.Bool("one", false, "all join the first channel")
	atOnce := flags.Int("at-once", 1, "under way at a time")
	late := flags.Bool("late", false, "join what is being played already, at any point of its GOP")
	flags.DurationVar(&j.patience, "patience", 25*time.Second, "until the keyframe must be there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	channel := func(i int) int {
		if *one {
			return *first
		}
		return *first + i
	}
	if *late {
		release, err := j.hold(ctx, channel, *n)
		defer release()
		if err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	gate := make(chan struct{}, *atOnce)
	for i := range *n {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			j.join(ctx, channel(i))
		})
		if *atOnce == 1 {
			// Joins one by one are apart, and not in step with anything.
			if err := sleep(ctx, time.Duration(10+rand.IntN(40))*time.Millisecond); err != nil {
				return err
			}
		}
	}
	wg.Wait()
	return json.NewEncoder(out).Encode(&j.result)
}

// join joins one channel, and stays until its first keyframe is whole.
func (j *joiner) join(ctx context.Context, channel int) {
	answered, whole, early, err := j.try(ctx, channel)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.result.Errors[reason(err)]++
		return
	}
	j.result.Answered = append(j.result.Answered, answered)
	j.result.Keyframes = append(j.result.Keyframes, whole)
	if early {
		j.result.Early++
	}
}

func (j *joiner) try(ctx context.Context, channel int) (answered, whole time.Duration, early bool, err error) {
	c, err := dial(ctx, j.url(channel), j.patience, 64<<10)
	if err != nil {
		return 0, 0, false, err
	}
	defer c.conn.Close()
	if _, err := c.play(); err != nil {
		return 0, 0, false, err
	}
	answered = time.Since(c.dialled)
	if err := c.conn.SetReadDeadline(c.dialled.Add(j.patience)); err != nil {
		return 0, 0, false, err
	}
	early, err = c.awaitKeyframe()
	return answered, time.Since(c.dialled), early, err
}

func (j *joiner) url(channel int) string {
	return "rtsp://" + j.server + "/" + channelID(j.kind, channel)
}

// awaitKeyframe reads until a keyframe is whole, and tells whether it was sent other pictures before.
func (c *client) awaitKeyframe() (early bool, err error) {
	var b []byte
	for {
		if b, err = c.frame(b[:0]); err != nil {
			return early, err
		}
		if b[1] != 0 {
			continue
		}
		p, ok := parsePacket(b[4:])
		switch {
		case !ok:
			return early, errors.New("no RTP packet")
		case !p.keyframe:
			early = true
		case p.marker:
			return early, nil
		}
	}
}

// hold has a reader on each channel, with its keyframe, until release is called.
func (j *joiner) hold(ctx context.Context, channel func(int) int, n int) (release func(), err error) {
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		all []*client
	)
	release = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range all {
			c.conn.Close()
		}
	}
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			c, err := dial(ctx, j.url(channel(i)), j.patience, 64<<10)
			if err != nil {
				errs <- err
				return
			}
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			if _, err := c.play(); err != nil {
				errs <- err
				return
			}
			if _, err := c.awaitKeyframe(); err != nil {
				errs <- err
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c.br) }() // ends when it is released
		})
	}
	wg.Wait()
	select {
	case err = <-errs:
	default:
	}
	return release, err
}
