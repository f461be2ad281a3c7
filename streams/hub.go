package streams

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sharpeyes/registry"
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

	stats  stats
	caches atomic.Int64 // bytes; see gop
}

// NewHub makes a hub with no pulls. Close it when done.
func NewHub(o Options) *Hub {
	h := &Hub{o: o, pulls: map[Key]*Pull{}, refused: map[string]time.Time{}, failed: map[Key]failed{}, descs: map[Key]*Description{}}
	h.linger.Store(int64(o.Linger))
	return h
}

// Limit changes the linger and the quotas. Pulls and readers that are there stay.
func (h *Hub) Limit(l Limits) {
	h.linger.Store(int64(l.Linger))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.o.MaxPulls, h.o.MaxReaders, h.o.MaxPerDevice = l.MaxPulls, l.MaxReaders, l.MaxPerDevice
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

// attach finds or starts the pull and adds a reader. A nil reader without an error means that the
// pull that is returned is ending.
func (h *Hub) attach(key Key, who Who, at time.Time) (*Pull, *Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.o.MaxReaders > 0 && h.readers >= h.o.MaxReaders {
		return nil, nil, fmt.Errorf("%w: %d readers", ErrQuota, h.readers)
	}
	p, err := h.open(key, forReader)
	if err != nil {
		return nil, nil, err
	}
	if p.key != key {
		return p, nil, nil
	}
	r := p.attach(who, at)
	if r != nil {
		h.readers++
	}
	return p, r, nil
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
