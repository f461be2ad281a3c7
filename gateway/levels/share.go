package levels

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
)

// Every is how often what is shared is compared with what is so.
const Every = time.Second

// Store keeps what is shared. *bus.Shared is one.
type Store interface {
	// All calls f with each record.
	All(ctx context.Context, f func(name string, record []byte)) error
	// Put writes records; one of nil takes it away. It returns when all are stored.
	Put(ctx context.Context, records map[string][]byte) error
}

// ShareOptions is what a Share is made with.
type ShareOptions struct {
	Store    Store
	Snapshot func() *registry.Snapshot
	Statuses *registry.Statuses
	// Wants reports whether the level above gets the channel.
	Wants func(*registry.Channel) bool
	Log   *slog.Logger
}

// Share keeps what is shared with the level above.
type Share struct {
	o        ShareOptions
	channels atomic.Int64
}

// NewShare makes one.
func NewShare(o ShareOptions) *Share { return &Share{o: o} }

// Channels is how many are shared, as far as it is known here.
func (s *Share) Channels() int { return int(s.channels.Load()) }

// Wants reports whether the level above gets the channel.
func (s *Share) Wants(c *registry.Channel) bool { return s.o.Wants(c) }

// Keep writes what has changed, once a second, until ctx ends or the store fails. One gateway does at a time.
func (s *Share) Keep(ctx context.Context) error {
	k := keeper{Share: s, written: map[string]uint64{}, known: map[string]Record{}}
	if err := s.o.Store.All(ctx, func(name string, record []byte) { k.written[name] = xxhash.Sum64(record) }); err != nil {
		return err
	}
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		if err := k.compare(ctx); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keeper knows what was written.
type keeper struct {
	*Share
	written map[string]uint64 // hash by name
	known   map[string]Record // what the channels' were made of, by id
	version uint64            // of the registry, then
	status  uint64            // generation of the statuses, then
	done    bool
}

// compare writes what is otherwise than it was.
func (k *keeper) compare(ctx context.Context) error {
	status, now := k.o.Statuses.Generation(), k.o.Snapshot() // in this order: what comes between is looked at again
	if k.done && status == k.status && now.Version() == k.version {
		return nil
	}
	changed := map[string][]byte{}
	sites := map[string]bool{}
	there := make(map[string]bool, len(k.written))
	for c := range now.All() {
		if !k.o.Wants(&c) {
			continue
		}
		for path := c.Site; !sites[path]; {
			sites[path] = true
			end := strings.LastIndexByte(path, '/')
			if end < 0 {
				break
			}
			path = path[:end]
		}
		name := ofChannel + c.ID
		there[name] = true
		r := shared(c, k.o.Statuses.StatusOf(c))
		was, known := k.known[c.ID]
		if known && registry.Equal(was.Channel, r.Channel) && was.Status == r.Status {
			continue
		}
		k.known[c.ID] = r
		if err := k.note(changed, name, r); err != nil {
			return err
		}
	}
	k.channels.Store(int64(len(there)))
	for _, site := range now.Described() {
		name := ofSite + strings.ReplaceAll(site.Path, "/", ".")
		if sites[site.Path] {
			there[name] = true
			if err := k.note(changed, name, site); err != nil {
				return err
			}
		}
	}
	for name := range k.written {
		if !there[name] {
			changed[name] = nil
			delete(k.written, name)
			delete(k.known, strings.TrimPrefix(name, ofChannel))
		}
	}
	if len(changed) > 0 {
		if err := k.o.Store.Put(ctx, changed); err != nil {
			return err
		}
	}
	k.done, k.status, k.version = true, status, now.Version()
	return nil
}

// note takes a record that is otherwise than it was written.
func (k *keeper) note(changed map[string][]byte, name string, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("sharing %s: %w", name, err)
	}
	if sum := xxhash.Sum64(b); k.written[name] != sum {
		changed[name] = b
		k.written[name] = sum
	}
	return nil
}
