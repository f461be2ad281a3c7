package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	auditStream   = "SHARPEYES_AUDIT"
	auditSubject  = "sharpeyes.audit.log"
	ledgerTimeout = 10 * time.Second
)

// ErrTaken says that a ledger's end isn't where the writer thought.
var ErrTaken = errors.New("something else was written there meanwhile")

// Ledger is a log that is only added to: JetStream itself refuses to delete from it, but for what has
// become too old.
type Ledger struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// Audit opens the log of who did what, which keeps its messages for as long as it is told.
func (b *Bus) Audit(ctx context.Context, maxAge time.Duration) (*Ledger, error) {
	s, err := openStream(ctx, b.js, b.log, jetstream.StreamConfig{
		Name: auditStream, Description: "Who looked at what, who changed what, who was refused: a chain of blocks", Subjects: []string{auditSubject},
		Storage: jetstream.FileStorage, Replicas: b.replicas(ctx), MaxAge: maxAge, AllowDirect: true, DenyDelete: true, DenyPurge: true,
	})
	if err != nil {
		return nil, err
	}
	return &Ledger{js: b.js, stream: s}, nil
}

// Last is the last message and its sequence; nil when it has been forgotten, 0 when there never was one.
func (l *Ledger) Last(ctx context.Context) (sequence uint64, block []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	info, err := l.stream.Info(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("asking for the end of %s: %w", auditStream, err)
	}
	sequence = info.State.LastSeq
	if sequence == 0 {
		return 0, nil, nil
	}
	block, err = l.Get(ctx, sequence)
	return sequence, block, err
}

// First is the sequence of the oldest message that is still there, or that of the next one.
func (l *Ledger) First(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	info, err := l.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking for the beginning of %s: %w", auditStream, err)
	}
	return max(info.State.FirstSeq, 1), nil
}

// Get is one message; nil when there is none.
func (l *Ledger) Get(ctx context.Context, sequence uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	m, err := l.stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s at %d: %w", auditStream, sequence, err)
	}
	return m.Data, nil
}

// Append writes a message after the last one; ErrTaken when that isn't the last any more. After any other
// error it may be there or not.
func (l *Ledger) Append(ctx context.Context, last uint64, block []byte) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	ack, err := l.js.Publish(ctx, auditSubject, block, jetstream.WithExpectLastSequence(last))
	if err == nil {
		return ack.Sequence, nil
	}
	var refused *jetstream.APIError
	if errors.As(err, &refused) && (refused.ErrorCode == codeWrongLastSequence || refused.ErrorCode == codeWrongLastSequenceConstant) {
		return 0, ErrTaken
	}
	return 0, fmt.Errorf("writing to %s: %w", auditStream, err)
}

// Read calls each with every message that is there when it is called, in their order.
func (l *Ledger) Read(ctx context.Context, each func(sequence uint64, block []byte) error) error {
	info, err := l.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("reading %s: %w", auditStream, err)
	}
	last := info.State.LastSeq
	if info.State.Msgs == 0 {
		return nil
	}
	c, err := l.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return fmt.Errorf("reading %s: %w", auditStream, err)
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return fmt.Errorf("reading %s: %w", auditStream, err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading %s: %w", auditStream, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading %s: %w", auditStream, err)
		}
		if err := each(meta.Sequence.Stream, m.Data()); err != nil {
			return err
		}
		if meta.Sequence.Stream >= last {
			return nil
		}
	}
}
