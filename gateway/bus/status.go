package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

// headerOperation marks a deleted key of a bucket.
const (
	headerOperation  = "KV-Operation"
	operationDeleted = "DEL"
)

// statusMsg is the write of a channel's key as the bucket has it.
func statusMsg(id string, w statusWrite) (*nats.Msg, error) {
	m := nats.NewMsg(statusPrefix + id)
	if w.tries > 0 {
		m.Header.Set(headerTries, strings.Repeat("i", w.tries))
	}
	if w.status == nil {
		m.Header.Set(headerOperation, operationDeleted)
		return m, nil
	}
	var err error
	m.Data, err = json.Marshal(w.status)
	return m, err
}

// headerTries counts the failed attempts of a write, one letter each.
const headerTries = "Sharpeyes-Tries"

// statusFailed puts a status back, unless a newer one waits or was sent, or it failed three times. The client
// may hold its locks while it calls.
func (p *publisher) statusFailed(m *nats.Msg, err error) {
	id := strings.TrimPrefix(m.Subject, statusPrefix)
	tries := len(m.Header.Get(headerTries))
	if !disconnected(err) {
		tries++
	}
	w := statusWrite{tries: tries}
	if m.Header.Get(headerOperation) == "" {
		w.status = new(registry.Status)
		if e := json.Unmarshal(m.Data, w.status); e != nil {
			tries = maxTries
		}
	}
	p.mu.Lock()
	p.failed = true
	p.landed()
	_, newer := p.statuses[id]
	newer = p.superseded(m) || newer
	if !newer && tries < maxTries {
		p.statuses[id] = w
	}
	p.mu.Unlock()
	if !newer && tries >= maxTries {
		p.metrics.statusesLost.Inc()
		p.log.Warn("The status of a channel could not be stored", "channel", id, "error", err)
	}
	p.signal()
}

// LoadStatuses fills the table with the last stored status of each registered channel.
func (b *Bus) LoadStatuses(ctx context.Context, into *registry.Statuses) error {
	const name = kvStreamPrefix + statusBucket
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("opening the bucket %s: %w", statusBucket, err)
	}
	if s.CachedInfo().State.Msgs == 0 {
		return nil
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy})
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessagesWithBytesLimit(4096, followBytes))
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	defer it.Stop()
	channels := b.registry.Snapshot()
	var unread []error
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		id := strings.TrimPrefix(m.Subject(), statusPrefix)
		if _, ok := channels.Get(id); ok && m.Headers().Get(headerOperation) == "" {
			var st registry.Status
			if err := json.Unmarshal(m.Data(), &st); err != nil {
				unread = append(unread, fmt.Errorf("%s: %w", id, err))
			} else {
				into.Set(id, st)
			}
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		if meta.NumPending == 0 {
			break
		}
	}
	if len(unread) > 0 {
		// What can't be read is unknown, and known again after the next probe.
		b.log.Warn("Stored statuses can't be read; those channels are unknown", "count", len(unread), "first", unread[0])
	}
	return nil
}

// FollowStatuses calls f with each status that is stored from the time on, by whatever gateway, nil for one that is
// deleted, until ctx ends. What is stored while the server can't be reached is told afterwards.
func (b *Bus) FollowStatuses(ctx context.Context, since time.Time, f func(id string, s *registry.Status)) {
	var last uint64 // sequence of the last one that was told
	wait := retryMin
	for ctx.Err() == nil {
		began := time.Now()
		err := b.followStatuses(ctx, since, &last, f)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > retryMax {
			wait = retryMin
		}
		b.log.Warn("Reading what other gateways find is interrupted; trying again", "error", err)
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, retryMax)
	}
}

func (b *Bus) followStatuses(ctx context.Context, since time.Time, last *uint64, f func(id string, s *registry.Status)) error {
	o := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since}
	if *last > 0 {
		o = jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *last + 1}
	}
	c, err := b.js.OrderedConsumer(ctx, kvStreamPrefix+statusBucket, o)
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessagesWithBytesLimit(4096, followBytes))
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		*last = meta.Sequence.Stream
		id := strings.TrimPrefix(m.Subject(), statusPrefix)
		if m.Headers().Get(headerOperation) != "" {
			f(id, nil)
			continue
		}
		s := new(registry.Status)
		if json.Unmarshal(m.Data(), s) == nil {
			f(id, s)
		}
	}
}
