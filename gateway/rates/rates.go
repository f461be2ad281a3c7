// Package rates accounts for the health of channels: how much of a period each was online, intact,
// down, or unknown, computed from recorded changes and never from samples.
//
// Every change of a channel's state is written to a log within a second, and the gateway says each
// minute that it is still there. Where it was not (it was down, or had lost its network) nothing is
// known of any channel until it is back, and that time counts for nothing. Some minutes after a day
// of UTC is over it is put at rest: written once more as a whole, in the order of its channels, with
// the state in which each began it, and the log of the day before is forgotten. So any period can be
// computed without reading from the beginning.
//
// All times are whole milliseconds. Windows of maintenance are those that the registry has now, and
// are cut out exactly, whether entered before or after; channels belong to the class, site and
// scenario that they have now. For whole days the sums of each channel are kept in memory when they
// were asked for once, in 16 bytes, or one where a channel was in one state all day; they are made
// again when the maintenance of the day has changed.
package rates

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Store keeps records. Its methods may be called at the same time, and end by deadlines of their own
// or the context's.
type Store interface {
	// Append writes a record at the end of the log.
	Append(ctx context.Context, record []byte) error
	// Since calls f with each record that was appended at or after the time, in their order.
	// It returns the sequence of the last one that is there, for Follow.
	Since(ctx context.Context, at time.Time, f func(record []byte) error) (end uint64, err error)
	// Follow calls f with each record behind that sequence, as they are appended, until ctx ends.
	Follow(ctx context.Context, after uint64, f func(record []byte))
	// Forget takes what was appended before the time out of the log.
	Forget(ctx context.Context, before time.Time) error
	// PutDay stores the parts of a day at rest, all or none; a day that is there stays as it is.
	PutDay(ctx context.Context, day time.Time, parts [][]byte) error
	// Days are the days at rest, each with the number of its parts.
	Days(ctx context.Context) (map[time.Time]int, error)
	// Part reads one part of a day, the first being 0.
	Part(ctx context.Context, day time.Time, part int) ([]byte, error)
}

// Change is a change of a channel's state that was believed, told to anybody or not.
type Change struct {
	ID     string
	To     event.State // empty: it was deleted
	Reason event.Reason
	At     time.Time
}

// Options is what a Recorder works with; every field is needed.
type Options struct {
	Store Store
	Node  string // name of this gateway
	// Snapshot is the registry as it is now.
	Snapshot func() *registry.Snapshot
	// Targets are the rates that the channels of a class ought to reach, 0 to 1.
	Targets func() map[int]float64
	Log     *slog.Logger
}

// How often what is done.
const (
	flushEvery = time.Second     // changes are in the log so long after they happened, at most
	beatEvery  = time.Minute     // a record is written though nothing changed
	restAfter  = 5 * time.Minute // the end of a day, for changes that come late
	lateMost   = 4 * time.Minute // a change can't be told later than this; then it is as of then
	keepDays   = 90              // may be asked for
	maxInbox   = 1 << 19         // changes that wait to be written down
	maxOutbox  = 64 << 20        // bytes of records that wait for the store
	maxChanges = 4096            // of one record
)

// Recorder records and accounts. Its methods may be called at the same time.
type Recorder struct {
	o       Options
	stop    context.CancelFunc
	running sync.WaitGroup

	inbox inbox

	mu    sync.RWMutex // of the book; what Record is told waits in the inbox
	book  *book
	rest  map[int64]int // parts of the days at rest, by day
	order []uint32      // channels by id
	out   outbox

	asking chan struct{} // holds one while the sums of days are looked at
	sums   map[int64]*daySums
	view   *view // of the registry that was last looked at
}

// inbox is what was told since the book was last written.
type inbox struct {
	mu      sync.Mutex
	changes []recorded
	lost    int
	wake    chan struct{}
}

// outbox is records that are in the book and not yet in the store.
type outbox struct {
	records [][]byte
	bytes   int
	lost    int
}

// Open reads what is recorded, and goes on recording. ctx bounds the opening only. The time since the
// last record is one of which nothing is known. Close the Recorder before the store.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	r := &Recorder{o: o, book: newBook(), asking: make(chan struct{}, 1)}
	r.inbox.wake = make(chan struct{}, 1)
	r.rest = make(map[int64]int)
	r.sums = make(map[int64]*daySums)
	end, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	r.note(time.Now(), nil, began)
	life, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.running.Go(func() { r.run(life) })
	r.running.Go(func() { r.follow(life, end) })
	return r, nil
}

// Close writes down what was told, and that the gateway goes. The error says what couldn't be stored.
func (r *Recorder) Close() error {
	r.stop()
	r.running.Wait()
	r.drain(time.Now(), ended)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := r.flush(ctx); err != nil {
		return fmt.Errorf("%d records of states aren't stored: %w", len(r.out.records), err)
	}
	return nil
}

// Record takes a change. It never blocks. Where more than half a million wait it is dropped, which the
// next Sync mends.
func (r *Recorder) Record(c Change) {
	r.inbox.put(recorded{id: c.ID, at: c.At.UnixMilli(), state: codeOf(c.To), reason: c.Reason})
}

// Blind says that since then nothing can be known of any channel, since the gateway itself has lost
// its network.
func (r *Recorder) Blind(since time.Time) {
	now := time.Now()
	r.drain(now, 0)
	r.write(now, nil, blind, since)
}

// Seeing says that it has its network again.
func (r *Recorder) Seeing() {
	r.drain(time.Now(), began)
}

// Sync compares the record with the statuses that are in force, and takes up what differs as of now:
// a channel that the record doesn't know, or knows otherwise, or that is no more.
func (r *Recorder) Sync(statuses iter.Seq2[string, registry.Status]) {
	now := time.Now()
	r.drain(now, 0)
	there := make(map[string]bool)
	var differ []recorded
	r.mu.RLock()
	for id, s := range statuses {
		there[id] = true
		n, known := r.book.ids[id]
		if !known || r.book.now[n].state != codeOf(s.State) || r.book.reasons[r.book.now[n].reason] != s.Reason {
			differ = append(differ, recorded{id: id, at: now.UnixMilli(), state: codeOf(s.State), reason: s.Reason})
		}
	}
	for n, p := range r.book.now {
		if id := r.book.names[n]; p.state != absent && !there[id] {
			differ = append(differ, recorded{id: id, at: now.UnixMilli(), state: absent})
		}
	}
	r.mu.RUnlock()
	r.note(now, differ, 0)
}

func (b *inbox) put(c recorded) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changes) >= maxInbox {
		b.lost++
		return
	}
	b.changes = append(b.changes, c)
	if len(b.changes) == maxChanges {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

func (b *inbox) take() (changes []recorded, lost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes, lost = b.changes, b.lost
	b.changes, b.lost = nil, 0
	return changes, lost
}

// drain writes down what was told.
func (r *Recorder) drain(now time.Time, f flags) {
	changes, lost := r.inbox.take()
	if lost > 0 {
		r.o.Log.Error("Changes of states are missing in the record", "count", lost)
	}
	if len(changes) > 0 || f != 0 {
		r.note(now, changes, f)
	}
}

// note writes changes into the book and the outbox.
func (r *Recorder) note(now time.Time, changes []recorded, f flags) { r.write(now, changes, f, now) }

// write is note; since tells when it was that nothing more was seen, for the flag blind.
func (r *Recorder) write(now time.Time, changes []recorded, f flags, since time.Time) {
	at := now.UnixMilli()
	for i := range changes {
		changes[i].at = min(max(changes[i].at, at-lateMost.Milliseconds()), at)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for first := true; first || len(changes) > 0; first = false {
		n := min(len(changes), maxChanges)
		rec := record{node: r.o.Node, at: at, changes: changes[:n]}
		changes = changes[n:]
		if first {
			rec.flags = f & began
		}
		if len(changes) == 0 {
			rec.flags |= f &^ began
		}
		if dark := r.book.dark; dark > 0 && rec.flags&began == 0 { // said each time: a reader may begin anywhere
			rec.flags |= blind
			rec.dark = dark
		} else if rec.flags&blind != 0 {
			rec.dark = min(max(since.UnixMilli(), at-lateMost.Milliseconds()), at)
		}
		r.book.apply(&rec)
		b := rec.encode()
		if r.out.bytes+len(b) > maxOutbox {
			r.out.lost++
			continue
		}
		r.out.bytes += len(b)
		r.out.records = append(r.out.records, b)
	}
}

var errLater = errors.New("the store doesn't take records now")

// flush sends what is in the outbox to the store, in its order.
func (r *Recorder) flush(ctx context.Context) error {
	for {
		r.mu.Lock()
		lost := r.out.lost
		r.out.lost = 0
		if len(r.out.records) == 0 {
			r.out.records = nil
			r.mu.Unlock()
			return nil
		}
		b := r.out.records[0]
		r.mu.Unlock()
		if lost > 0 {
			r.o.Log.Error("The store took no records of states for too long; some are lost", "records", lost)
		}
		if err := r.o.Store.Append(ctx, b); err != nil {
			return fmt.Errorf("%w: %w", errLater, err)
		}
		r.mu.Lock()
		r.out.records = r.out.records[1:]
		r.out.bytes -= len(b)
		r.mu.Unlock()
	}
}
