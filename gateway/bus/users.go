package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// usersBucket holds the users' records, by name.
const usersBucket = "SHARPEYES_USERS"

// usersTimeout bounds one reading or writing of the bucket.
const usersTimeout = 10 * time.Second

// Users is the bucket of users' records. It keeps them all in memory, fed by a watcher, so that
// Get never leaves the process and goes on when the server is away; what another gateway writes is
// seen here a moment later. Close it before the Bus.
type Users struct {
	kv       jetstream.KeyValue
	watcher  jetstream.KeyWatcher
	watching sync.WaitGroup

	mu      sync.RWMutex
	records map[string]userRecord
}

type userRecord struct {
	value    []byte // nil: deleted
	revision uint64
}

// Users opens the bucket and reads it.
func (b *Bus) Users(ctx context.Context) (*Users, error) {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	replicas := 1
	if s, err := b.js.Stream(ctx, registryStream); err == nil { // as many as of the registry
		replicas = s.CachedInfo().Config.Replicas
	}
	kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:      usersBucket,
		Description: "Users: roles and hashes of passwords, by name",
		History:     1,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", usersBucket, err)
	}
	u := &Users{kv: kv, records: make(map[string]userRecord)}
	// The watcher lives until Close, and its context with it.
	if u.watcher, err = kv.WatchAll(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("watching the bucket %s: %w", usersBucket, err)
	}
	loaded := make(chan struct{})
	u.watching.Go(func() { u.follow(loaded) })
	select {
	case <-loaded:
		return u, nil
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("reading the bucket %s: %w", usersBucket, context.Cause(ctx)), u.Close())
	}
}

// Close stops the watcher and waits for it.
func (u *Users) Close() error {
	err := u.watcher.Stop()
	u.watching.Wait()
	if err != nil {
		return fmt.Errorf("closing the bucket %s: %w", usersBucket, err)
	}
	return nil
}

// follow keeps the records as the bucket has them; loaded is closed when all are there.
func (u *Users) follow(loaded chan<- struct{}) {
	for e := range u.watcher.Updates() {
		if e == nil { // what was there at the start has been told
			close(loaded)
			continue
		}
		var value []byte
		if e.Operation() == jetstream.KeyValuePut {
			value = e.Value()
		}
		u.keep(e.Key(), value, e.Revision())
	}
}

// keep takes a record, unless a later one is there: what this gateway wrote is kept at once, and
// told by the watcher afterwards.
func (u *Users) keep(name string, value []byte, revision uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.records[name].revision < revision {
		u.records[name] = userRecord{value, revision}
	}
}

// Get returns a user's record, from memory.
func (u *Users) Get(_ context.Context, name string) ([]byte, bool, error) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	r := u.records[name]
	return slices.Clone(r.value), r.value != nil, nil
}

// List returns the names of all users, from memory, in no order.
func (u *Users) List(context.Context) ([]string, error) {
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
func (u *Users) Create(ctx context.Context, name string, record []byte) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	revision, err := u.kv.Create(ctx, name, record)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("writing %s to %s: %w", name, usersBucket, err)
	}
	u.keep(name, slices.Clone(record), revision)
	return true, nil
}

// Put writes a record, whether or not there is one of that name.
func (u *Users) Put(ctx context.Context, name string, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	revision, err := u.kv.Put(ctx, name, record)
	if err != nil {
		return fmt.Errorf("writing %s to %s: %w", name, usersBucket, err)
	}
	u.keep(name, slices.Clone(record), revision)
	return nil
}

// Delete removes a record; it is no error when there is none.
func (u *Users) Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, usersTimeout)
	defer cancel()
	u.mu.RLock()
	was := u.records[name].revision
	u.mu.RUnlock()
	if err := u.kv.Delete(ctx, name); err != nil {
		return fmt.Errorf("deleting %s from %s: %w", name, usersBucket, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.records[name]; r.revision == was { // whatever the revision of the deletion, it is later
		u.records[name] = userRecord{nil, was + 1}
	}
	return nil
}
