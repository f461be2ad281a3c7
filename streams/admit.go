package streams

import (
	"fmt"
	"slices"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// A camera that fails is left alone for firstPause, and after each further failure for twice as
// long, up to lastPause: whoever asks in between is told the last failure. Else a few impatient
// readers would hammer a dead camera, and flood the city with its failures.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	fullPause  = 4 * time.Second // for a recorder that has no session to spare
)

// lockout is how long a camera that refused its password is left alone, unless its channel is
// edited: cameras lock accounts out after a few wrong passwords.
const lockout = 30 * time.Minute

// failed is the last attempt at a stream that did not flow.
type failed struct {
	failure *Failure
	at      time.Time
	pause   time.Duration // until the next attempt
	last    time.Duration // the same before the dice were thrown
}

// Refused says that the camera of a channel refused its password at the given time, before this hub
// was made: a restart is no reason to try again.
func (h *Hub) Refused(id string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused[id] = at
}

// open finds or starts the pull, or returns one that must be gone before. The lock is held.
func (h *Hub) open(key Key, n need) (*Pull, error) {
	if h.closed {
		return nil, ErrClosed
	}
	if p := h.pulls[key]; p != nil {
		return p, nil
	}
	ch, err := h.admit(key)
	if err != nil {
		return nil, err
	}
	if ending, err := h.budget(ch, n); ending != nil || err != nil {
		return ending, err
	}
	knew := h.descs[key]
	if _, ok := h.failed[key]; ok {
		knew = nil // who knows what comes next
	}
	p := newPull(h, key, ch, knew)
	h.pulls[key] = p
	h.wg.Go(p.run)
	return p, nil
}

// admit decides whether a pull may be opened. The lock is held.
func (h *Hub) admit(key Key) (registry.Channel, error) {
	ch, ok := h.o.Channel(key.Channel)
	switch {
	case !ok:
		return ch, ErrNoChannel
	case !ch.Enabled:
		return ch, ErrDisabled
	case URL(ch, key.Profile) == "":
		return ch, ErrNoStream
	}
	if at, ok := h.refused[key.Channel]; ok {
		if left := lockout - time.Since(at); left > 0 {
			return ch, &Failure{Reason: event.Unauthorized, Detail: fmt.Sprintf(
				"the camera refused the password; it is tried again in %v or when the channel is edited", left.Round(time.Minute))}
		}
		delete(h.refused, key.Channel)
	}
	if last, ok := h.failed[key]; ok && time.Since(last.at) < last.pause && !h.freed(ch, last) {
		return ch, last.failure
	}
	return ch, nil
}

// freed reports whether a recorder that had no session to spare can be given one back. The lock is
// held.
func (h *Hub) freed(ch registry.Channel, last failed) bool {
	return last.failure.Reason == event.SessionFull && slices.ContainsFunc(h.sharing(ch.DeviceKey(), nil), (*Pull).idle)
}

// remove forgets a pull whose connection is gone, and remembers why.
func (h *Hub) remove(p *Pull, f *Failure, i Info) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pulls, p.key)
	h.stats.bytes, h.stats.lost = h.stats.bytes+i.Bytes, h.stats.lost+i.Lost
	if i.Flowing {
		delete(h.failed, p.key)
	}
	if f == nil {
		return
	}
	pause := longer(h.failed[p.key].last)
	if f.Reason == event.SessionFull {
		pause = min(pause, fullPause) // it lasts until anybody leaves
	}
	h.failed[p.key] = failed{failure: f, at: time.Now(), pause: jittered(pause), last: pause}
	if f.Reason == event.Unauthorized {
		h.refused[p.key.Channel] = time.Now()
	}
}
