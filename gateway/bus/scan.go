package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

// scan reads the log beside its consumer, and calls f for each message until the one with the
// sequence last.
func (r *Registry) scan(ctx context.Context, cfg jetstream.OrderedConsumerConfig, last uint64, f func(seq uint64, m jetstream.Msg) error) error {
	if last == 0 || cfg.OptStartSeq > last {
		return nil
	}
	c, err := r.js.OrderedConsumer(ctx, registryStream, cfg)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		seq := meta.Sequence.Stream
		if seq > last {
			return nil
		}
		if err := f(seq, m); err != nil {
			return fmt.Errorf("at %d: %w", seq, err)
		}
		if seq == last || meta.NumPending == 0 {
			return nil
		}
	}
}

// transactions is scan for whole transactions, packed; what isn't one is passed over, as the
// registry's consumer does.
func (r *Registry) transactions(ctx context.Context, cfg jetstream.OrderedConsumerConfig, last uint64, f func(seq uint64, packed []byte) error) error {
	var a assembly
	return r.scan(ctx, cfg, last, func(seq uint64, m jetstream.Msg) error {
		p, err := readPart(m.Headers())
		if err != nil {
			a = assembly{}
			return nil
		}
		if packed, _ := a.add(p, m.Data()); packed != nil { // the consumer has told of what is broken
			return f(seq, packed)
		}
		return nil
	})
}

// decode reads a packed transaction.
func (r *Registry) decode(packed []byte) (registry.Transaction, error) {
	body, err := r.codec.unpack(packed)
	if err != nil {
		return registry.Transaction{}, err
	}
	return registry.DecodeTransaction(body, r.sealer)
}

// nearest is the newest snapshot object that is no later than the version, or the empty registry.
func (r *Registry) nearest(ctx context.Context, version uint64) *registry.Snapshot {
	all, err := r.snapshots.slots(ctx)
	if err != nil {
		r.log.Warn("The registry's snapshots can't be read; reading the whole log", "error", err)
		return registry.Empty()
	}
	for _, s := range all {
		if s.version == 0 || s.version > version {
			continue
		}
		snap, err := r.readSnapshot(ctx, s)
		if err == nil {
			return snap
		}
		r.log.Warn("A snapshot of the registry is left out; more of the log is read", "snapshot", s.name, "error", err)
	}
	return registry.Empty()
}
