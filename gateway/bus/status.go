package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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

// LoadStatuses fills the table with the last stored status of each registered channel, and returns the
// sequence that FollowStatuses goes on from.
func (b *Bus) LoadStatuses(ctx context.Context, into *registry.Statuses) (end uint64, err error) {
	s, err := b.js.Stream(ctx, kvStreamPrefix+statusBucket)
	if err != nil {
		return 0, fmt.Errorf("opening the bucket %s: %w", statusBucket, err)
	}
	if s.CachedInfo().State.Msgs == 0 {
		return s.CachedInfo().State.LastSeq, nil
	}
	channels := b.registry.Snapshot()
	var unread []error
	from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy}
	err = b.readStatuses(ctx, from, func(sequence, pending uint64, id string, status *registry.Status, err error) bool {
		end = sequence
		if _, ok := channels.Get(id); ok && err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", id, err))
		} else if ok && status != nil {
			into.Set(id, *status)
		}
		return pending > 0
	})
	if len(unread) > 0 {
		// What can't be read is unknown, and known again after the next probe.
		b.log.Warn("Stored statuses can't be read; those channels are unknown", "count", len(unread), "first", unread[0])
	}
	return end, err
}

// FollowStatuses calls f with each status that is stored behind the one of a sequence, by whatever gateway, nil for one
// that is deleted, until ctx ends. What is stored while the server can't be reached is told afterwards.
func (b *Bus) FollowStatuses(ctx context.Context, after uint64, f func(id string, s *registry.Status)) {
	repeat(ctx, b.log, "Reading what other gateways find is interrupted; trying again", func() error {
		from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1}
		return b.readStatuses(ctx, from, func(sequence, _ uint64, id string, status *registry.Status, err error) bool {
			after = sequence
			if err == nil { // else the next one tells how it is
				f(id, status)
			}
			return true
		})
	})
}

// readStatuses calls f with statuses, nil for one that is deleted, and how many are still to come, until it has enough.
func (b *Bus) readStatuses(ctx context.Context, from jetstream.OrderedConsumerConfig, f func(sequence, pending uint64, id string, s *registry.Status, err error) bool) error {
	c, err := b.js.OrderedConsumer(ctx, kvStreamPrefix+statusBucket, from)
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	it, err := messagesOf(c, 4096)
	if err != nil {
		return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
	}
	defer it.Stop()
	for more := true; more; {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the bucket %s: %w", statusBucket, err)
		}
		var s *registry.Status
		if m.Headers().Get(headerOperation) == "" {
			s = new(registry.Status)
			err = json.Unmarshal(m.Data(), s)
		}
		more = f(meta.Sequence.Stream, meta.NumPending, strings.TrimPrefix(m.Subject(), statusPrefix), s, err)
	}
	return nil
}
