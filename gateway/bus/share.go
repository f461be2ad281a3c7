package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry/event"
)

const (
	sharedStream   = "SHARPEYES_SHARED"
	sharedSubjects = "sharpeyes.shared.>"
	sharedPrefix   = "sharpeyes.shared."

	shareQueue  = "share"          // of those who may be asked: any gateway of the level
	shareBytes  = 512 << 10        // of one answer, and a little more: a message may have a MiB
	shareBatch  = 1024             // messages of one answer
	shareWait   = 10 * time.Second // for something to tell
	shareAsking = 8                // questions that are answered at once
)

// The logs that the level above reads.
const (
	SharedRecords = "records" // channels with their statuses, and sites: of each the last
	SharedEvents  = "events"
)

// Shared is what the level above gets: of each channel and site the last record, and those events that are for
// it. They are kept here, so that nothing is missing when the connection was cut.
type Shared struct {
	b       *Bus
	records jetstream.Stream
	events  jetstream.Stream
	filters []string // of the events; wider, perhaps, than
	meant   []event.Filter
}

// Share opens what is shared. The events are those of the filters, of kinds that may be shared.
func (b *Bus) Share(ctx context.Context, events []event.Filter) (_ *Shared, err error) {
	events = slices.Clone(events)
	for i := range events {
		if len(events[i].Kinds) == 0 {
			events[i].Kinds = event.Shareable()
		}
		events[i].Kinds = slices.DeleteFunc(slices.Clone(events[i].Kinds), func(k string) bool { return !slices.Contains(event.Shareable(), k) })
	}
	events = slices.DeleteFunc(events, func(f event.Filter) bool { return len(f.Kinds) == 0 })
	s := &Shared{b: b, filters: subjectsOfAll(events), meant: events}
	if len(s.filters) == 0 {
		return nil, errors.New("share: no event is meant")
	}
	// What a power cut takes is written again: what is shared is compared with what is so at each start.
	persist := jetstream.DefaultPersistMode
	if b.replicas(ctx) == 1 {
		persist = jetstream.AsyncPersistMode
	}
	if s.records, err = openStream(ctx, b.js, b.log, jetstream.StreamConfig{
		Name:              sharedStream,
		Description:       "What the level above gets: the last record of each channel and site",
		Subjects:          []string{sharedSubjects},
		Storage:           jetstream.FileStorage,
		Replicas:          b.replicas(ctx),
		MaxMsgsPerSubject: 1,
		AllowDirect:       true,
		PersistMode:       persist,
	}); err != nil {
		return nil, err
	}
	if s.events, err = b.js.Stream(ctx, eventStream); err != nil {
		return nil, fmt.Errorf("opening the stream of events: %w", err)
	}
	return s, nil
}

// subjectsOfAll are those of all filters; none lies within another.
func subjectsOfAll(filters []event.Filter) []string {
	var all []string
	for _, f := range filters {
		all = append(all, pastSubjectsOf(f)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return slices.ContainsFunc(all, func(wider string) bool { return wider != s && subsumes(wider, s) })
	})
}

// subsumes reports whether every subject of the narrow pattern is one of the wide.
func subsumes(wide, narrow string) bool {
	w, n := strings.Split(wide, "."), strings.Split(narrow, ".")
	for i, token := range w {
		switch {
		case i >= len(n):
			return false
		case token == ">":
			return true
		case token != "*" && token != n[i] || n[i] == ">":
			return false
		}
	}
	return len(w) == len(n)
}

// Put writes records by name; one of nil takes it away. It returns when all are stored.
func (s *Shared) Put(ctx context.Context, records map[string][]byte) error {
	batch := make([]*nats.Msg, 0, min(len(records), copyBatch))
	for name, record := range records {
		m := nats.NewMsg(sharedPrefix + name)
		m.Data = record
		if batch = append(batch, m); len(batch) < cap(batch) {
			continue
		}
		if err := s.b.storeAll(ctx, batch); err != nil {
			return fmt.Errorf("writing what is shared: %w", err)
		}
		batch = batch[:0]
	}
	if err := s.b.storeAll(ctx, batch); err != nil {
		return fmt.Errorf("writing what is shared: %w", err)
	}
	return nil
}

// All calls f with each record that is there.
func (s *Shared) All(ctx context.Context, f func(name string, record []byte)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for after, more := "", true; more; {
		p, err := page(ctx, s.records, nil, nil, after, 0)
		if err != nil {
			return fmt.Errorf("reading what is shared: %w", err)
		}
		for _, m := range p.Messages {
			if len(m.Data) > 0 {
				f(m.Subject, m.Data)
			}
		}
		after, more = p.Next, p.Pending > 0
	}
	return nil
}

// Answers is what the level above is told.
type Answers struct {
	// Hello is who is here; the events end at this place.
	Hello func(events string) any
	// Open is where a stream can be read, or why it can't.
	Open func(ctx context.Context, question []byte) any
}

// Serve answers the level above until ctx ends, and returns when no answer is under way.
func (s *Shared) Serve(ctx context.Context, a Answers) error {
	asked := make(chan *nats.Msg)
	var answering sync.WaitGroup
	defer answering.Wait()
	for range shareAsking {
		answering.Go(func() {
			for {
				select {
				case m := <-asked:
					s.answer(ctx, a, m)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	sub, err := s.b.conn.QueueSubscribe(sharePrefix+"*", shareQueue, func(m *nats.Msg) {
		select {
		case asked <- m:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return fmt.Errorf("answering the level above: %w", err)
	}
	<-ctx.Done()
	_ = sub.Unsubscribe() // an error means that it has ended already
	return ctx.Err()
}

func (s *Shared) answer(ctx context.Context, a Answers, m *nats.Msg) {
	ctx, cancel := context.WithTimeout(ctx, 2*shareWait)
	defer cancel()
	var told any
	switch strings.TrimPrefix(m.Subject, sharePrefix) {
	case "hello":
		told = a.Hello(s.end(ctx))
	case "open":
		told = a.Open(ctx, m.Data)
	case "read":
		var q readQuestion
		if json.Unmarshal(m.Data, &q) != nil {
			return
		}
		stream, filters, meant := s.records, []string(nil), []event.Filter(nil)
		if q.Log == SharedEvents {
			stream, filters, meant = s.events, s.filters, s.meant
		}
		p, err := page(ctx, stream, filters, meant, q.After, shareWait)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.b.log.Warn("The level above can't be told what it asks for", "error", err)
			return
		}
		told = p
	default:
		return
	}
	b, err := json.Marshal(told)
	if err == nil {
		err = m.Respond(b)
	}
	if err != nil {
		s.b.log.Warn("The level above can't be answered", "error", err)
	}
}

// end is the place behind the newest event; empty when it isn't known.
func (s *Shared) end(ctx context.Context) string {
	info, err := s.events.Info(ctx)
	if err != nil {
		return ""
	}
	return place{info.State.LastSeq, info.State.LastTime}.String()
}
