package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The buckets of records.
const (
	usersBucket  = "SHARPEYES_USERS"
	rulesBucket  = "SHARPEYES_RULES"
	alertsBucket = "SHARPEYES_ALERTS"
	nodesBucket  = "SHARPEYES_NODES"
	wallsBucket  = "SHARPEYES_WALLS"
)

// bucketTimeout bounds one reading or writing of a bucket.
const bucketTimeout = 10 * time.Second

// Bucket is records by name that all gateways of a city share. It keeps them all in memory, fed by a
// watcher, so that Get never leaves the process and goes on when the server is away; what another
// gateway writes is seen here a moment later. Close it before the Bus.
type Bucket struct {
	name     string
	kv       jetstream.KeyValue
	js       jetstream.JetStream
	log      *slog.Logger
	stop     context.CancelFunc
	watching sync.WaitGroup

	mu      sync.RWMutex
	records map[string]bucketRecord
	seen    uint64        // revision that the watcher has told
	more    chan struct{} // closed and replaced when that grows

	calling  sync.Mutex // held while watchers are called
	watchers []*recordWatcher
}

// recordWatcher is one caller of Watch.
type recordWatcher struct {
	fn func(name string, record []byte)
}

type bucketRecord struct {
	value    []byte // nil: deleted
	revision uint64
}

// Users opens the records of users: roles and hashes of passwords, by name.
func (b *Bus) Users(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, usersBucket, "Users: roles and hashes of passwords, by name", 0)
}

// Rules opens the records of the rules for alerts, by name.
func (b *Bus) Rules(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, rulesBucket, "Rules for alerts, by name", 0)
}

// alertsAge is how long an alert is kept after the last that became of it.
const alertsAge = 90 * 24 * time.Hour

// Alerts opens the alerts, by id. They are kept for 90 days.
func (b *Bus) Alerts(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, alertsBucket, "Alerts, by id", alertsAge)
}

// Walls opens the walls of the users.
func (b *Bus) Walls(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, wallsBucket, "Which cameras each user wants to see together", 0)
}

// nodesAge is how long a gateway that is gone is remembered.
const nodesAge = 24 * time.Hour

// Nodes opens the records of the gateways and of who owns which channel.
func (b *Bus) Nodes(ctx context.Context) (*Bucket, error) {
	return b.bucket(ctx, nodesBucket, "The gateways, and who owns which channel", nodesAge)
}

// bucket opens a bucket and reads it.
func (b *Bus) bucket(ctx context.Context, name, what string, age time.Duration) (*Bucket, error) {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:      name,
		Description: what,
		History:     1,
		TTL:         age,
		Storage:     jetstream.FileStorage,
		Replicas:    b.replicas(ctx),
	})
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", name, err)
	}
	u := &Bucket{name: name, kv: kv, js: b.js, log: b.log, records: make(map[string]bucketRecord), more: make(chan struct{})}
	// The watcher lives until Close, and its context with it.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	loaded := make(chan struct{})
	u.watching.Go(func() { u.follow(life, sync.OnceFunc(func() { close(loaded) })) })
	select {
	case <-loaded:
		return u, nil
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("reading the bucket %s: %w", name, context.Cause(ctx)), u.Close())
	}
}

// Close stops the watcher and waits for it.
func (u *Bucket) Close() error {
	u.stop()
	u.watching.Wait()
	return nil
}

// follow keeps the records as the bucket has them until ctx ends; loaded is called when all are there.
func (u *Bucket) follow(ctx context.Context, loaded func()) {
	repeat(ctx, u.log, "Reading "+u.name+" is interrupted; trying again", func() error { return u.read(ctx, loaded) })
}

func (u *Bucket) read(ctx context.Context, loaded func()) error {
	prefix := "$KV." + u.name + "."
	from := jetstream.OrderedConsumerConfig{FilterSubjects: []string{prefix + ">"}, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, MaxResetAttempts: 1}
	if u.seen > 0 { // nobody else writes it
		from.DeliverPolicy, from.OptStartSeq = jetstream.DeliverByStartSequencePolicy, u.seen+1
	}
	opening, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	c, err := u.js.OrderedConsumer(opening, kvStreamPrefix+u.name, from)
	if err != nil {
		return err
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return err
	}
	defer it.Stop()
	if info := c.CachedInfo(); info.NumPending == 0 {
		loaded()
	}
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		name, value := strings.TrimPrefix(m.Subject(), prefix), m.Data()
		if m.Headers().Get(headerOperation) != "" {
			value = nil
		} else if value == nil {
			value = []byte{}
		}
		u.keep(name, value, meta.Sequence.Stream)
		u.tell(name, value)
		u.mu.Lock()
		u.seen = meta.Sequence.Stream
		close(u.more)
		u.more = make(chan struct{})
		u.mu.Unlock()
		if meta.NumPending == 0 {
			loaded()
		}
	}
}

// Sync returns when all that was written until now, by whatever gateway, is seen here.
func (u *Bucket) Sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	status, err := u.kv.Status(ctx)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", u.name, err)
	}
	s, ok := status.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return fmt.Errorf("looking at %s: its last revision isn't told", u.name)
	}
	last := s.StreamInfo().State.LastSeq
	for {
		u.mu.RLock()
		seen, more := u.seen, u.more
		u.mu.RUnlock()
		if seen >= last || s.StreamInfo().State.Msgs == 0 {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("reading %s up to %d, at %d: %w", u.name, last, seen, context.Cause(ctx))
		}
	}
}

// Watch calls fn with each record that is written from now on, by whatever gateway, and with nil for one
// that was deleted; one after another. Once stop has returned it isn't called any more. fn must not stop.
func (u *Bucket) Watch(fn func(name string, record []byte)) (stop func()) {
	w := &recordWatcher{fn}
	u.calling.Lock()
	defer u.calling.Unlock()
	u.watchers = append(u.watchers, w)
	return func() {
		u.calling.Lock()
		defer u.calling.Unlock()
		u.watchers = slices.DeleteFunc(u.watchers, func(other *recordWatcher) bool { return other == w })
	}
}

func (u *Bucket) tell(name string, record []byte) {
	u.calling.Lock()
	defer u.calling.Unlock()
	for _, w := range u.watchers {
		w.fn(name, slices.Clone(record))
	}
}

// keep takes a record, unless a later one is there: what this gateway wrote is kept at once, and
// told by the watcher afterwards.
func (u *Bucket) keep(name string, value []byte, revision uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.records[name].revision < revision {
		u.records[name] = bucketRecord{value, revision}
	}
}

// Get returns a record, from memory.
func (u *Bucket) Get(_ context.Context, name string) ([]byte, bool, error) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	r := u.records[name]
	return slices.Clone(r.value), r.value != nil, nil
}

// List returns the names of all records, from memory, in no order.
func (u *Bucket) List(context.Context) ([]string, error) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var names []string
	for name, r := range u.records {
		if r.value != nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// Create writes a record unless there is one of that name; false then.
func (u *Bucket) Create(ctx context.Context, name string, record []byte) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	revision, err := u.kv.Create(ctx, name, record)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("writing %s to %s: %w", name, u.name, err)
	}
	u.keep(name, slices.Clone(record), revision)
	return true, nil
}

// Put writes a record, whether or not there is one of that name.
func (u *Bucket) Put(ctx context.Context, name string, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	revision, err := u.kv.Put(ctx, name, record)
	if err != nil {
		return fmt.Errorf("writing %s to %s: %w", name, u.name, err)
	}
	u.keep(name, slices.Clone(record), revision)
	return nil
}

// Update writes a record provided that it is still the one given; false when somebody was quicker.
func (u *Bucket) Update(ctx context.Context, name string, record, was []byte) (bool, error) {
	u.mu.RLock()
	now := u.records[name]
	u.mu.RUnlock()
	if now.value == nil || !bytes.Equal(now.value, was) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	revision, err := u.kv.Update(ctx, name, record, now.revision)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("writing %s to %s: %w", name, u.name, err)
	}
	u.keep(name, slices.Clone(record), revision)
	return true, nil
}

// Delete removes a record; it is no error when there is none.
func (u *Bucket) Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	u.mu.RLock()
	was := u.records[name].revision
	u.mu.RUnlock()
	if err := u.kv.Delete(ctx, name); err != nil {
		return fmt.Errorf("deleting %s from %s: %w", name, u.name, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.records[name]; r.revision == was { // whatever the revision of the deletion, it is later
		u.records[name] = bucketRecord{nil, was + 1}
	}
	return nil
}
