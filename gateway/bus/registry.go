package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

const (
	// updateTimeout bounds one attempt to write a transaction and see it come back.
	updateTimeout = time.Minute
	// updateAttempts bounds how often a change is planned again because others were quicker.
	updateAttempts = 8
	// catchUpTimeout bounds the wait for a transaction that another gateway wrote.
	catchUpTimeout = 5 * time.Second
)

// Registry is the list of channels and sites: a log of transactions in JetStream, and in memory the
// immutable snapshot that they make, fed by one consumer of the log. What is in memory is always
// what was read back from the log.
type Registry struct {
	log       *slog.Logger
	nc        *nats.Conn
	js        jetstream.JetStream
	stream    jetstream.Stream
	snapshots snapshotStore
	sealer    registry.Sealer
	codec     codec

	now     atomic.Pointer[registry.Snapshot] // its version is the sequence that was read last
	failure atomic.Pointer[error]             // why the log can't be followed any further
	writing chan struct{}                     // holds one token: writers of this process take turns

	mu       sync.Mutex
	advanced chan struct{} // closed and replaced with each step, and on failure
	seen     uint64        // version that the watchers have seen
	own      string        // the transaction that Update waits for; "" once it was read
	watchers []*watcher

	calling sync.Mutex // held while watchers are called

	assembly assembly // the consumer's
	grown    atomic.Int64
	applied  atomic.Int64  // transactions since the last snapshot object
	due      chan struct{} // a snapshot object should be written

	recalling chan struct{} // holds one token: earlier versions are read one at a time
	rotating  chan struct{} // holds one token
	alone     func() bool   // no other gateway follows the log
	room      func() error  // why nothing can be stored; nil when it can
}

// watcher is one caller of Watch.
type watcher struct {
	fn func(old, now *registry.Snapshot, tx registry.Transaction)
}

// newRegistry makes a registry that has read nothing.
func newRegistry(nc *nats.Conn, js jetstream.JetStream, s stores, sealer registry.Sealer, log *slog.Logger) (*Registry, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	r := &Registry{
		log:       log,
		nc:        nc,
		js:        js,
		stream:    s.registry,
		snapshots: snapshotStore{bucket: s.snapshots, js: js},
		sealer:    sealer,
		codec:     c,
		writing:   make(chan struct{}, 1),
		advanced:  make(chan struct{}),
		due:       make(chan struct{}, 1),
		recalling: make(chan struct{}, 1),
		rotating:  make(chan struct{}, 1),
		room:      func() error { return nil },
	}
	r.now.Store(registry.Empty())
	return r, nil
}

// close frees what the registry holds; its goroutines have ended.
func (r *Registry) close() { r.codec.close() }

// Snapshot is the registry now. It takes no lock and never waits.
func (r *Registry) Snapshot() *registry.Snapshot { return r.now.Load() }

// Watch calls fn for each transaction from now on, in their order, from the one goroutine that
// reads the log: it must be quick, and must neither call Update nor stop. stop returns when fn is
// not running and won't be called again.
func (r *Registry) Watch(fn func(old, now *registry.Snapshot, tx registry.Transaction)) (stop func()) {
	w := &watcher{fn: fn}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers = append(r.watchers[:len(r.watchers):len(r.watchers)], w)
	return func() {
		r.calling.Lock()
		defer r.calling.Unlock()
		r.mu.Lock()
		defer r.mu.Unlock()
		kept := make([]*watcher, 0, len(r.watchers))
		for _, other := range r.watchers {
			if other != w {
				kept = append(kept, other)
			}
		}
		r.watchers = kept
	}
}

// Update makes one transaction: fn plans it on a snapshot, and it is written to the log provided
// that nothing else was written since that snapshot; else fn plans again, up to eight times, after
// which the error is a registry.ConflictError. fn may so be called several times and must not keep
// anything of the earlier calls. When fn finds that what it relies on has changed, it returns a
// registry.ConflictError with the channel, and Update adds what changed. Update returns when the transaction is stored, is in Snapshot and
// the watchers have seen it; an empty transaction writes nothing. by is the user and action what is
// done (edit, import); ID, At, By and Action of what fn returns are overwritten. An error of fn is
// returned as it is but for that.
func (r *Registry) Update(ctx context.Context, by, action string, fn func(*registry.Snapshot) (registry.Transaction, error)) (*registry.Snapshot, error) {
	now, err := r.update(ctx, by, action, fn)
	r.explain(ctx, err)
	return now, err
}

func (r *Registry) update(ctx context.Context, by, action string, fn func(*registry.Snapshot) (registry.Transaction, error)) (*registry.Snapshot, error) {
	select {
	case r.writing <- struct{}{}:
		defer func() { <-r.writing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another change of the registry: %w", ctx.Err())
	}
	var base *registry.Snapshot
	for range updateAttempts {
		if err := r.broken(); err != nil {
			return nil, fmt.Errorf("the registry can't be changed: %w", err)
		}
		base = r.Snapshot()
		tx, err := fn(base)
		if err != nil {
			return nil, err
		}
		if tx.Empty() {
			return base, nil
		}
		if err := r.room(); err != nil {
			return nil, err
		}
		tx.ID, tx.At, tx.By, tx.Action = uuid.Must(uuid.NewV7()).String(), time.Now().UTC(), by, action
		now, err := r.commit(ctx, base, tx)
		if !errors.Is(err, errStale) {
			return now, err
		}
		if err := r.wait(ctx, base.Version()+1, catchUpTimeout); err != nil {
			return nil, fmt.Errorf("reading what others changed in the registry: %w", err)
		}
	}
	return nil, &registry.ConflictError{
		What:     "the registry",
		Expected: strconv.FormatUint(base.Version(), 10),
		Actual:   strconv.FormatUint(r.Snapshot().Version(), 10),
	}
}

// commit writes a planned transaction and waits until it was read back.
func (r *Registry) commit(ctx context.Context, base *registry.Snapshot, tx registry.Transaction) (*registry.Snapshot, error) {
	// A transaction that can't be applied must never get into the log: nobody could start from it.
	if _, err := base.Apply(tx, base.Version()+1); err != nil {
		return nil, fmt.Errorf("checking the change of the registry: %w", err)
	}
	body, err := registry.EncodeTransaction(tx, r.sealer)
	if err != nil {
		return nil, fmt.Errorf("encoding the change of the registry: %w", err)
	}
	parts, err := r.codec.split(tx, base.Count(tx), body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	r.expect(tx.ID)
	seq, err := appendParts(ctx, r.nc, parts, base.Version())
	if errors.Is(err, errUncertain) {
		return r.settle(err)
	}
	if err != nil {
		return nil, err
	}
	if err := r.wait(ctx, seq, updateTimeout); err != nil {
		return nil, fmt.Errorf("the change of the registry is stored, but was not read back: %w", err)
	}
	return r.Snapshot(), nil
}

// settle finds out whether the transaction that got no answer is in the log: it is when the
// consumer reads it, and isn't when the consumer has read a log without it to its end.
func (r *Registry) settle(cause error) (*registry.Snapshot, error) {
	// The caller may have gone; what was done must be known all the same.
	ctx, cancel := context.WithTimeout(context.Background(), catchUpTimeout)
	defer cancel()
	if info, err := r.stream.Info(ctx); err == nil {
		if err := r.wait(ctx, info.State.LastSeq, catchUpTimeout); err == nil && r.read() {
			return r.Snapshot(), nil
		}
	}
	return nil, fmt.Errorf("the change of the registry may be stored or not; look, and repeat it: %w", cause)
}

// expect names the transaction that read asks for.
func (r *Registry) expect(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own = id
}

// read reports whether the expected transaction was read from the log.
func (r *Registry) read() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.own == ""
}

// wait returns when the snapshot's version is seq or later and the watchers have seen it.
func (r *Registry) wait(ctx context.Context, seq uint64, atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		r.mu.Lock()
		step, seen := r.advanced, r.seen
		r.mu.Unlock()
		if seen >= seq {
			return nil
		}
		if err := r.broken(); err != nil {
			return err
		}
		select {
		case <-step:
		case <-ctx.Done():
			return fmt.Errorf("waiting for version %d, at %d: %w", seq, seen, ctx.Err())
		}
	}
}

// broken is why the log can't be followed any further; nil when all is well.
func (r *Registry) broken() error {
	if err := r.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// fail stops the registry where it is: what comes later in the log builds on what can't be read.
func (r *Registry) fail(err error) {
	r.failure.Store(&err)
	r.step("")
}

// advance makes the next snapshot the present one and tells those who watch and wait.
func (r *Registry) advance(next *registry.Snapshot, tx registry.Transaction) {
	old := r.now.Swap(next)
	if !tx.Empty() {
		r.calling.Lock()
		r.mu.Lock()
		watchers := r.watchers
		r.mu.Unlock()
		if len(watchers) > 0 {
			if tx = changedOnly(old, tx); tx.Empty() {
				watchers = nil
			}
		}
		for _, w := range watchers {
			w.fn(old, next, tx)
		}
		r.calling.Unlock()
	}
	r.step(tx.ID)
}

// step wakes those who wait; id is the transaction that was read, if any.
func (r *Registry) step(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != "" && r.own == id {
		r.own = ""
	}
	r.seen = r.Snapshot().Version()
	close(r.advanced)
	r.advanced = make(chan struct{})
}
