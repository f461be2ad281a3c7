package bus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

// A snapshot object is written when the log has grown by either since the last one: reading so
// much of the log takes about as long as reading a snapshot.
const (
	snapshotTransactions = 1000
	snapshotBytes        = 8 << 20 // compressed
)

// snapshotTimeout bounds reading or writing one snapshot object.
const snapshotTimeout = 30 * time.Second

// mostAhead bounds the memory that is set aside at once because something says that it will be that
// large.
const mostAhead = 256 << 20

// metaVersion is the key of a snapshot's version in the object's metadata.
const metaVersion = "version"

// snapshotStore keeps the last two snapshots under two names in turn: while one is written the
// other is whole, and what is replaced is deleted by the store.
type snapshotStore struct {
	bucket jetstream.ObjectStore
	js     jetstream.JetStream
}

// slot is one of the two objects; version 0 is none.
type slot struct {
	name    string
	version uint64
}

// slots returns the two objects, the newer first.
func (s snapshotStore) slots(ctx context.Context) ([2]slot, error) {
	all := [2]slot{{name: "registry-a"}, {name: "registry-b"}}
	for i := range all {
		info, err := s.bucket.GetInfo(ctx, all[i].name)
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			continue
		}
		if err != nil {
			return all, fmt.Errorf("looking for the snapshot %s: %w", all[i].name, err)
		}
		// A version that can't be read is as good as none: the object is the next to be replaced.
		all[i].version, _ = strconv.ParseUint(info.Metadata[metaVersion], 10, 64)
	}
	if all[1].version > all[0].version {
		all[0], all[1] = all[1], all[0]
	}
	return all, nil
}

// put writes a snapshot over the older of the two, unless there is one as new already.
func (s snapshotStore) put(ctx context.Context, version uint64, packed []byte) error {
	all, err := s.slots(ctx)
	if err != nil {
		return err
	}
	if all[0].version >= version {
		return nil // another gateway was quicker
	}
	_, err = s.bucket.Put(ctx, jetstream.ObjectMeta{
		Name:     all[1].name,
		Metadata: map[string]string{metaVersion: strconv.FormatUint(version, 10)},
	}, bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("writing the snapshot %s: %w", all[1].name, err)
	}
	return nil
}

// get reads an object. The bucket's own Get pushes all chunks at once, and a server that bounds what
// may wait for one connection cuts ours off after some megabytes; so the chunks are pulled.
func (s snapshotStore) get(ctx context.Context, name string) ([]byte, error) {
	info, err := s.bucket.GetInfo(ctx, name)
	if err != nil {
		return nil, err
	}
	const stream = objectStreamPrefix + snapshotBucket
	chunks := "$O." + snapshotBucket + ".C." + info.NUID
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	state, err := st.Info(ctx, jetstream.WithSubjectFilter(chunks))
	if err != nil {
		return nil, err
	}
	if n := state.State.Subjects[chunks]; n != uint64(info.Chunks) {
		return nil, fmt.Errorf("%d chunks are there of %d", n, info.Chunks)
	}
	c, err := st.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{chunks}})
	if err != nil {
		return nil, err
	}
	it, err := messagesOf(c, followMessages)
	if err != nil {
		return nil, err
	}
	defer it.Stop()
	b := make([]byte, 0, min(info.Size, mostAhead))
	for range info.Chunks {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, err
		}
		b = append(b, m.Data()...)
	}
	sum := sha256.New()
	sum.Write(b)
	if jetstream.GetObjectDigestValue(sum) != info.Digest {
		return nil, errors.New("it is damaged: its digest isn't the one noted")
	}
	return b, nil
}

// loadSnapshot returns the newest snapshot that can be read and isn't newer than the log; the empty
// one when there is none. A snapshot is only a shortcut, so whatever is wrong with it is a warning.
func (r *Registry) loadSnapshot(ctx context.Context, last uint64) *registry.Snapshot {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	all, err := r.snapshots.slots(ctx)
	if err != nil {
		r.log.Warn("The registry's snapshots can't be read; reading the whole log", "error", err)
		return registry.Empty()
	}
	for _, s := range all {
		if s.version == 0 {
			continue
		}
		snap, err := r.readSnapshot(ctx, s)
		if err == nil && snap.Version() > last {
			err = fmt.Errorf("it is of version %d, and the log ends at %d", snap.Version(), last)
		}
		if err != nil {
			r.log.Warn("A snapshot of the registry is left out; more of the log is read", "snapshot", s.name, "error", err)
			continue
		}
		return snap
	}
	return registry.Empty()
}

func (r *Registry) readSnapshot(ctx context.Context, s slot) (*registry.Snapshot, error) {
	packed, err := r.snapshots.get(ctx, s.name)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	body, err := r.codec.unpack(packed)
	if err != nil {
		return nil, err
	}
	snap, err := registry.DecodeSnapshot(body, r.sealer)
	if err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	if snap.Version() != s.version {
		return nil, fmt.Errorf("it says version %d and holds %d", s.version, snap.Version())
	}
	return snap, nil
}

// keepSnapshots writes a snapshot object whenever one is due, until ctx ends.
func (r *Registry) keepSnapshots(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.due:
		}
		if err := r.writeSnapshot(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("The registry's snapshot could not be written; the next start takes longer", "error", err)
		}
	}
}

// writeSnapshot writes the registry as it is now.
func (r *Registry) writeSnapshot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	applied, grown := r.applied.Load(), r.grown.Load()
	now := r.Snapshot()
	packed, err := packSnapshot(now, r.sealer)
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	err = r.snapshots.put(ctx, now.Version(), packed)
	// After a failure too: the next attempt is when the log has grown again.
	r.applied.Add(-applied)
	r.grown.Add(-grown)
	return err
}

// packSnapshot encodes and compresses in one go, so that only the small form is held.
func packSnapshot(s *registry.Snapshot, sealer registry.Sealer) ([]byte, error) {
	var packed bytes.Buffer
	enc, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(registry.EncodeSnapshot(enc, s, sealer), enc.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
