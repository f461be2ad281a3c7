package bus

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		importForEver(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// discard is a log that nobody reads.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// options are those of a Bus with an embedded server on a free port and one password for each role.
func options(dir string) Options {
	return Options{
		NATS:    config.NATS{Listen: "127.0.0.1:0", Replicas: 1},
		Events:  config.Events{MaxAge: time.Hour, MaxBytes: 64 << 20},
		DataDir: dir,
		Node:    "test",
		Log:     discard(),
		Authenticate: func(c Credentials) (Login, bool) {
			user, password := c.User, c.Password
			l := Login{Name: user, Role: user}
			if user == RoleListener {
				l.Subjects = []string{"sharpeyes.event.*.c1.*.xiamen.>"}
			}
			return l, (user == RoleAdmin || c.Leaf && user == RoleLevel || user == RoleViewer || user == RoleListener) && password == "right"
		},
		Sealer: registry.NewSealer([32]byte{1, 2, 3}),
	}
}

// open opens a Bus that is closed with the test.
func open(t testing.TB, o Options) *Bus {
	t.Helper()
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// soon is a context that ends before the test binary's patience.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// channel is the n-th of a city.
func channel(n int) registry.Channel {
	return registry.Channel{
		ID:        fmt.Sprintf("cam-%06d", n),
		Name:      fmt.Sprintf("Crossing %d, north side", n),
		Class:     registry.Class(n%3 + 1),
		Site:      fmt.Sprintf("xiamen/district-%d/street-%d", n%6, n%97),
		Scenario:  "traffic",
		URL:       fmt.Sprintf("rtsp://10.%d.%d.%d/stream/1", n>>16&255, n>>8&255, n&255),
		Username:  "operator",
		Password:  registry.Secret(fmt.Sprintf("p-%d-%x", n, n*2654435761)),
		Transport: "auto",
		Motion:    "auto",
		Enabled:   true,
	}
}

// put plans a transaction that puts the channels from..to-1.
func put(from, to int) func(*registry.Snapshot) (registry.Transaction, error) {
	return func(*registry.Snapshot) (registry.Transaction, error) {
		var tx registry.Transaction
		for n := from; n < to; n++ {
			tx.Put = append(tx.Put, channel(n))
		}
		return tx, nil
	}
}

// update makes one transaction.
func update(t testing.TB, b *Bus, fn func(*registry.Snapshot) (registry.Transaction, error)) *registry.Snapshot {
	t.Helper()
	s, err := b.Registry().Update(soon(t), "tester", "edit", fn)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// health is an event of the n-th channel.
func health(n int) event.Event {
	return event.New("test", event.HealthChanged, time.Now(), event.Health{
		Channel: channel(n).Event(), State: event.Offline, Previous: event.Online, Reason: event.NoAnswer,
	})
}
