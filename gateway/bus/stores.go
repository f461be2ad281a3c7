package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Names that outsiders and earlier data directories depend on.
const (
	registryStream  = "SHARPEYES_REGISTRY"
	registrySubject = "sharpeyes.registry.log"
	eventStream     = "SHARPEYES_EVENTS"
	eventSubjects   = "sharpeyes.event.>"
	statusBucket    = "SHARPEYES_STATUS"
	snapshotBucket  = "SHARPEYES_SNAPSHOTS"

	// The streams of buckets, by the convention of JetStream.
	kvStreamPrefix     = "KV_"
	objectStreamPrefix = "OBJ_"

	statusPrefix = "$KV." + statusBucket + "."
)

// duplicateWindow is how long the server knows the id of a stored event, so that one that is
// published again isn't stored twice.
const duplicateWindow = 2 * time.Minute

// stores are the open streams and buckets.
type stores struct {
	registry  jetstream.Stream
	snapshots jetstream.ObjectStore
}

// openStores creates or updates the streams and buckets.
func openStores(ctx context.Context, js jetstream.JetStream, o Options) (s stores, err error) {
	replicas := o.NATS.Replicas
	s.registry, err = openStream(ctx, js, o.Log, jetstream.StreamConfig{
		Name:               registryStream,
		Description:        "Channels and sites: a log of transactions",
		Subjects:           []string{registrySubject, registrySubject + ".>"},
		Storage:            jetstream.FileStorage,
		Replicas:           replicas,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowDirect:        true,
		AllowAtomicPublish: true, // a transaction of several parts is there whole or not at all
	})
	if err != nil {
		return s, err
	}
	// What the events' and statuses' streams lose at a power cut (a second or so) is found again:
	// a status by the next probe. In exchange a storm of changes costs no sync each. The mode is
	// for one copy only.
	persist := jetstream.DefaultPersistMode
	if replicas == 1 {
		persist = jetstream.AsyncPersistMode
	}
	if _, err = openStream(ctx, js, o.Log, jetstream.StreamConfig{
		Name:        eventStream,
		Description: "What happened: CloudEvents",
		Subjects:    []string{eventSubjects},
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
		MaxAge:      o.Events.MaxAge,
		MaxBytes:    maxBytes(int64(o.Events.MaxBytes)),
		Discard:     jetstream.DiscardOld,
		Duplicates:  duplicates(o.Events.MaxAge),
		AllowDirect: true,
		PersistMode: persist,
	}); err != nil {
		return s, err
	}
	// As the client makes a key-value bucket with one value of history, but for the persist mode,
	// which it has no word for.
	if _, err = openStream(ctx, js, o.Log, jetstream.StreamConfig{
		Name:              kvStreamPrefix + statusBucket,
		Description:       "The last status of each channel, by id",
		Subjects:          []string{statusPrefix + ">"},
		Storage:           jetstream.FileStorage,
		Replicas:          replicas,
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxMsgSize:        -1,
		MaxConsumers:      -1,
		Discard:           jetstream.DiscardNew,
		Duplicates:        duplicateWindow,
		DenyDelete:        true,
		AllowRollup:       true,
		AllowDirect:       true,
		PersistMode:       persist,
	}); err != nil {
		return s, err
	}
	s.snapshots, err = js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket:      snapshotBucket,
		Description: "Snapshots of the registry, so that a start needn't read its whole log",
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	})
	if err != nil {
		return s, fmt.Errorf("opening the bucket %s: %w", snapshotBucket, err)
	}
	return s, nil
}

// openStream creates the stream or brings it to the configuration, and warns of what a cluster
// does otherwise than it was told.
func openStream(ctx context.Context, js jetstream.JetStream, log *slog.Logger, cfg jetstream.StreamConfig) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, cfg.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		s, err = js.CreateStream(ctx, cfg)
	case err == nil:
		// The persist mode of a stream is fixed when it is made.
		if was := s.CachedInfo().Config.PersistMode; was != cfg.PersistMode {
			if was == jetstream.AsyncPersistMode && cfg.Replicas > 1 {
				return nil, fmt.Errorf("stream %s was made for one copy and can't have %d: back it up, delete it and start again", cfg.Name, cfg.Replicas)
			}
			cfg.PersistMode = was
		}
		s, err = js.UpdateStream(ctx, cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the stream %s: %w", cfg.Name, err)
	}
	checkCluster(log, s.CachedInfo(), cfg.Replicas)
	return s, nil
}

// checkCluster warns when the server keeps fewer copies than asked, or one copy in a cluster.
// Whether an outside server syncs each write (sync_interval: always) can't be seen from here.
func checkCluster(log *slog.Logger, info *jetstream.StreamInfo, want int) {
	if got := info.Config.Replicas; got < want {
		log.Warn("A stream has fewer copies than nats.replicas says", "stream", info.Config.Name, "copies", got, "replicas", want)
		return
	}
	if info.Cluster == nil || info.Cluster.Name == "" {
		return
	}
	if want == 1 {
		log.Warn("A stream in a cluster has one copy and stops with its server: set nats.replicas to 3", "stream", info.Config.Name)
	}
	for _, p := range info.Cluster.Replicas {
		if p.Offline {
			log.Warn("A copy of a stream is offline", "stream", info.Config.Name, "server", p.Name)
		}
	}
}

// duplicates is the window of an event stream that keeps events for maxAge; it can't be longer.
func duplicates(maxAge time.Duration) time.Duration {
	if maxAge > 0 {
		return min(maxAge, duplicateWindow)
	}
	return duplicateWindow
}

// maxBytes turns 0, no bound, into the server's word for it.
func maxBytes(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

// replicas are the copies that a stream is to have: as many as that of the registry, which is opened first.
func (b *Bus) replicas(ctx context.Context) int {
	s, err := b.js.Stream(ctx, registryStream)
	if err != nil {
		return 1
	}
	return s.CachedInfo().Config.Replicas
}
