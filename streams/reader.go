package streams

import (
	"context"
	"sync"
	"time"
)

// takeLimit bounds what one Next returns, in bytes, and so what one write to a socket holds.
const takeLimit = 64 << 10

// Who is a reader as the list of streams tells of it.
type Who struct {
	Kind   string // rtsp, browser
	Remote string // address; empty when the gateway itself reads
	User   string // empty when nobody signed in
}

// Reader receives the units of one pull, at its own speed and from its own queue.
type Reader struct {
	pull   *Pull
	who    Who
	joined time.Time     // when it asked
	wake   chan struct{} // 1: something is there, or the reader has ended
	once   sync.Once     // Close

	mu       sync.Mutex
	told     *Description // what it was told that the stream holds
	queue    queue
	playing  bool
	played   time.Time // when Play was called
	watching time.Time // when it was called first
	err      error     // why it ended
	direct   direct
	units    uint64 // handed out
	bytes    uint64
	first    time.Duration // from joining to the first unit; 0 before
}

func newReader(p *Pull, who Who, limit int, at time.Time) *Reader {
	return &Reader{pull: p, who: who, joined: at, told: p.desc, wake: make(chan struct{}, 1), queue: queue{limit: limit}}
}

// Description is what the stream holds, as the camera said it. It must not be changed.
func (r *Reader) Description() *Description {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// Wait returns when the camera sends what Description says, or with the reason why it doesn't:
// ErrRedescribed when it turned out to send something else, which whoever joins anew is told.
func (r *Reader) Wait(ctx context.Context) error {
	started := r.pull.begun()
	select {
	case <-started:
	case <-r.pull.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := r.pull.failed(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Play begins with the pictures since the last keyframe, stamped as catchUp says, and goes on with
// the live units, each once.
func (r *Reader) Play() {
	if first := r.play(); first {
		r.watched(0)
	}
}

func (r *Reader) play() (first bool) {
	p := r.pull
	p.mu.Lock() // no unit is delivered between the cache and the live ones
	defer p.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.playing {
		return false
	}
	r.playing, r.played = true, time.Now()
	if first = r.watching.IsZero(); first {
		r.watching = r.played
	}
	r.queue.fresh, r.queue.skipping = p.video, false
	if len(p.gop.units) > 0 || !p.video {
		r.queue.begin(squeeze(p.synchronise(len(p.gop.units)), p.gop.units, p.gop.order.depth, p.clock()))
	}
	r.signal()
	return first
}

// watched tells the observer that somebody watches, or has watched for so long.
func (r *Reader) watched(lasted time.Duration) {
	p := r.pull
	p.mu.Lock()
	ch := p.channel
	p.mu.Unlock()
	p.hub.o.Observer.Watched(ch, p.key, r.who, lasted)
}

// Pause stops the units; what waits is dropped. Play begins anew.
func (r *Reader) Pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.playing = false
	r.queue = queue{limit: r.queue.limit, skipped: r.queue.skipped}
}

// restart lets a reader go on at the next keyframe: the connection to the camera is a new one.
func (r *Reader) restart(video bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.fresh = video
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
		r.count(1, u.Size())
		return true
	}
	if r.queue.fresh && u.Keyframe {
		for _, report := range r.pull.reports {
			if report != nil {
				r.queue.add(report)
			}
		}
	}
	r.queue.push(u, video)
	if r.queue.hopeless(u.At) {
		r.err = ErrBehind
		r.queue.clear()
		r.pull.hub.stats.behind.Add(1)
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
	before := len(dst)
	for {
		r.mu.Lock()
		err := r.err
		waited := r.queue.size()
		dst, pictures := r.queue.take(dst, takeLimit)
		n := len(pictures) + len(dst) - before
		there := n > 0
		nudged := r.await(!there && err == nil)
		r.count(n, waited-r.queue.size())
		r.mu.Unlock()
		for _, e := range pictures {
			dst = append(dst, e.taken())
		}
		if there || nudged {
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

// count adds what is handed out. The reader's lock is held.
func (r *Reader) count(units, bytes int) {
	if r.units == 0 && units > 0 {
		r.first = time.Since(r.joined)
		r.pull.hub.stats.joinTime(r.first)
	}
	r.units += uint64(units)
	r.bytes += uint64(bytes)
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
		r.mu.Lock()
		since := r.watching
		r.mu.Unlock()
		if !since.IsZero() {
			r.watched(max(time.Since(since), 1)) // 0 says that it begins
		}
	})
}
