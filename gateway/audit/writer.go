package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sharpeyes/registry/event"
)

// Ledger is the append-only log. Its methods have deadlines of their own.
type Ledger interface {
	// Last is the last block and its sequence; nil when it has been forgotten, 0 when there never was one.
	Last(ctx context.Context) (sequence uint64, block []byte, err error)
	// Get is one block; nil when there is none.
	Get(ctx context.Context, sequence uint64) ([]byte, error)
	// First is the first sequence that is still there, or the next one.
	First(ctx context.Context) (uint64, error)
	// Append writes a block after the last one; ErrTaken when that isn't the last any more. After any
	// other error it may be there or not.
	Append(ctx context.Context, last uint64, block []byte) (uint64, error)
}

// ErrTaken says that somebody else has written meanwhile.
var ErrTaken = errors.New("the log has another block there")

const (
	mostWaiting = 16384 // records that wait to be written; what comes then is counted and lost
	mostInBlock = 500
	gather      = 250 * time.Millisecond // for which records wait for others
	signEvery   = time.Hour
	tryAgain    = time.Second
)

// Options is what a Writer needs.
type Options struct {
	Ledger  Ledger
	Node    string
	Key     ed25519.PrivateKey
	Publish func(event.Event) // what was written; must not block
	Log     *slog.Logger
}

// Writer writes records. Note may be called from everywhere; it never waits.
type Writer struct {
	o    Options
	wake chan struct{}

	mu      sync.Mutex
	waiting []event.Event
	denied  denials
	lost    int
	total   uint64 // lost since the start

	// Of the goroutine that writes.
	last   uint64
	prev   string
	known  bool      // last and prev are right, as far as is known
	signed time.Time // when it last signed
	fresh  bool      // blocks were written since
}

// New makes a writer, which writes once Run is called.
func New(o Options) *Writer { return &Writer{o: o, wake: make(chan struct{}, 1), signed: time.Now()} }

// Note takes a record. Refusals that repeat one another are folded.
func (w *Writer) Note(t event.Type, a event.Audit) {
	now := time.Now()
	w.mu.Lock()
	if t != event.AuditDenied || w.denied.take(a, now) {
		w.add(event.New(w.o.Node, t, now, a))
	}
	w.mu.Unlock()
	w.signal()
}

// add keeps a record for the next block; the lock is held.
func (w *Writer) add(ev event.Event) {
	if len(w.waiting) >= mostWaiting {
		w.lost++
		w.total++
		return
	}
	w.waiting = append(w.waiting, ev)
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Lost is how many records there was no room for, since the start.
func (w *Writer) Lost() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total
}

// Run writes until ctx ends, and then what waits, for at most five seconds.
func (w *Writer) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.wake:
			select { // others come along
			case <-time.After(gather):
			case <-ctx.Done():
			}
		case now := <-tick.C:
			w.fold(now, false)
			if w.fresh && now.Sub(w.signed) >= signEvery {
				w.finish(ctx, w.sign(ctx))
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			w.fold(time.Now(), true)
			w.write(last)
			if w.fresh {
				w.finish(last, w.sign(last))
			}
			return ctx.Err()
		}
		w.write(ctx)
	}
}

// fold adds the refusals that were folded.
func (w *Writer) fold(now time.Time, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.denied.due(now, all) {
		w.add(event.New(w.o.Node, event.AuditDenied, now, a))
	}
}

// write writes what waits, and goes on trying until ctx ends.
func (w *Writer) write(ctx context.Context) {
	for {
		w.mu.Lock()
		batch := w.waiting[:min(len(w.waiting), mostInBlock)]
		lost := w.lost
		w.mu.Unlock()
		if len(batch) == 0 && lost == 0 {
			return
		}
		b := Block{Node: w.o.Node, Lost: lost}
		for _, ev := range batch {
			raw, err := json.Marshal(ev)
			if err != nil { // a mistake of whoever made it; the others are written
				w.o.Log.Error("a record of the audit can't be encoded", "error", err)
				continue
			}
			b.Events = append(b.Events, raw)
		}
		if !w.finish(ctx, w.append(ctx, b)) {
			return
		}
		w.mu.Lock()
		w.waiting = append(w.waiting[:0:0], w.waiting[len(batch):]...)
		w.lost -= lost
		w.mu.Unlock()
		for _, ev := range batch {
			w.o.Publish(ev)
		}
	}
}

// finish tells of a failure, and waits a moment after one; it reports whether there was none.
func (w *Writer) finish(ctx context.Context, err error) bool {
	if err == nil {
		return true
	}
	if ctx.Err() == nil {
		w.o.Log.Warn("the audit can't be written; it is tried again", "error", err)
		select {
		case <-time.After(tryAgain):
			w.signal()
		case <-ctx.Done():
		}
	}
	return false
}

// sign writes a block that signs all before it.
func (w *Writer) sign(ctx context.Context) error {
	err := w.append(ctx, Block{Node: w.o.Node, Signature: new(Signature)})
	if err == nil {
		w.fresh, w.signed = false, time.Now()
	}
	return err
}

// append writes a block at the end of the chain, wherever that is by now.
func (w *Writer) append(ctx context.Context, b Block) error {
	for ctx.Err() == nil {
		if !w.known {
			last, block, err := w.o.Ledger.Last(ctx)
			if err != nil {
				return fmt.Errorf("asking for the end of the audit: %w", err)
			}
			w.last, w.prev, w.known = last, "", true
			if block != nil {
				w.prev = Hash(block)
			}
		}
		b.Prev, b.At = w.prev, time.Now().UTC()
		if b.Signature != nil {
			b.Signature = sign(w.o.Key, b.Prev)
		}
		data, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("encoding a block of the audit: %w", err)
		}
		sequence, err := w.o.Ledger.Append(ctx, w.last, data)
		if err != nil {
			// Somebody else wrote there; or it was this one, and its answer was lost.
			there, lookErr := w.o.Ledger.Get(ctx, w.last+1)
			switch {
			case lookErr == nil && bytes.Equal(there, data):
				sequence = w.last + 1
			case errors.Is(err, ErrTaken):
				w.known = false
				continue
			default:
				w.known = false
				return fmt.Errorf("writing the audit: %w", err)
			}
		}
		w.last, w.prev, w.fresh = sequence, Hash(data), true
		return nil
	}
	return ctx.Err()
}
