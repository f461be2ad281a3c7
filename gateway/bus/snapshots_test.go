package bus

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
)

// keep writes a snapshot object now.
func keep(t *testing.T, b *Bus) {
	t.Helper()
	if err := b.registry.writeSnapshot(soon(t)); err != nil {
		t.Fatal(err)
	}
}

func reopen(t *testing.T, b *Bus, o Options) *Bus {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStartFromASnapshotAndTheTail(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 100))
	keep(t, b)
	update(t, b, put(100, 200))
	keep(t, b)
	update(t, b, put(200, 201))
	keep(t, b) // in the place of the first
	update(t, b, put(201, 202))
	objects, err := b.registry.snapshots.bucket.List(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 {
		t.Errorf("%d snapshots are kept, want 2", len(objects))
	}
	b = reopen(t, b, o)
	defer b.Close()
	if s := b.registry.loadSnapshot(soon(t), 4); s.Version() != 3 || s.Len() != 201 {
		t.Errorf("the snapshot has version %d and %d channels, want 3 and 201", s.Version(), s.Len())
	}
	s := b.Registry().Snapshot()
	if c, _ := s.Get(channel(7).ID); s.Len() != 202 || s.Version() != 4 || !registry.Equal(c, channel(7)) {
		t.Errorf("version %d with %d channels, the seventh is %+v", s.Version(), s.Len(), c)
	}
}

func TestDamagedSnapshotIsLeftOut(t *testing.T) {
	o := options(t.TempDir())
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 100))
	for _, name := range []string{"registry-a", "registry-b"} {
		if _, err := b.registry.snapshots.bucket.Put(soon(t), jetstream.ObjectMeta{
			Name: name, Metadata: map[string]string{metaVersion: "1"},
		}, strings.NewReader("rubbish")); err != nil {
			t.Fatal(err)
		}
	}
	// Of one of them the chunks are gone as well.
	info, err := b.registry.snapshots.bucket.GetInfo(soon(t), "registry-a")
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.js.Stream(soon(t), objectStreamPrefix+snapshotBucket)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(soon(t), jetstream.WithPurgeSubject("$O."+snapshotBucket+".C."+info.NUID)); err != nil {
		t.Fatal(err)
	}
	b = reopen(t, b, o)
	defer b.Close()
	if s := b.Registry().Snapshot(); s.Len() != 100 {
		t.Errorf("%d channels, want 100", s.Len())
	}
	if n := strings.Count(log.String(), "left out"); n != 2 {
		t.Errorf("%d warnings, want 2: %s", n, log.String())
	}
}

// The stream was put back from an old backup, the snapshots were not.
func TestSnapshotNewerThanTheLog(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 1))
	update(t, b, put(1, 2))
	keep(t, b)
	if s := b.registry.loadSnapshot(soon(t), 1); s.Version() != 0 {
		t.Errorf("a snapshot of version %d was taken for a log that ends at 1", s.Version())
	}
}

func TestSnapshotLargerThanWhatMayWait(t *testing.T) {
	b := open(t, options(t.TempDir()))
	big := bytes.Repeat([]byte{1, 2, 3, 4}, maxPending/2) // twice that
	if err := b.registry.snapshots.put(soon(t), 1, big); err != nil {
		t.Fatal(err)
	}
	got, err := b.registry.snapshots.get(soon(t), "registry-b")
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(big), err)
	}
	if n := b.conn.Stats().Reconnects; n > 0 {
		t.Errorf("the connection was lost %d times", n)
	}
}

func TestSnapshotIsWrittenWhenTheLogHasGrown(t *testing.T) {
	b := open(t, options(t.TempDir()))
	b.registry.applied.Store(snapshotTransactions - 1)
	w, err := b.registry.snapshots.bucket.Watch(soon(t), jetstream.UpdatesOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	update(t, b, put(0, 1))
	select {
	case info := <-w.Updates():
		if info.Metadata[metaVersion] != "1" {
			t.Errorf("the snapshot is %+v", info)
		}
	case <-soon(t).Done():
		t.Error("no snapshot was written")
	}
}

func TestAssembly(t *testing.T) {
	var a assembly
	add := func(tx string, i, n int, want string, fails bool) {
		t.Helper()
		whole, err := a.add(part{tx, i, n}, []byte{byte('0' + i)})
		if string(whole) != want || (err != nil) != fails {
			t.Errorf("%s %d/%d: %q, %v", tx, i, n, whole, err)
		}
	}
	add("a", 1, 1, "1", false)
	add("b", 1, 3, "", false)
	add("b", 2, 3, "", false)
	add("b", 3, 3, "123", false)
	add("c", 1, 2, "", false)
	add("d", 1, 1, "1", true) // c was never finished
	add("e", 2, 3, "", true)  // its first part is missing
	add("f", 1, 2, "", false)
	add("g", 1, 2, "", true) // f was never finished
	add("g", 2, 2, "12", false)
	if a.pending() {
		t.Error("something is pending")
	}
}

// What was in the middle of being written when a store broke must not stop the next writer.
func TestLogThatEndsWithinATransaction(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 1))
	tx := registry.Transaction{ID: "torn"}
	parts, err := b.registry.codec.split(tx, registry.Counts{}, []byte("body"))
	if err != nil {
		t.Fatal(err)
	}
	parts[0].Header.Set(headerPart, "1/2")
	if _, err := b.js.PublishMsg(context.Background(), parts[0]); err != nil {
		t.Fatal(err)
	}
	b = reopen(t, b, o)
	defer b.Close()
	if s := update(t, b, put(1, 2)); s.Len() != 2 || s.Version() != 3 {
		t.Errorf("%d channels at version %d, want 2 at 3", s.Len(), s.Version())
	}
}
