package streams

import (
	"context"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry"
)

// Pull is the one open connection to a camera stream, and the next one when that breaks. It is the
// Sink of its Source.
type Pull struct {
	hub    *Hub
	key    Key
	device string // changed with both locks held, the hub's and the pull's
	ctx    context.Context
	stop   context.CancelCauseFunc
	knew   *Description // what an earlier pull was told
	// told is closed when readers may be told what the stream holds: at once when an earlier pull
	// knew, else when the camera sends, since one that describes may still refuse; or on failure.
	told chan struct{}
	done chan struct{} // closed when the connection is gone

	mu       sync.Mutex
	channel  registry.Channel
	desc     *Description
	video    bool          // readers begin at a keyframe
	started  chan struct{} // closed when the camera sends, or has failed; a new one when it stops
	playing  bool
	flowing  bool // the observer was told
	ending   bool // takes no more readers
	failure  error
	readers  []*Reader
	watches  []*Watch
	held     int       // by those who look
	left     time.Time // when the last reader left
	linger   *time.Timer
	warm     warmth
	patience *time.Timer // while readers wait for the camera to come back
	came     time.Time   // when the connection's first unit came; zero before
	steady   bool        // the last connection went well for a while
	reopened int         // connections after the first
	mishap   *Failure    // the last that happened to a connection
	mishapAt time.Time
	lines    continuity
	gop      gop
	reports  []*Unit // by track: its last sender report
	meter    meter
}

func newPull(h *Hub, key Key, ch registry.Channel, knew *Description) *Pull {
	ctx, stop := context.WithCancelCause(context.Background())
	p := &Pull{
		hub: h, key: key, device: ch.DeviceKey(), channel: ch, ctx: ctx, stop: stop, knew: knew,
		told: make(chan struct{}), started: make(chan struct{}), done: make(chan struct{}),
		gop: gop{usual: h.o.Queue / 2, shared: &h.caches}, meter: meter{since: time.Now()}, left: time.Now(),
	}
	p.linger = time.AfterFunc(time.Hour, p.unwatched)
	p.linger.Stop()
	if knew != nil {
		p.holds(knew)
		close(p.told)
	}
	return p
}

// attach adds a reader; nil when the pull is ending.
func (p *Pull) attach(who Who, at time.Time) *Reader {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending || p.ctx.Err() != nil {
		return nil
	}
	r := newReader(p, who, p.hub.o.Queue, at)
	p.readers = append(p.readers, r)
	p.linger.Stop()
	return r
}

func (p *Pull) detach(r *Reader) {
	p.mu.Lock()
	if i := slices.Index(p.readers, r); i >= 0 {
		p.readers = slices.Delete(p.readers, i, i+1)
	}
	if len(p.readers) == 0 && !p.ending {
		p.left = time.Now()
		p.lingers()
	}
	p.mu.Unlock()
	p.hub.stats.skipped.Add(r.Skipped())
	p.hub.left() // takes the hub's lock, which comes before the pull's
}

// unwatched ends the pull when nobody has come back in the meantime.
func (p *Pull) unwatched() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held > 0 {
		return
	}
	if left := p.unneeded(); left > 0 && len(p.readers) == 0 && !p.ending {
		p.linger.Reset(left)
		return
	}
	p.giveUp()
}

// lingers lets a pull without readers end in time, unless it is held. The lock is held.
func (p *Pull) lingers() {
	if p.held == 0 {
		p.linger.Reset(p.unneeded())
	}
}

// giveUp ends the pull when it has no readers, and reports whether it did. The lock is held.
func (p *Pull) giveUp() bool {
	if len(p.readers) > 0 || p.ending {
		return false
	}
	p.ending = true
	p.stop(errUnwatched)
	return true
}

// edit takes over a channel whose registration changed, and reports whether the pull can go on.
func (p *Pull) edit(ch registry.Channel) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.channel
	if URL(old, p.key.Profile) != URL(ch, p.key.Profile) || old.Username != ch.Username ||
		old.Password != ch.Password || old.Transport != ch.Transport {
		return false
	}
	p.channel, p.device = ch, ch.DeviceKey()
	return true
}

// begun is closed when the camera sends.
func (p *Pull) begun() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

func (p *Pull) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// clock is the rate of the video track's timestamps. The lock is held.
func (p *Pull) clock() uint64 {
	if i := p.meter.videoTrack; i < len(p.lines.lines) {
		return p.lines.lines[i].clock
	}
	return 90000
}

// Describe keeps what the camera says it sends. Readers who were told something else can't go on:
// those who play, when it is of another kind; those who don't yet, when it differs in anything that
// they were told.
func (p *Pull) Describe(d *Description) {
	p.mu.Lock()
	for _, r := range p.readers {
		r.mu.Lock()
		switch {
		case r.told == nil || same(r.told, d, r.played.IsZero()):
			r.told = d
		case r.err == nil:
			r.err = ErrRedescribed
			r.signal()
		}
		r.mu.Unlock()
	}
	p.holds(d)
	p.unwatch(d)
	p.mu.Unlock()
	p.hub.described(p.key, d)
}

// tell lets those go on who wait to be told. The lock is held.
func (p *Pull) tell() {
	select {
	case <-p.told:
	default:
		close(p.told)
	}
}

// holds says what the stream holds from the next connection on. The lock is held, or nobody else has
// the pull yet.
func (p *Pull) holds(d *Description) {
	p.desc = d
	p.meter.videoTrack, p.video = videoTrack(d)
	p.meter.hasVideo = p.video
	p.lines.connected(d)
	p.gop.clear()
	p.gop.track, p.gop.order = p.meter.videoTrack, order{}
	p.reports = make([]*Unit, len(d.Medias))
}

// Playing lets those who wait go on.
func (p *Pull) Playing() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.playing {
		return
	}
	p.playing = true
	p.tell()
	close(p.started)
	p.warmed()
	for _, r := range p.readers {
		r.restart(p.video)
	}
}

// Deliver hands a unit to every reader's queue.
func (p *Pull) Deliver(u *Unit) {
	if p.deliver(u) {
		p.mu.Lock()
		info, ch := p.infoLocked(), p.channel
		p.mu.Unlock()
		p.hub.o.Observer.Started(ch, info)
	}
}

// deliver reports whether the unit is the first.
func (p *Pull) deliver(u *Unit) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u.Track < 0 || u.Track >= len(p.reports) {
		return false // of nothing that was described
	}
	p.meter.add(u)
	before, ok := p.lines.mend(u)
	if !ok {
		return false
	}
	if before != nil {
		p.hand(before)
	}
	if !u.Control {
		first = !p.flowing
		p.flowing = true
		if p.came.IsZero() {
			p.came = u.At
			if p.patience != nil { // the camera is back
				p.patience.Stop()
				p.patience = nil
			}
		}
	}
	p.hand(u)
	return first
}

// hand gives a unit to the cache and to all readers. The lock is held.
func (p *Pull) hand(u *Unit) {
	cached := false
	switch {
	case u.Control:
		p.reports[u.Track] = u
	case p.video: // without it there is nothing to wait for
		cached = p.gop.add(u)
	}
	direct := directLimit
	for _, r := range p.readers {
		if r.push(u, p.video, direct > 0) {
			direct--
		}
	}
	for _, w := range p.watches {
		w.see(u)
	}
	if !cached {
		u.giveBack()
	}
}

// Lost counts packets that did not arrive.
func (p *Pull) Lost(packets uint64) {
	p.mu.Lock()
	p.meter.lost += packets
	p.mu.Unlock()
}
