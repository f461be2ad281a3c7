package streams

import (
	"fmt"
	"time"
)

// warmth is how long a pull was asked to stay open without a reader.
type warmth struct {
	after time.Duration // the camera begins to send; 0 once it has
	until time.Time
	next  map[Key]time.Duration // what is to be opened when the pull has ended, and kept for how long
}

// Prewarm opens the pull of a stream for whoever comes within d of its first picture, and doesn't
// wait for the camera. A recorder that has no session to spare gives up no other prewarmed stream for
// it. The error is one of this package's or a *Failure.
func (h *Hub) Prewarm(key Key, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, err := h.open(key, forLater)
	if err != nil {
		return err
	}
	if p.key != key || !p.prewarm(d) {
		p.before(key, d)
	}
	return nil
}

// prewarm keeps the pull open for d after the camera sends, and reports false when it is ending.
func (p *Pull) prewarm(d time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending || p.ctx.Err() != nil {
		return false
	}
	until := time.Now().Add(d)
	if !p.playing {
		p.warm.after = max(p.warm.after, d)
		until = until.Add(p.hub.o.StartTimeout)
	}
	if until.After(p.warm.until) {
		p.warm.until = until
	}
	if len(p.readers) == 0 {
		p.lingers()
	}
	return true
}

// warmed is told that the camera sends. The lock is held.
func (p *Pull) warmed() {
	if p.warm.after == 0 {
		return
	}
	p.warm.until, p.warm.after = time.Now().Add(p.warm.after), 0
	if len(p.readers) == 0 {
		p.lingers()
	}
}

// unneeded is how long a pull without readers still stays open. The lock is held.
func (p *Pull) unneeded() time.Duration {
	return max(time.Duration(p.hub.linger.Load())-time.Since(p.left), time.Until(p.warm.until), 0)
}

// before notes what is to be prewarmed as soon as this pull, which ends, has made room. The hub's
// lock is held, and the hub still has the pull.
func (p *Pull) before(key Key, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.warm.next == nil {
		p.warm.next = map[Key]time.Duration{}
	}
	p.warm.next[key] = max(p.warm.next[key], d)
}

// prewarmNext opens what waited for the end of this pull. Nobody waits for the outcome.
func (p *Pull) prewarmNext() {
	p.mu.Lock()
	next := p.warm.next
	p.mu.Unlock()
	for key, d := range next {
		if err := p.hub.Prewarm(key, d); err != nil {
			p.hub.o.Log.Debug("a stream was not prewarmed", "stream", key, "error", fmt.Errorf("after the end of %v: %w", p.key, err))
		}
	}
}
