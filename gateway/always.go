package gateway

import (
	"context"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// always lets channels be pulled whose motion is watched always: all of them where the budget is
// enough, else each in its turn.
type always struct {
	hub  *streams.Hub
	owns func(registry.Channel) bool
	wake chan struct{}

	mu      sync.Mutex
	budget  int
	version uint64 // of the registry that want was made of
	want    map[streams.Key]int
}

func newAlways(h *streams.Hub, budget int, owns func(registry.Channel) bool) *always {
	return &always{hub: h, owns: owns, budget: budget, wake: make(chan struct{}, 1)}
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
	return a.want[streams.Key{Channel: id, Profile: streams.Main}] > 0 || a.want[streams.Key{Channel: id, Profile: streams.Sub}] > 0
}

// choose takes over what the registry asks for now.
func (a *always) choose(now *registry.Snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := map[streams.Key]int{}
	for ch := range now.All() {
		if ch.Motion != "always" || !ch.Enabled || !a.owns(ch) {
			continue
		}
		key := streams.Key{Channel: ch.ID, Profile: streams.Main}
		if ch.SubURL != "" {
			key.Profile = streams.Sub // smaller, and enough to see that something moves
		}
		want[key] = shareOf(ch.Class)
	}
	if now.Version() >= a.version {
		a.want, a.version = want, now.Version()
	}
	a.signal()
}

// shareOf is how much of the time a channel of the class is watched, relative to others.
func shareOf(c registry.Class) int {
	switch c {
	case registry.PublicPlaces:
		return 3
	case registry.KeyPlaces:
		return 2
	}
	return 1
}

// limit changes the budget.
func (a *always) limit(budget int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.budget = budget
	a.signal()
}

func (a *always) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run holds the pulls until ctx ends.
func (a *always) run(ctx context.Context) error {
	s := newShifts(a.hub)
	defer s.close()
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	for {
		select {
		case <-a.wake:
			a.mu.Lock()
			want, budget := a.want, a.budget
			a.mu.Unlock()
			s.take(want, budget)
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.step(time.Now())
	}
}
