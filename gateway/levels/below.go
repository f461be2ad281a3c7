package levels

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sharpeyes/registry"
)

const (
	greet   = 2 * time.Second  // how often a level below is asked whether it is there
	lostFor = 10 * time.Second // after which one that doesn't answer is told of
	retry   = time.Second
	most    = 10_000 // records of one transaction
)

// The logs that are read.
const (
	Records = "records"
	Events  = "events"
)

// Asker asks a level below.
type Asker interface {
	Hello(ctx context.Context) (Hello, error)
	// Read returns what comes in a log after a place, empty: from its beginning; when there is nothing it waits a
	// while.
	Read(ctx context.Context, log, after string) (Page, error)
}

// Here is the gateway that takes over what a level below shares.
type Here interface {
	Snapshot() *registry.Snapshot
	// Update makes one transaction in the name of the level.
	Update(ctx context.Context, by string, fn func(*registry.Snapshot) (registry.Transaction, error)) error
	// Found takes over the status of a channel of the level.
	Found(c registry.Channel, s registry.Status)
	// Copy stores and sends events in their order, those that it has stored within two minutes not again.
	Copy(ctx context.Context, events []Copied) error
	// End is the sequence of the newest event that is stored.
	End(ctx context.Context) (uint64, error)
	// Since calls f with the id of each event that was stored after a sequence.
	Since(ctx context.Context, after uint64, f func(id string)) error
	// Progress is how far the level was read; Proceed stores that.
	Progress(level, log string) (Progress, error)
	Proceed(ctx context.Context, level, log string, p Progress) error
	// Lost and Back tell that a level has been lost, and is back.
	Lost(level string, since time.Time)
	Back(level string, since time.Time)
}

// Copied is an event of the level below that is to be told here.
type Copied struct {
	ID, Subject string
	Data        []byte
}

// Progress is how far a log was read.
type Progress struct {
	Log   string `json:"log"`
	Place string `json:"place"`
	// Mark is the newest event that was stored here then. What was stored after it may be of what was read
	// after it.
	Mark uint64 `json:"mark,omitempty"`
	// Lost is since when the level hasn't answered, which was told.
	Lost time.Time `json:"lost,omitzero"`
}

// Options is what a Below is made with.
type Options struct {
	Name  string // of the level
	Asker Asker
	Here  Here
	// Scopes are the parts of the city in which the level may register channels.
	Scopes func() []registry.Scope
	Log    *slog.Logger
}

// Below is one level below. Its methods may be called from several goroutines at once.
type Below struct {
	o Options

	mu      sync.Mutex
	state   State
	pending map[string]uint64 // by log

	refused   map[string]string // reasons by id, of channels that can't be registered here
	refusedAt time.Time         // since when there are some
}

// State is how a level below is.
type State struct {
	Name      string
	Connected bool
	Since     time.Time // when it was first found so
	Hello     Hello     // as it said last
	Behind    uint64    // messages of it that are still to be read, as far as this gateway knows
	Refused   int       // channels that can't be registered here
	Why       string    // of one of those
}

// New makes one.
func New(o Options) *Below {
	return &Below{o: o, state: State{Name: o.Name, Since: time.Now()}, pending: map[string]uint64{}, refused: map[string]string{}}
}

// State is how the level is now.
func (b *Below) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state
	for _, n := range b.pending {
		s.Behind += n
	}
	return s
}

// Watch asks the level whether it is there until ctx ends. Every gateway does.
func (b *Below) Watch(ctx context.Context) {
	for ctx.Err() == nil {
		hello, err := b.o.Asker.Hello(ctx)
		if ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		if connected := err == nil; connected != b.state.Connected {
			b.state.Connected, b.state.Since = connected, time.Now()
			b.o.Log.Info("a level below", "level", b.o.Name, "connected", connected)
		}
		if err == nil {
			b.state.Hello = hello
		}
		b.mu.Unlock()
		pause(ctx, greet)
	}
}

// Follow takes over what the level shares until ctx ends. One gateway does at a time.
func (b *Below) Follow(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.again(ctx, Records, b.records) })
	group.Go(func() error { return b.again(ctx, Events, b.events) })
	group.Go(func() error { return b.tell(ctx) })
	return group.Wait()
}

// again reads a log, and begins anew where it was when that fails.
func (b *Below) again(ctx context.Context, log string, read func(context.Context, Progress) error) error {
	told := ""
	for ctx.Err() == nil {
		p, err := b.o.Here.Progress(b.o.Name, log)
		if err == nil {
			err = read(ctx, p)
		}
		if err != nil && ctx.Err() == nil && b.State().Connected && err.Error() != told {
			told = err.Error()
			b.o.Log.Warn("what a level below shares can't be taken over; trying again", "level", b.o.Name, "log", log, "error", err)
		}
		pause(ctx, retry)
	}
	return ctx.Err()
}

// settles is how old a place must be to be noted. What was stored here in the last seconds may be lost when the
// machine dies, and must be read again then.
const settles = 10 * time.Second

// trail notes how far a log was read, some time afterwards.
type trail struct {
	b    *Below
	log  string
	next Progress
	at   time.Time // zero: there is none
}

// leave takes the place that was just reached.
func (t *trail) leave(ctx context.Context, p Progress) error {
	switch {
	case t.at.IsZero():
	case time.Since(t.at) < settles:
		return nil
	default:
		if err := t.b.o.Here.Proceed(ctx, t.b.o.Name, t.log, t.next); err != nil {
			return err
		}
	}
	t.next, t.at = p, time.Now()
	return nil
}

// read reads on, and notes how much is still to be read.
func (b *Below) read(ctx context.Context, log, after string) (Page, error) {
	p, err := b.o.Asker.Read(ctx, log, after)
	if err == nil {
		b.mu.Lock()
		b.pending[log] = p.Pending
		b.mu.Unlock()
	}
	return p, err
}

// tell says once when the level is lost for longer than a moment, and once when it is back.
func (b *Below) tell(ctx context.Context) error {
	for ctx.Err() == nil {
		pause(ctx, greet)
		p, err := b.o.Here.Progress(b.o.Name, Records)
		if err != nil || p.Log == "" { // nothing was ever read
			continue
		}
		linked, err := b.o.Here.Progress(b.o.Name, link)
		if err != nil {
			continue
		}
		s := b.State()
		switch lost := !linked.Lost.IsZero(); {
		case s.Connected && lost:
			since := linked.Lost
			linked.Lost = time.Time{}
			if b.o.Here.Proceed(ctx, b.o.Name, link, linked) == nil {
				b.o.Here.Back(b.o.Name, since)
			}
		case !s.Connected && !lost && time.Since(s.Since) > lostFor:
			linked.Lost = s.Since.UTC()
			if b.o.Here.Proceed(ctx, b.o.Name, link, linked) == nil {
				b.o.Here.Lost(b.o.Name, s.Since)
			}
		}
	}
	return ctx.Err()
}

// link is where it is noted whether it was told that the level is lost.
const link = "link"

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
