package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	lastPause  = 8 * time.Second
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
	// Describe comes first, once.
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
// Stopped or Failed; Failed alone when none came. Its methods must not block.
type Observer interface {
	Started(registry.Channel, Info)
	Stopped(registry.Channel, Info)
	Failed(registry.Channel, Info, *Failure)
}

// Options is what a Hub needs.
type Options struct {
	Source     Source
	Observer   Observer
	Channel    func(id string) (registry.Channel, bool)
	Linger     time.Duration // how long a pull outlives its last reader
	MaxPulls   int           // 0: no bound
	MaxReaders int           // 0: no bound; of all pulls together
	Queue      int           // bytes that may wait for one reader
	Log        *slog.Logger
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
	closed  bool
}

// failed is the last attempt at a stream that did not flow.
type failed struct {
	failure *Failure
	at      time.Time
	pause   time.Duration
}

// NewHub makes a hub with no pulls. Close it when done.
func NewHub(o Options) *Hub {
	h := &Hub{o: o, pulls: map[Key]*Pull{}, refused: map[string]time.Time{}, failed: map[Key]failed{}}
	h.linger.Store(int64(o.Linger))
	return h
}

// Limit changes the linger and the quotas, as in Options. Pulls and readers that are there stay.
func (h *Hub) Limit(linger time.Duration, maxPulls, maxReaders int) {
	h.linger.Store(int64(linger))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.o.MaxPulls, h.o.MaxReaders = maxPulls, maxReaders
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
	for {
		p, r, err := h.attach(key, who)
		if err != nil {
			return nil, err
		}
		if r == nil { // the old pull is just ending; its connection must be gone before the next begins
			select {
			case <-p.done:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		select {
		case <-p.started:
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
	r := p.attach(false, who)
	return r, r != nil
}

// Prewarm opens the pull of a stream for whoever comes within d, and doesn't wait for the camera.
// The error is one of this package's or a *Failure.
func (h *Hub) Prewarm(key Key, d time.Duration) error { return errors.ErrUnsupported }

// attach finds or starts the pull and adds a reader. A nil reader without an error means that the
// pull is ending.
func (h *Hub) attach(key Key, who Who) (*Pull, *Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, ErrClosed
	}
	if h.o.MaxReaders > 0 && h.readers >= h.o.MaxReaders {
		return nil, nil, fmt.Errorf("%w: %d readers", ErrQuota, h.readers)
	}
	p := h.pulls[key]
	if p == nil {
		ch, err := h.admit(key)
		if err != nil {
			return nil, nil, err
		}
		p = newPull(h, key, ch)
		h.pulls[key] = p
		h.wg.Go(p.run)
	}
	r := p.attach(true, who)
	if r != nil {
		h.readers++
	}
	return p, r, nil
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

// remove forgets a pull whose connection is gone, and remembers why it never came to flow.
func (h *Hub) remove(key Key, f *Failure, flowed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pulls, key)
	if f == nil || flowed {
		delete(h.failed, key)
	} else {
		pause := min(max(2*h.failed[key].pause, firstPause), lastPause)
		h.failed[key] = failed{failure: f, at: time.Now(), pause: pause}
	}
	if f != nil && f.Reason == event.Unauthorized {
		h.refused[key.Channel] = time.Now()
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
		delete(h.failed, Key{id, Main})
		delete(h.failed, Key{id, Sub})
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

// Pulls tells what is pulled now, by channel and profile.
func (h *Hub) Pulls() []Info {
	h.mu.Lock()
	pulls := make([]*Pull, 0, len(h.pulls))
	for _, p := range h.pulls {
		pulls = append(pulls, p)
	}
	h.mu.Unlock()
	infos := make([]Info, len(pulls))
	for i, p := range pulls {
		infos[i] = p.info()
	}
	slices.SortFunc(infos, func(a, b Info) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return infos
}
