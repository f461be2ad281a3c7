// Package bus is the gateway's one store and one bus, NATS JetStream: a server inside the process
// with its files in the data directory, or a cluster outside. It keeps the registry as a log of
// transactions, the last status of each channel in a key-value bucket and the events in a stream,
// and is the only package that knows how they are laid out there.
package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Roles that Options.Authenticate gives.
const (
	RoleAdmin  = "admin"  // every subject
	RoleViewer = "viewer" // events, last statuses and the API
	// RoleListener may subscribe to the subjects that are told with it, and nothing else.
	RoleListener = "listener"
	// RoleLevel joins as a leaf node, to be asked what it shares, and nothing else.
	RoleLevel = "level"
)

// Login is as what somebody is connected to the embedded server.
type Login struct {
	Name     string // Disconnect knows it by this
	Role     string
	Subjects []string  // of a listener
	Until    time.Time // when it is disconnected; zero: never
}

// Credentials are what somebody who connects to the embedded server shows.
type Credentials struct {
	User     string // empty with a token, which is the password then; of a leaf node both are there
	Password string
	Remote   net.Addr
	Leaf     bool // it is a gateway of the level below
}

// Disconnect ends the connections of a user to the embedded server, who may connect again as what it is
// now.
func (b *Bus) Disconnect(name string) { b.embedded.disconnect(name) }

// closeTimeout bounds how long Close waits for accepted events and statuses to be stored.
const closeTimeout = 5 * time.Second

// Options is what a Bus is opened with.
type Options struct {
	NATS    config.NATS
	Events  config.Events
	DataDir string // the embedded server's files; made when it isn't there
	Node    string // this gateway's name
	Log     *slog.Logger
	// Authenticate says who may connect to the embedded server's listeners and as what. With nil nobody gets
	// in. It is called from several goroutines at once.
	Authenticate func(Credentials) (Login, bool)
	// Certificate, where there is one, is what the embedded server speaks TLS with.
	Certificate *tls.Config
	// Sealer seals the passwords in the log and its snapshots; *Keys is one that can be rotated.
	Sealer registry.Sealer
}

// Bus is an open store and bus. Its methods may be called from several goroutines at once.
type Bus struct {
	log      *slog.Logger
	node     string
	options  Options
	embedded *embedded // nil when the server is outside
	conn     *nats.Conn
	js       jetstream.JetStream
	registry *Registry
	out      *publisher
	metrics  *metrics

	stop    context.CancelFunc // of the goroutines below
	running sync.WaitGroup
	closing sync.Once
}

// Open starts the embedded server, or connects to the one that is configured, creates or updates
// the streams and buckets, and loads the registry. ctx bounds the opening only. Close the Bus when
// done.
func Open(ctx context.Context, o Options) (_ *Bus, err error) {
	if o.NATS.Replicas < 1 {
		o.NATS.Replicas = 1
	}
	b := &Bus{log: o.Log, node: o.Node, options: o, metrics: newMetrics()}
	life, stop := context.WithCancel(context.Background())
	b.stop = stop
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	if o.NATS.URL == "" {
		if o.NATS.Replicas > 1 {
			o.Log.Warn("The embedded NATS server keeps one copy; nats.replicas counts only with nats.url", "replicas", o.NATS.Replicas)
			o.NATS.Replicas = 1
		}
		if b.embedded, err = startEmbedded(o); err != nil {
			return nil, fmt.Errorf("starting the embedded NATS server: %w", err)
		}
	}
	if b.conn, err = connect(o, b.embedded); err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	if b.js, err = jetstream.New(b.conn); err != nil {
		return nil, fmt.Errorf("opening JetStream: %w", err)
	}
	stores, err := openStores(ctx, b.js, o)
	if err != nil {
		return nil, err
	}
	if b.registry, err = openRegistry(ctx, b.conn, b.js, stores, o.Sealer, o.Log); err != nil {
		return nil, fmt.Errorf("loading the registry: %w", err)
	}
	b.registry.alone = b.embedded.alone
	b.registry.room = b.disk().room
	if b.out, err = newPublisher(b.conn, o.Log, b.metrics); err != nil {
		return nil, fmt.Errorf("opening the publisher: %w", err)
	}
	b.out.disk = b.disk()
	if b.embedded != nil {
		b.running.Go(func() { b.embedded.disk.watch(life, b.embedded.server) })
	}
	b.metrics.watch(b)
	b.registry.Watch(b.forgetDeleted)
	b.running.Go(func() { b.registry.follow(life) })
	b.running.Go(func() { b.registry.keepSnapshots(life) })
	b.running.Go(b.out.run)
	return b, nil
}

// Close stores the events and statuses that were accepted, as far as that takes less than five
// seconds, and stops everything that Open started. The error says what was lost.
func (b *Bus) Close() error {
	var err error
	b.closing.Do(func() {
		if b.out != nil {
			err = b.out.close(closeTimeout)
		}
		b.stop()
		b.running.Wait()
		if b.registry != nil {
			b.registry.close()
		}
		if b.conn != nil {
			b.conn.Close()
		}
		if b.embedded != nil {
			err = errors.Join(err, b.embedded.close())
		}
	})
	return err
}

// disk is that of the embedded server; nil when the server is outside.
func (b *Bus) disk() *disk {
	if b.embedded == nil {
		return nil
	}
	return b.embedded.disk
}

// Conn is the gateway's own connection, for the micro service. Its owner is the Bus.
func (b *Bus) Conn() *nats.Conn { return b.conn }

// ClientURL is the URL of the embedded server's listener, or of the server outside that is
// connected to, without credentials. It is empty when the embedded server doesn't listen.
func (b *Bus) ClientURL() string {
	if b.embedded != nil {
		return b.embedded.clientURL()
	}
	return b.conn.ConnectedUrlRedacted()
}

// LeafAddress is where gateways of the level below join; empty when they can't.
func (b *Bus) LeafAddress() string { return b.embedded.leafAddress() }

// Ready returns nil when the connection is there, JetStream answers within a second, the
// registry follows its log and there is room for edits.
func (b *Bus) Ready() error {
	if s := b.conn.Status(); s != nats.CONNECTED {
		return fmt.Errorf("NATS is %s", s)
	}
	if err := b.registry.broken(); err != nil {
		return fmt.Errorf("the registry stands still: %w", err)
	}
	if err := b.disk().room(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("asking JetStream: %w", err)
	}
	return nil
}

// Registry is the list of channels and sites.
func (b *Bus) Registry() *Registry { return b.registry }

// Publish stores and sends an event. It never blocks: when more than 65,536 events wait, or the Bus
// is closed, the event is dropped and counted.
func (b *Bus) Publish(ev event.Event) { b.out.publish(ev) }

// PutStatus stores the last status of a channel. It never blocks: what waits for the same channel
// is replaced. A status is stored before the events that were published after it.
func (b *Bus) PutStatus(id string, s registry.Status) { b.out.putStatus(id, s) }

// forgetDeleted takes away the stored statuses of channels that a transaction deletes.
func (b *Bus) forgetDeleted(_, now *registry.Snapshot, tx registry.Transaction) {
	for _, id := range tx.Delete {
		if _, ok := now.Get(id); !ok {
			b.out.deleteStatus(id)
		}
	}
}
