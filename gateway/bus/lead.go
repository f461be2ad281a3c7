package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	leasesBucket = "SHARPEYES_LEASES"
	// leaseTime is how long a lease outlives a gateway that has died.
	leaseTime = 10 * time.Second
	// leaseRenew is how often a lease is renewed, or looked for.
	leaseRenew = leaseTime / 5
	// leaseGiven is when one that could not be renewed is given up: before anybody else can have it.
	leaseGiven = leaseTime - 2*leaseRenew
)

// Lead runs work in one gateway of a city at a time, in another one when that has died or can't reach the
// store, until ctx ends; work must end soon after its context, and is begun again when it fails.
func (b *Bus) Lead(ctx context.Context, name string, work func(context.Context) error) error {
	kv, err := b.leases(ctx)
	for err != nil {
		b.log.Warn("A lease can't be asked for", "lease", name, "error", err)
		if !pause(ctx, leaseRenew) {
			return ctx.Err()
		}
		kv, err = b.leases(ctx)
	}
	for ctx.Err() == nil {
		revision, err := kv.Create(ctx, name, []byte(b.node))
		switch {
		case err == nil:
			b.hold(ctx, kv, name, revision, work)
		case !errors.Is(err, jetstream.ErrKeyExists) && ctx.Err() == nil:
			b.log.Warn("A lease can't be asked for", "lease", name, "error", err)
			if again, err := b.leases(ctx); err == nil { // it was in memory, and the server began anew
				kv = again
			}
		}
		select {
		case <-time.After(leaseRenew):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// leases opens the bucket of leases, which is in memory alone.
func (b *Bus) leases(ctx context.Context) (jetstream.KeyValue, error) {
	ctx, cancel := context.WithTimeout(ctx, bucketTimeout)
	defer cancel()
	kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: leasesBucket, Description: "Which gateway does what only one may do", History: 1,
		TTL: leaseTime, Storage: jetstream.MemoryStorage, Replicas: b.replicas(ctx),
	})
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", leasesBucket, err)
	}
	return kv, nil
}

// hold works while the lease is held.
func (b *Bus) hold(ctx context.Context, kv jetstream.KeyValue, name string, revision uint64, work func(context.Context) error) {
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(ended)
		if err := work(working); err != nil && working.Err() == nil {
			b.log.Error("What this gateway leads has failed; it is begun again", "lease", name, "error", err)
		}
	})
	renewed := time.Now()
	for held := true; held; {
		select {
		case <-time.After(leaseRenew):
		case <-ended:
			held = false
			continue
		case <-ctx.Done():
			held = false
			continue
		}
		asking, cancel := context.WithTimeout(ctx, leaseRenew)
		next, err := kv.Update(asking, name, []byte(b.node), revision)
		cancel()
		var api *jetstream.APIError
		switch {
		case err == nil:
			revision, renewed = next, time.Now()
		case errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence, time.Since(renewed) > leaseGiven:
			b.log.Warn("A lease is lost to another gateway", "lease", name)
			held = false
		}
	}
	stop()
	running.Wait()
	// Whoever is next needn't wait for the lease to end.
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseRenew)
	defer cancel()
	_ = kv.Delete(giving, name, jetstream.LastRevision(revision))
}
