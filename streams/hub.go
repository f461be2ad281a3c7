package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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
)

// What a reader can be told instead of a stream.
var (
	ErrNoChannel = errors.New("no such channel")
	ErrNoStream  = errors.New("the channel has no such stream")
	ErrDisabled  = errors.New("the channel is disabled")
	ErrQuota     = errors.New("over the quota")
	ErrClosed    = errors.New("the gateway is closing")
	ErrBehind    = errors.New("the reader stayed behind")
	// ErrRedescribed is for a reader that was told what the stream held at an earlier pull.
	ErrRedescribed = errors.New("the camera sends something else now")
	ErrEdited      = errors.New("the channel was edited")
	errUnwatched   = errors.New("nobody watches")
)

// lockout is how long a camera that refused its password is left alone, unless its channel is
// edited: cameras lock accounts out after a few wrong passwords.
const lockout = 30 * time.Minute

// Sink takes what a Source gets from a camera. Its methods are called one after another.
type Sink interface {
	// Describe comes first, once a connection.
	Describe(*Description)
	// Playing says that the camera accepted to send.
	Playing()
	// Deliver hands over one unit; it never blocks.
	Deliver(*Unit)
	// Lost says that packets did not arrive.
	Lost(packets uint64)
}

// Source opens streams at cameras.
type Source interface {
	// Pull opens one stream and hands it to the sink until ctx ends or the stream does. It returns
	// once the connection is closed and nothing of it is left. The error is a *Failure when it is
	// the camera's doing.
	Pull(ctx context.Context, ch registry.Channel, p Profile, sink Sink) error
}

// Observer hears what becomes of pulls: Started with the first unit that the camera sends, and then
// Stopped or Failed; Failed alone when none came. A connection that breaks and is soon replaced is
// not heard of. Its methods must not block.
type Observer interface {
	Started(registry.Channel, Info)
	Stopped(registry.Channel, Info)
	Failed(registry.Channel, Info, *Failure)
}

// Options is what a Hub needs.
type Options struct {
	Source   Source
	Observer Observer
	Channel  func(id string) (registry.Channel, bool)
	Linger   time.Duration // how long a pull outlives its last reader
	// StartTimeout is how long readers wait for a camera that stopped sending to send again.
	StartTimeout time.Duration
	MaxPulls     int // 0: no bound
	MaxReaders   int // 0: no bound; of all pulls together
	MaxPerDevice int // 0: no bound; pulls of one recorder
	Queue        int // bytes that may wait for one reader
	Log          *slog.Logger
}

// Hub opens at most one pull a camera stream and shares it among its readers.
type Hub struct {
	o      Options
	linger atomic.Int64   // ns; pulls read it under their own locks
	wg     sync.WaitGroup // pulls

	mu      sync.Mutex
	pulls   map[Key]*Pull
	readers int
	refused map[string]time.Time // by channel id: when its password was refused
	failed  map[Key]failed
	descs   map[Key]*Description // what streams held when they were last pulled
	closed  bool

	stats stats
}

// failed is the last attempt at a stream that did not flow.
type failed struct {
	failure *Failure
	at      time.Time
	pause   time.Duration // until the next attempt
	last    time.Duration // the same before the dice were thrown
}

// NewHub makes a hub with no pulls. Close it when done.
func NewHub(o Options) *Hub {
	h := &Hub{o: o, pulls: map[Key]*Pull{}, refused: map[string]time.Time{}, failed: map[Key]failed{}, descs: map[Key]*Description{}}
	h.linger.Store(int64(o.Linger))
	return h
}

// Limits are what can be changed while the hub is at work, as in Options.
type Limits struct {
	Linger                             time.Duration
	MaxPulls, MaxReaders, MaxPerDevice int
}

// Limit changes the linger and the quotas. Pulls and readers that are there stay.
func (h *Hub) Limit(l Limits) {
	h.linger.Store(int64(l.Linger))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.o.MaxPulls, h.o.MaxReaders, h.o.MaxPerDevice = l.MaxPulls, l.MaxReaders, l.MaxPerDevice
}

// Refused says that the camera of a channel refused its password at the given time, before this hub
// was made: a restart is no reason to try again.
func (h *Hub) Refused(id string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused[id] = at
}

// Close ends all pulls and their readers, and waits until nothing is left of them.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, p := range h.pulls {
		p.stop(ErrClosed)
	}
	h.mu.Unlock()
	h.wg.Wait()
}

// Join adds a reader to the pull of a stream, which is opened if there is none, and waits until it
// is known what the stream holds: that may be from an earlier pull, while the camera is being
// dialled. The reader gets nothing before its Play, and Play is to be called after Wait. The error is
// one of this package's, a *Failure, or ctx's.
func (h *Hub) Join(ctx context.Context, key Key, who Who) (*Reader, error) {
	asked := time.Now()
	for {
		p, r, err := h.attach(key, who, asked)
		if err != nil {
			return nil, err
		}
		if r == nil { // the connection of a pull that is just ending must be gone first
			select {
			case <-p.done:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		select {
		case <-p.told:
		case <-ctx.Done():
			r.Close()
			return nil, ctx.Err()
		}
		if err := p.failed(); err != nil {
			r.Close()
			return nil, err
		}
		return r, nil
	}
}

// Tap adds a reader that neither opens a pull nor keeps it open, and reports whether there was one.
// It is for those who want to see what is pulled anyway.
func (h *Hub) Tap(key Key, who Who) (*Reader, bool) {
	h.mu.Lock()
	p := h.pulls[key]
	h.mu.Unlock()
	if p == nil {
		return nil, false
	}
	r := p.attach(false, who, time.Now())
	return r, r != nil
}

// Prewarm opens the pull of a stream for whoever comes within d of its first picture, and doesn't
// wait for the camera. A pull that somebody needs more is given up for it all the same. The error is
// one of this package's or a *Failure.
func (h *Hub) Prewarm(key Key, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, err := h.open(key)
	if err != nil {
		return err
	}
	if !p.prewarm(d) {
		return fmt.Errorf("%w: a stream of the camera is just being closed", ErrQuota)
	}
	return nil
}

// attach finds or starts the pull and adds a reader. A nil reader without an error means that the
// pull that is returned is ending.
func (h *Hub) attach(key Key, who Who, at time.Time) (*Pull, *Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.o.MaxReaders > 0 && h.readers >= h.o.MaxReaders {
		return nil, nil, fmt.Errorf("%w: %d readers", ErrQuota, h.readers)
	}
	p, err := h.open(key)
	if err != nil {
		return nil, nil, err
	}
	r := p.attach(true, who, at)
	if r != nil {
		h.readers++
	}
	return p, r, nil
}

// open finds or starts the pull, or returns one that must be gone before. The lock is held.
func (h *Hub) open(key Key) (*Pull, error) {
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
	if ending, err := h.budget(ch); ending != nil || err != nil {
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
	if last, ok := h.failed[key]; ok && time.Since(last.at) < last.pause {
		return ch, last.failure
	}
	if h.o.MaxPulls > 0 && len(h.pulls) >= h.o.MaxPulls {
		return ch, fmt.Errorf("%w: %d pulls", ErrQuota, len(h.pulls))
	}
	return ch, nil
}

// remove forgets a pull whose connection is gone, and remembers why.
func (h *Hub) remove(p *Pull, f *Failure, i Info) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pulls, p.key)
	if i.Flowing {
		delete(h.failed, p.key)
	}
	if f == nil {
		return
	}
	pause := longer(h.failed[p.key].last)
	h.failed[p.key] = failed{failure: f, at: time.Now(), pause: jittered(pause), last: pause}
	if f.Reason == event.Unauthorized {
		h.refused[p.key.Channel] = time.Now()
	}
}

func (h *Hub) left() {
	h.mu.Lock()
	h.readers--
	h.mu.Unlock()
}

// Changed applies an edit of the registry: the pulls of channels that are pulled another way now,
// or no more, end; those of all others are left alone. It never blocks.
func (h *Hub) Changed(now *registry.Snapshot, tx registry.Transaction) {
	ids := make(map[string]bool, len(tx.Put)+len(tx.Delete))
	for _, ch := range tx.Put {
		ids[ch.ID] = true
	}
	for _, id := range tx.Delete {
		ids[id] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range ids {
		delete(h.refused, id)
		for _, key := range []Key{{id, Main}, {id, Sub}} {
			delete(h.failed, key)
			delete(h.descs, key)
		}
	}
	for key, p := range h.pulls {
		if !ids[key.Channel] {
			continue
		}
		ch, ok := now.Get(key.Channel)
		switch {
		case !ok:
			p.stop(ErrNoChannel)
		case !ch.Enabled:
			p.stop(ErrDisabled)
		case !p.edit(ch):
			p.stop(ErrEdited)
		}
	}
}
