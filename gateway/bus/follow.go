package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

// What the consumer of the log asks for at once: far below what the server lets one connection
// wait for, and at least one part.
const (
	followMessages = 256
	followBytes    = 3 << 20
)

// heartbeat is how often the server says that a consumer is alive; after two that don't come it is made anew. In a
// cluster it is on one server, which may die while the client is connected to another.
const heartbeat = time.Second

// messagesOf reads a consumer, at most so many messages at once.
func messagesOf(c jetstream.Consumer, atOnce int) (jetstream.MessagesContext, error) {
	return c.Messages(jetstream.PullMaxMessagesWithBytesLimit(atOnce, followBytes), jetstream.PullHeartbeat(heartbeat))
}

// openRegistry loads the registry: the newest snapshot object that can be read, and what the log
// holds after it.
func openRegistry(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, s stores, sealer registry.Sealer, log *slog.Logger) (*Registry, error) {
	r, err := newRegistry(nc, js, s, sealer, log)
	if err != nil {
		return nil, err
	}
	if err := r.load(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *Registry) load(ctx context.Context) error {
	info, err := r.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking for the end of the log: %w", err)
	}
	state := info.State
	r.now.Store(r.loadSnapshot(ctx, state.LastSeq))
	r.step("")
	if at := r.Snapshot().Version(); at < state.LastSeq && (state.Msgs == 0 || state.FirstSeq > at+1) {
		return fmt.Errorf("the log from %d on is gone (it holds %d to %d), and there is no snapshot of it: restore %s from a backup", at+1, state.FirstSeq, state.LastSeq, registryStream)
	}
	if err := r.readUntil(ctx, state.LastSeq); err != nil {
		return err
	}
	if r.assembly.pending() {
		// The server stores all parts or none, so this is a damaged store.
		r.log.Error("The registry's log ends within a transaction, which is left out", "transaction", r.assembly.tx)
		return r.skip(state.LastSeq)
	}
	return nil
}

// readUntil reads the log to the given sequence.
func (r *Registry) readUntil(ctx context.Context, last uint64) error {
	if r.Snapshot().Version() >= last {
		return nil
	}
	it, err := r.messages(ctx)
	if err != nil {
		return err
	}
	defer it.Stop()
	for at := r.Snapshot().Version(); at < last; {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		if at, err = r.take(m); err != nil {
			return err
		}
	}
	return nil
}

// follow reads the log until ctx ends; it begins again when the connection was lost.
func (r *Registry) follow(ctx context.Context) {
	repeat(ctx, r.log, "Reading the registry's log is interrupted; trying again", func() error { return r.followOnce(ctx) })
}

// repeat reads, ever again when that breaks off, until ctx ends or what is read can't be.
func repeat(ctx context.Context, log *slog.Logger, interrupted string, read func() error) {
	wait := retryMin
	for ctx.Err() == nil {
		began := time.Now()
		err := read()
		if ctx.Err() != nil || errors.Is(err, errUnreadable) {
			return
		}
		if time.Since(began) > retryMax {
			wait = retryMin
		}
		log.Warn(interrupted, "error", err)
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, retryMax)
	}
}

// Waits between attempts to do what the server refused.
const (
	retryMin = 100 * time.Millisecond
	retryMax = 5 * time.Second
)

// pause waits; it returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errUnreadable says that a transaction in the log can't be read, which no retry mends.
var errUnreadable = errors.New("a transaction in the log can't be read")

func (r *Registry) followOnce(ctx context.Context) error {
	// A transaction that the last attempt had begun is read again from its first part.
	r.assembly = assembly{}
	it, err := r.messages(ctx)
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		if _, err := r.take(m); err != nil {
			r.log.Error("The registry stands still: its log can't be read any further", "error", err)
			r.fail(err)
			return err
		}
	}
}

// messages is the log from the first message that isn't in the snapshot.
func (r *Registry) messages(ctx context.Context) (jetstream.MessagesContext, error) {
	c, err := r.js.OrderedConsumer(ctx, registryStream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   r.Snapshot().Version() + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return it, nil
}

// take reads one message of the log and returns its sequence.
func (r *Registry) take(m jetstream.Msg) (uint64, error) {
	meta, err := m.Metadata()
	if err != nil {
		return 0, fmt.Errorf("reading the log: %w", err)
	}
	seq := meta.Sequence.Stream
	p, err := readPart(m.Headers())
	if err != nil {
		// Somebody else wrote to the subject. Nothing can be made of it; it is passed over.
		r.log.Error("The registry's log holds what no gateway wrote; it is left out", "sequence", seq, "error", err)
		return seq, r.skip(seq)
	}
	packed, err := r.assembly.add(p, m.Data())
	if err != nil {
		r.log.Error("The registry's log holds part of a transaction; it is left out", "sequence", seq, "error", err)
		if packed == nil && !r.assembly.pending() {
			return seq, r.skip(seq)
		}
	}
	if packed == nil {
		return seq, nil
	}
	if err := r.apply(packed, seq); err != nil {
		return seq, fmt.Errorf("%w: transaction %s at %d: %w", errUnreadable, p.tx, seq, err)
	}
	r.grown.Add(int64(len(packed)))
	if r.applied.Add(1) >= snapshotTransactions || r.grown.Load() >= snapshotBytes {
		select {
		case r.due <- struct{}{}:
		default:
		}
	}
	return seq, nil
}

// apply makes the next snapshot of a transaction that has come whole.
func (r *Registry) apply(packed []byte, seq uint64) error {
	tx, err := r.decode(packed)
	if err != nil {
		return err
	}
	next, err := r.Snapshot().Apply(tx, seq)
	if err != nil {
		return err
	}
	r.advance(next, tx)
	return nil
}

// changedOnly is the transaction without the channels that it puts as they are: a new seal on their
// passwords is nobody's business but the log's.
func changedOnly(old *registry.Snapshot, tx registry.Transaction) registry.Transaction {
	same := func(c registry.Channel) bool {
		was, there := old.Get(c.ID)
		return there && registry.Equal(was, c)
	}
	if slices.ContainsFunc(tx.Put, same) {
		tx.Put = slices.DeleteFunc(slices.Clone(tx.Put), same)
	}
	return tx
}

// skip moves past a message that isn't part of a transaction.
func (r *Registry) skip(seq uint64) error {
	r.assembly = assembly{}
	next, err := r.Snapshot().Apply(registry.Transaction{}, seq)
	if err != nil {
		return err
	}
	r.advance(next, registry.Transaction{})
	return nil
}
