package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	statesStream  = "SHARPEYES_STATES"
	statesLog     = "sharpeyes.states.log"  // changes as they come
	statesDays    = "sharpeyes.states.day." // a day at rest, in parts: .YYYYMMDD.PART
	statesAge     = 100 * 24 * time.Hour    // a little more than anybody may ask for
	statesTimeout = 10 * time.Second        // of one reading or writing
	dayForm       = "20060102"
)

// headerExpectedLastSubject is what a part's own subject must end at for the part to be taken.
const headerExpectedLastSubject = "Nats-Expected-Last-Subject-Sequence"

// States is the record of what state each channel was in, and when: a log of changes, and days at
// rest, which hold the same in the form in which they are read. What the records say is the
// writer's to know. Its methods may be called from several goroutines at once.
type States struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	log    *slog.Logger
}

// States opens the record.
func (b *Bus) States(ctx context.Context) (*States, error) {
	// The stream syncs each write: there are few, and rates are what a contractor is paid by.
	stream, err := openStream(ctx, b.js, b.log, jetstream.StreamConfig{
		Name:               statesStream,
		Description:        "What state each channel was in: a log of changes, and whole days",
		Subjects:           []string{statesLog, statesDays + ">"},
		Storage:            jetstream.FileStorage,
		Replicas:           b.replicas(ctx),
		MaxAge:             statesAge,
		AllowDirect:        true,
		AllowAtomicPublish: true, // a day is there whole or not at all
	})
	if err != nil {
		return nil, err
	}
	return &States{conn: b.conn, js: b.js, stream: stream, log: b.log}, nil
}

// Append writes a record at the end of the log, within ten seconds. After an error it may be there
// or not.
func (s *States) Append(ctx context.Context, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, statesTimeout)
	defer cancel()
	if _, err := s.js.Publish(ctx, statesLog, record); err != nil {
		return fmt.Errorf("writing to the log of states: %w", err)
	}
	return nil
}

// Since calls f with each record that was appended at or after the time, in their order, up to the
// last one that is there when it is called, whose sequence it returns. The bytes are f's to keep.
func (s *States) Since(ctx context.Context, at time.Time, f func(record []byte) error) (end uint64, err error) {
	last, err := s.stream.GetLastMsgForSubject(ctx, statesLog)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("asking for the end of the log of states: %w", err)
	}
	if last.Time.Before(at) {
		return last.Sequence, nil
	}
	from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &at}
	err = s.read(ctx, from, func(sequence uint64, record []byte) (bool, error) {
		if sequence > last.Sequence {
			return false, nil
		}
		return sequence < last.Sequence, f(record)
	})
	return last.Sequence, err
}

// Follow calls f with each record behind the one of a sequence, as they are appended, until ctx ends; it
// begins again where it was when the connection was lost. The bytes are f's to keep.
func (s *States) Follow(ctx context.Context, after uint64, f func(record []byte)) {
	repeat(ctx, s.log, "Following the log of states is interrupted; trying again", func() error {
		from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1}
		return s.read(ctx, from, func(sequence uint64, record []byte) (bool, error) {
			f(record)
			after = sequence
			return true, nil
		})
	})
}

// read calls f with the records of the log until it says that it has enough, or fails.
func (s *States) read(ctx context.Context, from jetstream.OrderedConsumerConfig, f func(sequence uint64, record []byte) (more bool, err error)) error {
	from.FilterSubjects = []string{statesLog}
	c, err := s.stream.OrderedConsumer(ctx, from)
	if err != nil {
		return fmt.Errorf("opening the log of states: %w", err)
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return fmt.Errorf("reading the log of states: %w", err)
	}
	defer it.Stop()
	for more := true; more; {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the log of states: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the log of states: %w", err)
		}
		if more, err = f(meta.Sequence.Stream, m.Data()); err != nil {
			return fmt.Errorf("reading the log of states at %d: %w", meta.Sequence.Stream, err)
		}
	}
	return nil
}

// Forget takes what was appended before the time out of the log.
func (s *States) Forget(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c, err := s.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{statesLog}, DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &before, HeadersOnly: true,
	})
	if err != nil {
		return fmt.Errorf("opening the log of states: %w", err)
	}
	m, err := c.Next(jetstream.FetchMaxWait(time.Second))
	if err != nil { // nothing is younger: nothing is forgotten, so that the log never loses its end
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) {
			return nil
		}
		return fmt.Errorf("reading the log of states: %w", err)
	}
	meta, err := m.Metadata()
	if err != nil {
		return fmt.Errorf("reading the log of states: %w", err)
	}
	if err := s.stream.Purge(ctx, jetstream.WithPurgeSubject(statesLog), jetstream.WithPurgeSequence(meta.Sequence.Stream)); err != nil {
		return fmt.Errorf("shortening the log of states: %w", err)
	}
	return nil
}

// PutDay stores the parts of a day at rest, all or none. A day that is there already stays as it is.
func (s *States) PutDay(ctx context.Context, day time.Time, parts [][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if len(parts) == 0 || len(parts) > maxParts {
		return fmt.Errorf("storing the states of %s: %d parts are not 1 to %d", day.Format(time.DateOnly), len(parts), maxParts)
	}
	all := make([]*nats.Msg, len(parts))
	for i, p := range parts {
		all[i] = nats.NewMsg(partSubject(day, i))
		all[i].Data = p
		all[i].Header.Set(headerExpectedLastSubject, "0")
	}
	if _, err := sendParts(ctx, s.conn, statesStream, all); err != nil && !errors.Is(err, errStale) {
		return fmt.Errorf("storing the states of %s: %w", day.Format(time.DateOnly), err)
	}
	return nil
}

// Days are the days at rest, each with the number of its parts.
func (s *States) Days(ctx context.Context) (map[time.Time]int, error) {
	ctx, cancel := context.WithTimeout(ctx, statesTimeout)
	defer cancel()
	info, err := s.stream.Info(ctx, jetstream.WithSubjectFilter(statesDays+">"))
	if err != nil {
		return nil, fmt.Errorf("listing the days of states: %w", err)
	}
	days := make(map[time.Time]int)
	for subject := range info.State.Subjects {
		name, _, _ := strings.Cut(strings.TrimPrefix(subject, statesDays), ".")
		if day, err := time.Parse(dayForm, name); err == nil { // else nobody knows who wrote it
			days[day]++
		}
	}
	return days, nil
}

// Part reads one part of a day, the first being 0.
func (s *States) Part(ctx context.Context, day time.Time, part int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, statesTimeout)
	defer cancel()
	m, err := s.stream.GetLastMsgForSubject(ctx, partSubject(day, part))
	if err != nil {
		return nil, fmt.Errorf("reading the states of %s, part %d: %w", day.Format(time.DateOnly), part, err)
	}
	return m.Data, nil
}

func partSubject(day time.Time, part int) string {
	return statesDays + day.UTC().Format(dayForm) + "." + strconv.Itoa(part)
}
