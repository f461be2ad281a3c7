package gateway

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// always keeps a pull open for channels whose motion is watched always, as many as the budget
// allows, in the order of their ids.
type always struct {
	hub  *streams.Hub
	wake chan struct{}

	mu      sync.Mutex
	budget  int
	version uint64 // of the registry that want was made of
	want    map[streams.Key]bool
}

func newAlways(h *streams.Hub, budget int) *always {
	return &always{hub: h, budget: budget, wake: make(chan struct{}, 1)}
}

// changed takes over what a transaction changed. Most touch no channel that is watched always, and
// don't cost a look at the whole city.
func (a *always) changed(now *registry.Snapshot, tx registry.Transaction) {
	a.mu.Lock()
	touched := a.want == nil || slices.ContainsFunc(tx.Put, func(c registry.Channel) bool { return c.Motion == "always" || a.wants(c.ID) }) ||
		slices.ContainsFunc(tx.Delete, a.wants)
	a.mu.Unlock()
	if touched {
		a.choose(now)
	}
}

// wants reports whether the channel is one of those that are wanted; mu is held.
func (a *always) wants(id string) bool {
	return a.want[streams.Key{Channel: id, Profile: streams.Main}] || a.want[streams.Key{Channel: id, Profile: streams.Sub}]
}

// choose takes over what the registry asks for now.
func (a *always) choose(now *registry.Snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := map[streams.Key]bool{}
	for ch := range now.All() {
		if len(want) == a.budget {
			break
		}
		if ch.Motion != "always" || !ch.Enabled {
			continue
		}
		key := streams.Key{Channel: ch.ID, Profile: streams.Main}
		if ch.SubURL != "" {
			key.Profile = streams.Sub // smaller, and enough to see that something moves
		}
		want[key] = true
	}
	if now.Version() >= a.version {
		a.want, a.version = want, now.Version()
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// limit changes the budget.
func (a *always) limit(budget int, now *registry.Snapshot) {
	a.mu.Lock()
	a.budget = budget
	a.mu.Unlock()
	a.choose(now)
}

// run holds the pulls until ctx ends.
func (a *always) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	held := map[streams.Key]context.CancelFunc{}
	for {
		a.mu.Lock()
		want := a.want
		a.mu.Unlock()
		for key, release := range held {
			if !want[key] {
				release()
				delete(held, key)
			}
		}
		for key := range want {
			if held[key] == nil {
				one, release := context.WithCancel(ctx)
				held[key] = release
				wg.Go(func() { a.hold(one, key) })
			}
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			for _, release := range held {
				release()
			}
			return ctx.Err()
		}
	}
}

// hold joins the stream without playing it, which keeps it open at no cost, and again after it
// ended, ever more seldom while it fails.
func (a *always) hold(ctx context.Context, key streams.Key) {
	const first, last = time.Second, time.Minute
	pause := first
	for ctx.Err() == nil {
		joined := time.Now()
		if r, err := a.hub.Join(ctx, key, streams.Who{Kind: "motion"}); err == nil {
			select {
			case <-r.Ended():
			case <-ctx.Done():
			}
			r.Close()
		}
		if time.Since(joined) > last {
			pause = first
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
		pause = min(2*pause, last)
	}
}
