package streams

import (
	"slices"
	"sync"
)

// Watch is somebody who looks at what is pulled anyway, and is no reader: it has no queue, so units
// that pass it are free to be used again, and it keeps no pull open.
type Watch struct {
	pull  *Pull
	told  *Description
	see   func(*Unit)
	ended chan struct{}
	once  sync.Once // of ended
}

// Watch shows every unit of a pull, those since the last keyframe first, to the function that begin
// returns when it is told what the pull holds. It reports whether there was a pull that knows that,
// and begin returned a function. That runs on the goroutine that delivers, after the readers were
// served, one call at a time: it must be quick, must keep nothing of the unit, and must not ask
// anything of the Hub; nor may begin.
func (h *Hub) Watch(key Key, begin func(*Description) (see func(*Unit))) (*Watch, bool) {
	h.mu.Lock()
	p := h.pulls[key]
	h.mu.Unlock()
	if p == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.desc == nil || p.ending || p.ctx.Err() != nil {
		return nil, false
	}
	see := begin(p.desc)
	if see == nil {
		return nil, false
	}
	w := &Watch{pull: p, told: p.desc, see: see, ended: make(chan struct{})}
	for _, u := range p.gop.units {
		see(u)
	}
	p.watches = append(p.watches, w)
	return w, true
}

// Ended is closed when the pull has ended, or holds something else now. See isn't called any more.
func (w *Watch) Ended() <-chan struct{} { return w.ended }

// Close ends the watch; see isn't running and won't be called again. It may be called more than once,
// and not by see.
func (w *Watch) Close() {
	w.pull.mu.Lock()
	defer w.pull.mu.Unlock()
	w.pull.watches = slices.DeleteFunc(w.pull.watches, func(other *Watch) bool { return other == w })
	w.end()
}

func (w *Watch) end() { w.once.Do(func() { close(w.ended) }) }

// unwatch ends those watches that the description, nil for none, is not what they were told. The lock
// is held.
func (p *Pull) unwatch(d *Description) {
	p.watches = slices.DeleteFunc(p.watches, func(w *Watch) bool {
		if d != nil && same(w.told, d, false) {
			return false
		}
		w.end()
		return true
	})
}
