package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// levelsBucket holds how far each level below was read.
const levelsBucket = "SHARPEYES_LEVELS"

// Levels opens the records of the levels below: how far what they share was read.
func (b *Bus) Levels(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, levelsBucket, "The levels below: how far what they share was read", 0)
}

// ErrAway says that a level below isn't connected, or doesn't answer.
var ErrAway = errors.New("the level below isn't connected")

// askTimeout bounds a question that is answered at once.
const askTimeout = 5 * time.Second

// Below asks a level below, over a connection of its own: where its answers go nobody else can write.
type Below struct {
	name string
	conn *nats.Conn
}

// Below opens what asks the level of a name. Close it when done.
func (b *Bus) Below(name string) (*Below, error) {
	c, err := connect(b.options, b.embedded, nats.CustomInboxPrefix(levelInbox+name), nats.Name("levels of "+b.node))
	if err != nil {
		return nil, fmt.Errorf("connecting to ask %s: %w", name, err)
	}
	return &Below{name, c}, nil
}

// Close ends the connection.
func (l *Below) Close() { l.conn.Close() }

// Hello asks who is there.
func (l *Below) Hello(ctx context.Context, into any) error {
	return l.ask(ctx, "hello", nil, into, askTimeout)
}

// Open asks where a stream can be read. The error is ErrAway when nobody answers.
func (l *Below) Open(ctx context.Context, question, into any) error {
	return l.ask(ctx, "open", question, into, askTimeout)
}

// Read asks for what comes in a log after a place, empty: from its beginning. When there is nothing it waits a while.
func (l *Below) Read(ctx context.Context, log, after string) (p Page, err error) {
	err = l.ask(ctx, "read", readQuestion{log, after}, &p, shareWait+askTimeout)
	return p, err
}

func (l *Below) ask(ctx context.Context, what string, question, into any, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	b, err := json.Marshal(question)
	if err != nil {
		return err
	}
	m, err := l.conn.RequestWithContext(ctx, levelPrefix+l.name+"."+what, b)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, context.DeadlineExceeded), disconnected(err):
		return fmt.Errorf("%w: %s", ErrAway, l.name)
	case err != nil:
		return fmt.Errorf("asking %s: %w", l.name, err)
	}
	if err := json.Unmarshal(m.Data, into); err != nil {
		return fmt.Errorf("reading what %s answers: %w", l.name, err)
	}
	return nil
}

// Copied is an event of the level below that is to be told here.
type Copied struct {
	ID, Subject string
	Data        []byte
}

// Copy stores and sends events of the level below, in their order, and returns when all are stored. One that was
// stored within the last two minutes isn't again. After an error some are stored, perhaps without an earlier one.
func (b *Bus) Copy(ctx context.Context, events []Copied) error {
	for batch := range slices.Chunk(events, copyBatch) {
		all := make([]*nats.Msg, 0, len(batch))
		for _, e := range batch {
			m := nats.NewMsg(e.Subject)
			m.Data = e.Data
			m.Header.Set(nats.MsgIdHdr, e.ID)
			all = append(all, m)
		}
		if err := b.storeAll(ctx, all); err != nil {
			return fmt.Errorf("storing events of the level below: %w", err)
		}
	}
	return nil
}

// copyBatch is how many messages are on their way at once.
const copyBatch = 256

// storeAll stores messages in their order.
func (b *Bus) storeAll(ctx context.Context, all []*nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, 4*askTimeout)
	defer cancel()
	stored := make([]jetstream.PubAckFuture, 0, len(all))
	for _, m := range all {
		f, err := b.js.PublishMsgAsync(m)
		if err != nil {
			return err
		}
		stored = append(stored, f)
	}
	for _, f := range stored {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// EventsEnd is the sequence of the last event that is stored.
func (b *Bus) EventsEnd(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := b.js.Stream(ctx, eventStream)
	if err != nil {
		return 0, fmt.Errorf("opening the stream of events: %w", err)
	}
	return s.CachedInfo().State.LastSeq, nil
}

// idsTimeout bounds the reading of what was stored since a level was read last.
const idsTimeout = 10 * time.Minute

// EventIDs calls f with the id of each event that was stored after a sequence, as far as they say it.
func (b *Bus) EventIDs(ctx context.Context, after uint64, f func(id string)) error {
	ctx, cancel := context.WithTimeout(ctx, idsTimeout)
	defer cancel()
	return b.Events().Read(ctx, after+1, time.Time{}, true, func(_ uint64, _ time.Time, event []byte) error {
		var e struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(event, &e) == nil {
			f(e.ID)
		}
		return nil
	})
}
