package bus

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"sharpeyes/registry"
)

// What must be free on the disk of the embedded server, so that edits are taken: a part of the disk, at most so
// many bytes. What is left is for what must go on: alerts, audit, statuses.
const (
	reservePart = 50 // one in so many
	reserveMost = 64 << 20
)

// disk watches the disk of the embedded server. A stream whose last writing found no room takes nothing any more,
// also when there is room again: the store must be opened anew then.
type disk struct {
	dir    string
	log    *slog.Logger
	free   atomic.Uint64 // bytes
	low    atomic.Bool
	failed atomic.Bool // a writing has failed since the store was opened

	mu     sync.Mutex
	waking chan struct{} // closed and replaced when the store is opened anew
}

func newDisk(dir string, log *slog.Logger) *disk {
	d := &disk{dir: dir, log: log, waking: make(chan struct{})}
	d.look()
	return d
}

// look measures what is free.
func (d *disk) look() {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return // what isn't known is as it was
	}
	size := uint64(s.Bsize)
	free := s.Bavail * size
	d.free.Store(free)
	low := free < min(s.Blocks*size/reservePart, reserveMost)
	if low != d.low.Swap(low) {
		if low {
			d.log.Error("The disk of data_dir is almost full: edits of the registry are refused until there is room", "dir", d.dir, "free_bytes", free)
		} else {
			d.log.Info("The disk of data_dir has room again", "dir", d.dir, "free_bytes", free)
		}
	}
}

// heard looks for what the server says when it can't write. What it says of somebody's connection, with their words in
// it, begins with their address.
func (d *disk) heard(text string) {
	if strings.HasPrefix(text, "JetStream failed to store a msg on stream") || strings.HasPrefix(text, "JetStream out of ") && strings.HasSuffix(text, "will be DISABLED") {
		d.failed.Store(true)
	}
}

// room is nil when edits can be stored. The error wraps registry.ErrNoRoom.
func (d *disk) room() error {
	if d == nil || !d.low.Load() && !d.failed.Load() {
		return nil
	}
	return fmt.Errorf("%w: %d MiB are free on the disk of data_dir", registry.ErrNoRoom, d.free.Load()>>20)
}

// works returns when the store takes what is written, or false when ended is closed first.
func (d *disk) works(ended <-chan struct{}) bool {
	for d != nil && d.failed.Load() {
		d.mu.Lock()
		waking := d.waking
		d.mu.Unlock()
		if !d.failed.Load() {
			break
		}
		select {
		case <-waking:
		case <-ended:
			return false
		}
	}
	return true
}

// watch measures once a second until ctx ends, and opens the store of the server anew when it has failed and there
// is room again.
func (d *disk) watch(ctx context.Context, s *server.Server) {
	cfg := s.JetStreamConfig()
	cfg.StoreDir = filepath.Dir(cfg.StoreDir) // the server adds the last folder itself
	for pause(ctx, time.Second) {
		d.look()
		if !d.failed.Load() || d.low.Load() {
			continue
		}
		d.failed.Store(false) // before it is opened: what fails from then on is another failure
		if err := openAnew(s, *cfg); err != nil {
			d.failed.Store(true)
			d.log.Error("The store can't be opened anew; trying again", "error", err)
			continue
		}
		d.mu.Lock()
		close(d.waking)
		d.waking = make(chan struct{})
		d.mu.Unlock()
		d.log.Warn("The store had failed and was opened anew")
	}
}

// openAnew closes the server's store and opens it again. The server writes into the configuration that it is given, which
// is a copy therefore: the next time, it would look for the store in another folder.
func openAnew(s *server.Server, cfg server.JetStreamConfig) error {
	if err := s.ShutdownJetStream(); err != nil {
		return err
	}
	return s.EnableJetStream(&cfg)
}
