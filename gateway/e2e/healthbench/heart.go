//go:build linux

package main

import (
	"sync"
	"time"
)

// heart beats, and finds how long it ever missed a beat: a machine that is suspended, or has too much else
// to do, makes cameras and gateway look late.
type heart struct {
	once    sync.Once
	end     chan struct{}
	running sync.WaitGroup
	most    time.Duration
}

func (h *heart) start() {
	const beat = 50 * time.Millisecond
	h.end = make(chan struct{})
	h.running.Go(func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for last := time.Now().Round(0); ; {
			select {
			case <-h.end:
				return
			case <-tick.C:
				now := time.Now().Round(0) // the clock on the wall goes on while a machine is suspended
				h.most = max(h.most, now.Sub(last)-beat)
				last = now
			}
		}
	})
}

// stop ends it and returns the longest delay.
func (h *heart) stop() time.Duration {
	h.once.Do(func() {
		close(h.end)
		h.running.Wait()
	})
	return h.most
}
