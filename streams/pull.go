package streams

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry"
)

// Pull is the one open connection to a camera stream. It is the Sink of its Source.
type Pull struct {
	hub     *Hub
	key     Key
	ctx     context.Context
	stop    context.CancelCauseFunc
	started chan struct{} // closed when the camera sends, or has failed
	done    chan struct{} // closed when the connection is gone

	mu      sync.Mutex
	channel registry.Channel
	desc    *Description
	video   bool // readers begin at a keyframe
	playing bool
	flowing bool // the observer was told
	ending  bool // takes no more readers
	failure error
	readers []*Reader
	holding int // readers that keep the pull open
	linger  *time.Timer
	gop     gop
	reports map[int]*Unit // by track: its last sender report
	meter   meter
}

func newPull(h *Hub, key Key, ch registry.Channel) *Pull {
	ctx, stop := context.WithCancelCause(context.Background())
	p := &Pull{
		hub: h, key: key, channel: ch, ctx: ctx, stop: stop,
		started: make(chan struct{}), done: make(chan struct{}),
		gop: gop{limit: h.o.Queue / 2}, reports: map[int]*Unit{}, meter: meter{since: time.Now()},
	}
	p.linger = time.AfterFunc(time.Hour, p.unwatched)
	p.linger.Stop()
	return p
}

// run pulls until the source ends, and then clears up.
func (p *Pull) run() {
	p.mu.Lock()
	ch := p.channel
	p.mu.Unlock()
	err := p.hub.o.Source.Pull(p.ctx, ch, p.key.Profile, p)
	if cause := context.Cause(p.ctx); cause != nil {
		err = cause
	} else if err == nil {
		err = errors.New("the stream ended")
	}
	p.stop(err)
	var failure *Failure
	errors.As(err, &failure)

	p.mu.Lock()
	p.ending, p.failure = true, err
	p.linger.Stop()
	info := p.infoLocked()
	ch = p.channel
	readers := p.readers
	p.readers = nil
	p.mu.Unlock()

	p.hub.remove(p.key, failure, info.Flowing)
	for _, r := range readers {
		r.end(err)
	}
	if failure != nil {
		p.hub.o.Observer.Failed(ch, info, failure)
	} else if info.Flowing {
		p.hub.o.Observer.Stopped(ch, info)
	}
	if !info.Playing {
		close(p.started)
	}
	close(p.done)
}

// attach adds a reader; nil when the pull is ending. One that holds keeps the pull open.
func (p *Pull) attach(hold bool, who Who) *Reader {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending || p.ctx.Err() != nil {
		return nil
	}
	r := newReader(p, hold, who, p.hub.o.Queue)
	p.readers = append(p.readers, r)
	if hold {
		p.holding++
		p.linger.Stop()
	}
	return r
}

func (p *Pull) detach(r *Reader) {
	p.mu.Lock()
	if i := slices.Index(p.readers, r); i >= 0 {
		p.readers = slices.Delete(p.readers, i, i+1)
	}
	if r.hold {
		p.holding--
		if p.holding == 0 && !p.ending {
			p.linger.Reset(time.Duration(p.hub.linger.Load()))
		}
	}
	p.mu.Unlock()
	if r.hold {
		p.hub.left() // takes the hub's lock, which comes before the pull's
	}
}

// unwatched ends the pull when nobody has come back in the meantime.
func (p *Pull) unwatched() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holding == 0 && !p.ending {
		p.ending = true
		p.stop(errUnwatched)
	}
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
	p.channel = ch
	return true
}

func (p *Pull) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// Describe keeps what the camera says it sends.
func (p *Pull) Describe(d *Description) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.desc = d
	p.meter.videoTrack, p.video = videoTrack(d)
	p.meter.hasVideo = p.video
}

// Playing lets those who wait go on.
func (p *Pull) Playing() {
	p.mu.Lock()
	p.playing = true
	p.mu.Unlock()
	close(p.started)
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
	p.meter.add(u)
	if u.Control {
		p.reports[u.Track] = u
	} else {
		p.gop.add(u, p.video)
		first = !p.flowing
		p.flowing = true
	}
	direct := directLimit
	for _, r := range p.readers {
		if r.push(u, p.video, direct > 0) {
			direct--
		}
	}
	return first
}

// Lost counts packets that did not arrive.
func (p *Pull) Lost(packets uint64) {
	p.mu.Lock()
	p.meter.lost += packets
	p.mu.Unlock()
}
