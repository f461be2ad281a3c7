package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry/event"
)

// EventReader reads the stored events that say something of channels, sites and gateways: all but those
// of alerts and of who did what.
type EventReader struct{ b *Bus }

// Events reads what is stored.
func (b *Bus) Events() EventReader { return EventReader{b} }

// Newest is when the last event was stored, of whatever kind; zero when there is none.
func (r EventReader) Newest(ctx context.Context) (time.Time, error) {
	s, err := r.b.js.Stream(ctx, eventStream)
	if err != nil {
		return time.Time{}, fmt.Errorf("opening the stream of events: %w", err)
	}
	state := s.CachedInfo().State
	if state.Msgs == 0 {
		return time.Time{}, nil
	}
	return state.LastTime, nil
}

// Read calls each with the events from a sequence on (0: none is said) or from a time on (zero: none is
// said), whichever is earlier, in their order. It goes on until ctx ends, or, with last, until the last
// one that is there. The error is each's, ctx's, or the store's.
func (r EventReader) Read(ctx context.Context, from uint64, since time.Time, last bool, each func(sequence uint64, at time.Time, event []byte) error) error {
	s, err := r.b.js.Stream(ctx, eventStream)
	if err != nil {
		return fmt.Errorf("opening the stream of events: %w", err)
	}
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, FilterSubjects: []string{
		event.Prefix + string(event.KindHealth) + ".>", event.Prefix + string(event.KindMotion) + ".>", event.Prefix + string(event.KindSite) + ".>",
		event.Prefix + string(event.KindStream) + ".>", event.Prefix + string(event.KindGateway) + ".>",
	}}
	if !since.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	if from > 0 {
		earlier := since.IsZero()
		if !earlier {
			m, err := s.GetMsg(ctx, from, jetstream.WithGetMsgSubject(eventSubjects))
			earlier = err == nil && m.Time.Before(since)
		}
		if earlier {
			cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = jetstream.DeliverByStartSequencePolicy, from, nil
		}
	}
	c, err := s.OrderedConsumer(ctx, cfg)
	if err != nil {
		return fmt.Errorf("reading the stream of events: %w", err)
	}
	if last {
		info, err := c.Info(ctx)
		if err != nil {
			return fmt.Errorf("reading the stream of events: %w", err)
		}
		if info.NumPending == 0 {
			return nil
		}
	}
	it, err := messagesOf(c, 4096)
	if err != nil {
		return fmt.Errorf("reading the stream of events: %w", err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, jetstream.ErrNoHeartbeat) { // the server is away; the client asks again
				continue
			}
			return fmt.Errorf("reading the stream of events: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the stream of events: %w", err)
		}
		if err := each(meta.Sequence.Stream, meta.Timestamp, m.Data()); err != nil {
			return err
		}
		if last && meta.NumPending == 0 {
			return nil
		}
	}
}
