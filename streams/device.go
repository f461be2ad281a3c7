package streams

import (
	"errors"
	"fmt"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// need is for what a pull is opened.
type need int

const (
	forNobody need = iota // it is to be looked at
	forLater              // somebody may come
	forReader             // somebody is there
)

// sharing are the pulls of one recorder but for one of them; none when there is no recorder. The lock is held.
func (h *Hub) sharing(device string, but *Pull) []*Pull {
	var all []*Pull
	if device == "" {
		return nil
	}
	for _, p := range h.pulls {
		if p != but && p.device == device {
			all = append(all, p)
		}
	}
	return all
}

// budget decides whether one more pull may be opened. When it may not, a pull that nobody watches is
// given up, and returned: it must be gone first. The lock is held.
func (h *Hub) budget(ch registry.Channel, n need) (ending *Pull, err error) {
	if h.o.MaxPerDevice > 0 {
		if all := h.sharing(ch.DeviceKey(), nil); len(all) >= h.o.MaxPerDevice {
			if p := spare(all, n); p != nil {
				return p, nil
			}
			return nil, fmt.Errorf("%w: %d streams of %s are open, as many as streams.max_pulls_per_device allows", ErrQuota, len(all), ch.DeviceKey())
		}
	}
	if h.o.MaxPulls > 0 && len(h.pulls) >= h.o.MaxPulls {
		all := make([]*Pull, 0, len(h.pulls))
		for _, p := range h.pulls {
			all = append(all, p)
		}
		if p := spare(all, n); p != nil {
			return p, nil
		}
		return nil, fmt.Errorf("%w: %d streams are open, as many as streams.max_pulls allows", ErrQuota, len(all))
	}
	return nil, nil
}

// makeRoom gives up a pull of the recorder that nobody watches, if there is one.
func (h *Hub) makeRoom(device string, but *Pull) *Pull {
	but.mu.Lock()
	n := forLater
	switch {
	case len(but.readers) > 0:
		n = forReader
	case but.held > 0 && time.Until(but.warm.until) <= 0:
		n = forNobody
	}
	but.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	return spare(h.sharing(device, but), n)
}

// spare ends the pull that has been without readers for the longest time, if there is one, or finds
// one that is just ending. Those that are but held come first, prewarmed ones last, and only when a
// reader is there. None is ended for nobody.
func spare(all []*Pull, n need) *Pull {
	if n == forNobody {
		return nil
	}
	type candidate struct {
		p         *Pull
		prewarmed bool
		held      bool
		left      time.Time
	}
	var best candidate
	for _, p := range all {
		p.mu.Lock()
		c := candidate{p, time.Until(p.warm.until) > 0, p.held > 0, p.left}
		ending, watched := p.ending || p.ctx.Err() != nil, len(p.readers) > 0
		p.mu.Unlock()
		switch {
		case ending:
			return p
		case watched, c.prewarmed && n == forLater:
		case best.p == nil:
			best = c
		case best.prewarmed != c.prewarmed:
			if best.prewarmed {
				best = c
			}
		case best.held != c.held:
			if c.held {
				best = c
			}
		case c.left.Before(best.left):
			best = c
		}
	}
	if best.p == nil {
		return nil
	}
	best.p.mu.Lock()
	defer best.p.mu.Unlock()
	if !best.p.giveUp() {
		return nil // somebody has just come
	}
	return best.p
}

// idle reports whether nobody reads the pull.
func (p *Pull) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.readers) == 0
}

// disguised finds out whether a refusal is a limit in disguise: some recorders answer 401 or 403
// when they have no session to spare, and that they took the same password for another stream, which
// they are sending now, tells it apart from a password that is wrong.
func (h *Hub) disguised(p *Pull, ch registry.Channel, err error) error {
	var f *Failure
	if !errors.As(err, &f) || f.Reason != event.Unauthorized {
		return err
	}
	h.mu.Lock()
	all := h.sharing(ch.DeviceKey(), p)
	h.mu.Unlock()
	for _, other := range all {
		other.mu.Lock()
		accepted := other.playing && other.channel.Username == ch.Username && other.channel.Password == ch.Password
		other.mu.Unlock()
		if accepted {
			return &Failure{Reason: event.SessionFull, Err: f, Detail: fmt.Sprintf(
				"%s refused another stream while it sends one that the same password opened: it has no session to spare", ch.DeviceKey())}
		}
	}
	return err
}
