package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry/event"
)

// Page is a part of a log that is shared.
type Page struct {
	Log      string    `json:"log"`             // another name when it was made anew
	Next     string    `json:"next"`            // where it goes on
	Pending  uint64    `json:"pending"`         // messages that come after these
	Again    bool      `json:"again,omitempty"` // where it was to go on isn't there any more: something comes again
	Lost     uint64    `json:"lost,omitempty"`  // events, at most, that weren't kept for long enough
	Messages []Message `json:"messages"`

	meant []event.Filter
}

// Message is one of a log that is shared.
type Message struct {
	Subject string          `json:"subject"` // of a record: what follows sharedPrefix
	Data    json.RawMessage `json:"data,omitempty"`
}

// readQuestion asks for what comes after a place.
type readQuestion struct {
	Log   string `json:"log"`
	After string `json:"after"`
}

// place is one in a log: the sequence and the time of a message. A log whose server was killed may lack its last
// messages, and give their sequences to others; the time tells them apart.
type place struct {
	sequence uint64
	at       time.Time
}

// String is the place as it is passed on.
func (p place) String() string { return fmt.Sprintf("%d@%d", p.sequence, p.at.UnixNano()) }

// parsePlace reads one; what can't be read is the beginning.
func parsePlace(s string) (p place) {
	var nanos int64
	if _, err := fmt.Sscanf(s, "%d@%d", &p.sequence, &nanos); err != nil {
		return place{}
	}
	p.at = time.Unix(0, nanos)
	return p
}

// page reads what comes after a place and is meant (nil: all); when that is nothing it waits a while for something.
func page(ctx context.Context, s jetstream.Stream, filters []string, meant []event.Filter, after string, patience time.Duration) (Page, error) {
	info, err := s.Info(ctx)
	if err != nil {
		return Page{}, err
	}
	from, end := parsePlace(after), place{info.State.LastSeq, info.State.LastTime}
	p := Page{Log: info.Created.UTC().Format(time.RFC3339Nano), Next: after, Messages: []Message{}, meant: meant}
	if meant != nil && from.sequence > 0 && from.sequence+1 < info.State.FirstSeq {
		p.Lost = info.State.FirstSeq - from.sequence - 1
	}
	cfg := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from.sequence + 1, FilterSubjects: filters,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 3 * shareWait,
	}
	is, err := at(ctx, s, info.State, from)
	if err != nil {
		return p, err
	}
	p.Again = is == another
	if is != same {
		cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, 0, &from.at
	}
	c, err := s.CreateConsumer(ctx, cfg)
	if err != nil {
		return p, err
	}
	defer func() { _ = s.DeleteConsumer(context.WithoutCancel(ctx), c.CachedInfo().Name) }() // else it ends by itself
	if c.CachedInfo().NumPending == 0 {
		p.Next = end.String() // nothing of it was meant
		if patience == 0 {
			return p, nil
		}
		waiting, cancel := context.WithTimeout(ctx, patience)
		m, err := c.Next(jetstream.FetchContext(waiting))
		cancel()
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
			return p, nil
		}
		if err == nil {
			_, err = p.take(m)
		}
		if err != nil {
			return p, err
		}
	}
	batch, err := c.FetchNoWait(shareBatch)
	if err != nil {
		return p, err
	}
	size := 0
	for m := range batch.Messages() {
		if size > shareBytes { // these come with the next page
			continue
		}
		n, err := p.take(m)
		if err != nil {
			return p, err
		}
		size += n
	}
	return p, batch.Error()
}

// What is at a place now.
const (
	same     = iota // what was there, or what was there is too old
	replaced        // nothing: a later message of the subject is somewhere behind it
	another         // another message, or none yet
)

func at(ctx context.Context, s jetstream.Stream, state jetstream.StreamState, p place) (int, error) {
	switch {
	case p.sequence == 0 || p.sequence < state.FirstSeq:
		return same, nil
	case p.sequence > state.LastSeq:
		return another, nil
	case p.sequence == state.LastSeq && state.LastTime.Equal(p.at):
		return same, nil
	}
	m, err := s.GetMsg(ctx, p.sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return replaced, nil
	case err != nil:
		return same, err
	case !m.Time.Equal(p.at):
		return another, nil
	}
	return same, nil
}

// take adds a message, and returns its size in bytes.
func (p *Page) take(m jetstream.Msg) (int, error) {
	meta, err := m.Metadata()
	if err != nil {
		return 0, err
	}
	p.Next, p.Pending = place{meta.Sequence.Stream, meta.Timestamp}.String(), meta.NumPending
	if p.meant != nil && !slices.ContainsFunc(p.meant, func(f event.Filter) bool { return f.Matches(m.Subject()) }) {
		return 0, nil // a wider filter was asked with
	}
	p.Messages = append(p.Messages, Message{strings.TrimPrefix(m.Subject(), sharedPrefix), m.Data()})
	return len(m.Data()) + len(m.Subject()), nil
}
