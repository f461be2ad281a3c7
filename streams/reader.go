package streams

import (
	"context"
	"sync"
)

// takeLimit bounds what one Next returns, in bytes, and so what one write to a socket holds.
const takeLimit = 64 << 10

// Who is a reader as the list of streams tells of it.
type Who struct {
	Kind   string // rtsp, browser, motion, prewarm
	Remote string // address; empty when the gateway itself reads
	User   string // empty when nobody signed in
}

// Reader receives the units of one pull, at its own speed and from its own queue.
type Reader struct {
	pull *Pull
	hold bool
	who  Who
	wake chan struct{} // 1: something is there, or the reader has ended
	once sync.Once     // Close

	mu      sync.Mutex
	queue   queue
	playing bool
	err     error // why it ended
	direct  direct
}

func newReader(p *Pull, hold bool, who Who, limit int) *Reader {
	return &Reader{pull: p, hold: hold, who: who, wake: make(chan struct{}, 1), queue: queue{limit: limit}}
}

// Description is what the stream holds, as the camera said it. It must not be changed.
func (r *Reader) Description() *Description {
	r.pull.mu.Lock()
	defer r.pull.mu.Unlock()
	return r.pull.desc
}

// Wait returns when the camera sends what Description says, or with the reason why it doesn't:
// ErrRedescribed when it turned out to send something else, which Description then tells.
func (r *Reader) Wait(ctx context.Context) error {
	select {
	case <-r.pull.started:
		return r.pull.failed()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Play begins with the units since the last keyframe and goes on with the live ones, each once.
func (r *Reader) Play() {
	r.pull.mu.Lock() // no unit is delivered between the cache and the live ones
	defer r.pull.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.playing {
		return
	}
	r.playing = true
	r.queue.fresh, r.queue.skipping = r.pull.video, false
	for _, report := range r.pull.reports {
		r.queue.units = append(r.queue.units, report)
		r.queue.bytes += report.Size()
	}
	for _, u := range r.pull.gop.units {
		r.queue.push(u, r.pull.video)
	}
	r.signal()
}

// Pause stops the units; what waits is dropped. Play begins anew.
func (r *Reader) Pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.playing = false
	r.queue = queue{limit: r.queue.limit, skipped: r.queue.skipped}
}

// push adds a unit, or hands it over at once if that may be, and reports whether it was. The pull's
// lock is held.
func (r *Reader) push(u *Unit, video, direct bool) (took bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.playing || r.err != nil {
		return false
	}
	if u.Control && (r.queue.fresh || r.queue.skipping) {
		return false
	}
	if direct && r.offer(u) {
		return true
	}
	r.queue.push(u, video)
	if r.queue.hopeless(u.At) {
		r.err = ErrBehind
		r.queue.clear()
	}
	r.signal()
	return false
}

func (r *Reader) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Next waits for units and appends them to dst. It returns an error when the stream has ended, when
// the reader stayed behind (ErrBehind), or with ctx. It returns no units and no error when Direct
// left something to see to. One goroutine may call it at a time.
func (r *Reader) Next(ctx context.Context, dst []*Unit) ([]*Unit, error) {
	for {
		r.mu.Lock()
		err := r.err
		dst = r.queue.take(dst, takeLimit)
		nudged := r.await(len(dst) == 0 && err == nil)
		r.mu.Unlock()
		if len(dst) > 0 || nudged {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			r.mu.Lock()
			r.await(false)
			r.mu.Unlock()
			return dst, ctx.Err()
		}
	}
}

// Skipped is how many units the reader lost because it could not keep up.
func (r *Reader) Skipped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.skipped
}

// Ended is closed when the pull has ended, for a reader that waits for nothing else.
func (r *Reader) Ended() <-chan struct{} { return r.pull.done }

// end wakes the reader with the reason why its stream ended.
func (r *Reader) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.signal()
}

// Close leaves the pull. It may be called more than once.
func (r *Reader) Close() {
	r.once.Do(func() {
		r.end(context.Canceled)
		r.pull.detach(r)
	})
}
