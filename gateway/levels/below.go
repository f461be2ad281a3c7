package levels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
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

// records takes over channels, their statuses, and sites.
func (b *Below) records(ctx context.Context, p Progress) error {
	trail := trail{b: b, log: Records}
	r := reading{waiting: map[string]json.RawMessage{}, scopes: fmt.Sprint(b.o.Scopes())}
	if p.Place == "" {
		r.all = map[string]bool{}
	}
	for ctx.Err() == nil {
		page, err := b.read(ctx, Records, p.Place)
		if err != nil {
			pause(ctx, retry)
			continue
		}
		scopes := fmt.Sprint(b.o.Scopes())
		begun := p.Place != ""
		// What the level doesn't share any more, and what it may register by now, is only seen from the beginning.
		if page.Log != p.Log || page.Again || scopes != r.scopes || b.refusedFor() > again {
			p = Progress{Log: page.Log}
			r = reading{all: map[string]bool{}, waiting: map[string]json.RawMessage{}, scopes: scopes}
			b.refuse(nil)
			if begun {
				continue
			}
		}
		p.Place = page.Next
		for _, m := range page.Messages {
			r.waiting[m.Subject] = m.Data
			if r.all != nil {
				r.all[m.Subject] = len(m.Data) > 0
			}
		}
		if page.Pending > 0 && len(r.waiting) < most {
			continue
		}
		if r.all != nil && page.Pending == 0 {
			for c := range b.o.Here.Snapshot().All() {
				if name := ofChannel + c.ID; c.Via == b.o.Name && !r.all[name] {
					r.waiting[name] = nil
				}
			}
			r.all = nil
		}
		if len(r.waiting) > 0 {
			if err := b.take(ctx, r.waiting); err != nil {
				return err
			}
			r.waiting = map[string]json.RawMessage{}
		}
		if r.all != nil { // what is begun begins anew after a failure
			continue
		}
		if err := trail.leave(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// reading is how far records are taken over.
type reading struct {
	all     map[string]bool // names of what is there, when they are read from the beginning
	waiting map[string]json.RawMessage
	scopes  string // in which the level may register
}

// again is how long what is refused waits for what stands in its way to be gone.
const again = 5 * time.Minute

// refuse notes what can't be registered here, by name, and since when; an empty reason takes it away. Nil forgets all.
func (b *Below) refuse(reasons map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reasons == nil {
		b.refused = map[string]string{}
	}
	was := len(b.refused)
	for name, reason := range reasons {
		if reason == "" {
			delete(b.refused, name)
		} else {
			b.refused[name] = reason
		}
	}
	if was == 0 {
		b.refusedAt = time.Now()
	}
	b.state.Refused, b.state.Why = len(b.refused), ""
	for name, reason := range b.refused { // any of them
		b.state.Why = name + ": " + reason
		break
	}
}

// refusedFor is how long something has been refused; 0 when nothing is.
func (b *Below) refusedFor() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.refused) == 0 {
		return 0
	}
	return time.Since(b.refusedAt)
}

// take makes the records of channels and sites true here.
func (b *Below) take(ctx context.Context, records map[string]json.RawMessage) error {
	names, scopes := slices.Sorted(maps.Keys(records)), b.o.Scopes()
	var found map[string]Record
	var refused map[string]string // by id; empty: no more
	err := b.o.Here.Update(ctx, b.o.Name, func(now *registry.Snapshot) (tx registry.Transaction, _ error) {
		found, refused = map[string]Record{}, map[string]string{}
		described := map[string]bool{}
		for _, s := range now.Described() {
			described[s.Path] = true
		}
		for _, name := range names {
			if path, ok := strings.CutPrefix(name, ofSite); ok {
				site, ok := siteOf(strings.ReplaceAll(path, ".", "/"), records[name])
				if ok && !described[site.Path] && within(scopes, site.Path) { // what is described here is described here
					tx.Sites = append(tx.Sites, site)
				}
				continue
			}
			id := strings.TrimPrefix(name, ofChannel)
			old, there := now.Get(id)
			ours := there && old.Via == b.o.Name
			refused[id] = ""
			if len(records[name]) > 0 {
				var r Record
				c, err := r.read(records[name], b.o.Name)
				switch {
				case err != nil:
					refused[id] = err.Error()
				case c.ID != id:
					refused[id] = "its id is another"
				case there && !ours:
					refused[id] = "the id is taken here"
				case !registry.Covered(scopes, &c):
					refused[id] = "it isn't in what the level may register"
				default:
					found[id] = r
					if !there || !registry.Equal(old, c) {
						tx.Put = append(tx.Put, c)
					}
					continue
				}
			}
			if ours {
				tx.Delete = append(tx.Delete, id)
			}
		}
		return tx, nil
	})
	if err != nil {
		return err
	}
	was := b.State().Refused
	b.refuse(refused)
	if s := b.State(); s.Refused > was {
		b.o.Log.Warn("channels of a level below can't be registered here", "level", b.o.Name, "count", s.Refused, "one", s.Why)
	}
	now := b.o.Here.Snapshot()
	for id, r := range found {
		if c, ok := now.Get(id); ok && c.Via == b.o.Name {
			b.o.Here.Found(c, r.found())
		}
	}
	return nil
}

// read reads a record, and returns the channel as it is registered here.
func (r *Record) read(b []byte, via string) (registry.Channel, error) {
	if err := json.Unmarshal(b, r); err != nil {
		return registry.Channel{}, err
	}
	return r.taken(via)
}

// siteOf is what a record says of a place; false for one that is taken away, or says nothing that can be.
func siteOf(path string, record []byte) (s registry.Site, ok bool) {
	ok = len(record) > 0 && json.Unmarshal(record, &s) == nil && s.Path == path && s.Validate() == nil
	return s, ok
}

// within reports whether a place is in one of the scopes, or one of them in it.
func within(scopes []registry.Scope, path string) bool {
	return slices.ContainsFunc(scopes, func(s registry.Scope) bool {
		return registry.Scope{Site: s.Site}.CoversSite(path) || registry.Scope{Site: path}.CoversSite(s.Site)
	})
}

// events copies events. Each is stored here once: what was stored after the place that is noted is known by its id.
func (b *Below) events(ctx context.Context, p Progress) error {
	trail := trail{b: b, log: Events}
	if p.Log == "" { // what was before the levels were linked is nobody's news
		hello, err := b.o.Asker.Hello(ctx)
		if err != nil {
			return err
		}
		if hello.Events == "" {
			return errors.New("it doesn't say where its events end")
		}
		p.Place = hello.Events
	}
	var stored map[string]bool // nil: not looked for yet
	for ctx.Err() == nil {
		page, err := b.read(ctx, Events, p.Place)
		if err != nil {
			// Nothing of the level is stored meanwhile, so that whoever begins here need not look for it.
			if mark, err := b.o.Here.End(ctx); err == nil && stored != nil {
				p.Mark = mark
				if err := trail.leave(ctx, p); err != nil {
					return err
				}
			}
			pause(ctx, retry)
			continue
		}
		first := stored == nil
		if first {
			stored = map[string]bool{}
			if p.Log != "" {
				if err := b.o.Here.Since(ctx, p.Mark, func(id string) { stored[id] = true }); err != nil {
					return err
				}
			}
		}
		if page.Log != p.Log {
			anew := p.Log != ""
			if p.Log = page.Log; anew {
				p.Place = ""
			}
			if p.Mark, err = b.o.Here.End(ctx); err != nil {
				return err
			}
			if err := b.o.Here.Proceed(ctx, b.o.Name, Events, p); err != nil { // what is stored from here on is known
				return err
			}
			if anew {
				continue
			}
		} else if page.Again && !first {
			return errAgain // with what was stored by then
		}
		if page.Lost > 0 {
			b.o.Log.Error("events of a level below are lost: it kept them for less time than it was away", "level", b.o.Name, "at_most", page.Lost)
		}
		var copied []Copied
		scopes := b.o.Scopes()
		for _, m := range page.Messages {
			e, err := b.copied(m, scopes)
			if err != nil {
				b.o.Log.Warn("an event of a level below is left out", "level", b.o.Name, "subject", Cut(m.Subject), "error", err)
				continue
			}
			if !stored[e.ID] {
				copied = append(copied, e)
			}
		}
		if err := b.o.Here.Copy(ctx, copied); err != nil {
			return err
		}
		if page.Pending == 0 { // what was stored has come by again
			clear(stored)
		}
		p.Place = page.Next
		if p.Mark, err = b.o.Here.End(ctx); err != nil {
			return err
		}
		if err := trail.leave(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

var errAgain = errors.New("its server has lost what it stored last: reading some of it again")

var (
	errForeign = errors.New("it isn't of what the level may tell of")
	errMixed   = errors.New("it speaks of another channel than its subject")
	errTime    = errors.New("it is of the future")
)

// early is how far a level's clock may be ahead.
const early = time.Hour

// copied checks that an event is one that the level may tell.
func (b *Below) copied(m Message, scopes []registry.Scope) (Copied, error) {
	var e struct {
		ID   string     `json:"id"`
		Type event.Type `json:"type"`
		Time time.Time  `json:"time"`
		Data struct {
			Channel *event.Channel `json:"channel"`
			Site    string         `json:"site"`
		} `json:"data"`
	}
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return Copied{}, fmt.Errorf("reading it: %w", err)
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(m.Subject, event.Prefix), ".")
	of, known := event.Types()[e.Type]
	switch {
	case e.ID == "" || len(e.ID) > 64 || !slices.Contains(event.Shareable(), kind):
		return Copied{}, errForeign
	case !known || string(of.Kind()) != kind:
		return Copied{}, errMixed
	case time.Until(e.Time) > early:
		return Copied{}, errTime
	}
	if event.Kind(kind) == event.KindSite {
		if path := strings.ReplaceAll(rest, ".", "/"); e.Data.Site != path {
			return Copied{}, errMixed
		} else if !slices.ContainsFunc(scopes, func(s registry.Scope) bool { return s.CoversSite(path) }) {
			return Copied{}, errForeign
		}
		return Copied{e.ID, m.Subject, m.Data}, nil
	}
	c := e.Data.Channel
	if c == nil || c.Topic(event.Kind(kind)) != m.Subject {
		return Copied{}, errMixed
	}
	here, there := b.o.Here.Snapshot().Get(c.ID)
	if there && here.Via != b.o.Name {
		return Copied{}, errForeign
	}
	here.ID, here.Class, here.Site, here.Scenario = c.ID, registry.Class(c.Class), c.Site, c.Scenario
	if !registry.Covered(scopes, &here) {
		return Copied{}, errForeign
	}
	return Copied{e.ID, m.Subject, m.Data}, nil
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
