package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

const (
	// recallTimeout bounds one reading of the past.
	recallTimeout = time.Minute
	// explainTimeout bounds finding out what a refused writer didn't know; without it, it is refused
	// all the same.
	explainTimeout = 2 * time.Second
	// explainChanges is how many changes it is told.
	explainChanges = 3
	// maxRecalled bounds the entries of one answer.
	maxRecalled = 1000
)

// subjectOf is where a transaction is published: a change of one channel on a subject of its own,
// so that the history of a channel needn't read the edits of all others.
func subjectOf(tx registry.Transaction) string {
	if len(tx.Put)+len(tx.Delete) == 1 {
		if len(tx.Put) == 1 {
			return channelSubject(tx.Put[0].ID)
		}
		return channelSubject(tx.Delete[0])
	}
	return registrySubject
}

// channelSubject is the subject of changes of one channel alone, or the common one when the id can't
// be part of a subject.
func channelSubject(id string) string {
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return registrySubject
		}
	}
	if id == "" || len(id) > 64 {
		return registrySubject
	}
	return registrySubject + "." + id
}

// History is what became of a channel, newest first, at most limit changes (1000 at the most). A
// channel that never was is a registry.NotFoundError. Passwords show only as changed.
func (r *Registry) History(ctx context.Context, id string, limit int) ([]registry.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	subjects := slices.Compact([]string{registrySubject, channelSubject(id)})
	end := uint64(0)
	for _, subject := range subjects {
		m, err := r.stream.GetLastMsgForSubject(ctx, subject)
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil, fmt.Errorf("reading the history of channel %s: %w", id, err)
		}
		if err == nil {
			end = max(end, m.Sequence)
		}
	}
	story := story{limit: min(max(limit, 1), maxRecalled)}
	err := r.transactions(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: subjects}, end, func(seq uint64, packed []byte) error {
		body, err := r.codec.unpack(packed)
		if err != nil {
			return err
		}
		trace, there, err := registry.TraceChannel(body, id, r.sealer)
		if there {
			story.add(seq, trace)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history of channel %s: %w", id, err)
	}
	if !story.known {
		return nil, &registry.NotFoundError{What: "channel", ID: id}
	}
	slices.Reverse(story.changes)
	return story.changes, nil
}

// story makes changes of the traces of one channel.
type story struct {
	limit   int
	changes []registry.Change // the last ones, oldest first
	now     *registry.Channel // nil: not there
	known   bool
}

func (s *story) add(version uint64, t registry.Trace) {
	c := registry.Change{Version: version, At: t.At, By: t.By, Action: t.Action}
	switch {
	case t.Put == nil && s.now == nil:
		return
	case t.Put == nil:
		c.Kind, c.Fields = registry.ChangeDeleted, registry.Diff(*s.now, registry.Channel{})
		for i := range c.Fields {
			c.Fields[i].New = ""
		}
	case s.now == nil:
		c.Kind, c.Fields = registry.ChangeCreated, registry.Diff(registry.Channel{}, *t.Put)
		for i := range c.Fields {
			c.Fields[i].Old = ""
		}
	case registry.Equal(*s.now, *t.Put):
		return
	default:
		c.Kind, c.Fields = registry.ChangeUpdated, registry.Diff(*s.now, *t.Put)
	}
	s.now, s.known = t.Put, true
	if len(s.changes) >= s.limit {
		s.changes = append(s.changes[:0], s.changes[1:]...)
	}
	s.changes = append(s.changes, c)
}

// Versions are the last versions of the registry, newest first, at most limit (1000 at the most).
func (r *Registry) Versions(ctx context.Context, limit int) ([]registry.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	limit = min(max(limit, 1), maxRecalled)
	info, err := r.stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the end of the log: %w", err)
	}
	versions := []registry.Version{}
	first, last := max(info.State.FirstSeq, 1), info.State.LastSeq
	// Most transactions are one message; where they are more, further back is looked.
	for stretch := uint64(limit); last >= first && len(versions) < limit; stretch *= 2 {
		from := first
		if last-first >= stretch {
			from = last - stretch + 1
		}
		var found []registry.Version
		err := r.scan(ctx, jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, HeadersOnly: true,
		}, last, func(seq uint64, m jetstream.Msg) error {
			if v, ok := versionOf(seq, m.Headers()); ok {
				found = append(found, v)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the versions of the registry: %w", err)
		}
		slices.Reverse(found)
		versions = append(versions, found...)
		last = from - 1
	}
	return versions[:min(len(versions), limit)], nil
}

// versionOf is the version that the last part of a transaction makes.
func versionOf(seq uint64, h nats.Header) (registry.Version, bool) {
	p, err := readPart(h)
	if err != nil || p.i < p.n {
		return registry.Version{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, h.Get(headerAt))
	if err != nil {
		at = time.Time{} // written by another hand; what it holds counts, whenever it was
	}
	return registry.Version{Version: seq, At: at, By: h.Get(headerBy), Action: h.Get(headerAction), Counts: readCounts(h)}, true
}

// At is the registry as it was at an earlier version, read again from the log; its version is that
// of the last transaction until then. A version that isn't reached yet is a
// registry.NotFoundError. One caller at a time is served, so that at most one earlier registry is
// being read at once.
func (r *Registry) At(ctx context.Context, version uint64) (*registry.Snapshot, error) {
	now := r.Snapshot()
	switch {
	case version == now.Version():
		return now, nil
	case version == 0 || version > now.Version():
		return nil, &registry.NotFoundError{What: "version", ID: strconv.FormatUint(version, 10)}
	}
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	select {
	case r.recalling <- struct{}{}:
		defer func() { <-r.recalling }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another reading of an earlier version: %w", ctx.Err())
	}
	s := r.nearest(ctx, version)
	err := r.transactions(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: s.Version() + 1,
	}, version, func(seq uint64, packed []byte) error {
		tx, err := r.decode(packed)
		if err != nil {
			return err
		}
		s, err = s.Apply(tx, seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading version %d of the registry: %w", version, err)
	}
	return s, nil
}

// explain adds to a conflict what the writer didn't know, as far as that is quickly found out.
func (r *Registry) explain(ctx context.Context, err error) {
	conflict, ok := errors.AsType[*registry.ConflictError](err)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, explainTimeout)
	defer cancel()
	if conflict.Channel != "" {
		if changes, err := r.History(ctx, conflict.Channel, explainChanges); err == nil {
			conflict.Changes = changes
		}
		return
	}
	if last, err := r.Versions(ctx, 1); err == nil && len(last) > 0 {
		conflict.Version = &last[0]
	}
}
