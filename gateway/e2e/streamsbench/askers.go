//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// askResult is what those were told who asked for cameras that never answer.
type askResult struct {
	Asked   int
	Answers map[string]int
}

// askers is the process of those who ask for dead cameras, a channel each, again and again, until in
// ends. It says when all have begun, and prints an askResult at the end.
func askers(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("askers", flag.ContinueOnError)
	server := flags.String("server", "", "address")
	n := flags.Int("n", 200, "askers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg sync.WaitGroup
		mu sync.Mutex
		r  = askResult{Answers: map[string]int{}}
	)
	const patience = 30 * time.Second
	ask := func(i int) {
		c, err := dial(ctx, "rtsp://"+*server+"/"+channelID(mute, i), patience, 4<<10)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { c.conn.Close() })
			defer stop()
			defer c.conn.Close()
			_, err = c.describe()
		}
		if ctx.Err() != nil {
			return
		}
		told := "a description"
		if err != nil {
			told = reason(err)
		}
		mu.Lock()
		defer mu.Unlock()
		r.Asked++
		r.Answers[told]++
	}
	for i := range *n {
		wg.Go(func() {
			for ctx.Err() == nil {
				ask(i)
				_ = sleep(ctx, time.Duration(500+rand.IntN(1000))*time.Millisecond)
			}
		})
	}
	e := json.NewEncoder(out)
	if err := e.Encode(struct{ Begun int }{*n}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	cancel()
	wg.Wait()
	return e.Encode(r)
}
