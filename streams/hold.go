package streams

import "time"

// Hold keeps a pull open for whoever looks at it and is no reader, as the detector of motion. It is
// never at a reader's expense: a pull that is but held is the first to be given up, and none is given
// up for it.
type Hold struct{ pull *Pull }

// Hold keeps the pull of a stream open until Close, or until it ends by itself or makes room. It opens
// the pull if there is none, and doesn't wait for the camera. The error is one of this package's or a
// *Failure.
func (h *Hub) Hold(key Key) (*Hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.pulls[key] != nil
	p, err := h.open(key, forNobody)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !found {
		p.left = time.Time{} // no reader comes back to what none has seen
	}
	if p.ending || p.ctx.Err() != nil {
		return nil, ErrQuota // its connection must be gone first
	}
	p.held++
	p.linger.Stop()
	return &Hold{p}, nil
}

// Ended is closed when the pull's connection is gone.
func (h *Hold) Ended() <-chan struct{} { return h.pull.done }

// Close lets go, once. The pull ends now if nobody else has a use for it; else gone is closed already.
func (h *Hold) Close() (gone <-chan struct{}) {
	p := h.pull
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held--
	if p.held == 0 && len(p.readers) == 0 && !p.ending {
		if left := p.unneeded(); left > 0 {
			p.linger.Reset(left)
		} else {
			p.giveUp()
		}
	}
	if p.ending {
		return p.done
	}
	none := make(chan struct{})
	close(none)
	return none
}
