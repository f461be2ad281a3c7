package bus

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"sharpeyes/registry"
)

func TestTransactionsSurviveARestart(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 3))
	update(t, b, func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Delete: []string{channel(1).ID}, Sites: []registry.Site{{Path: "xiamen", Name: "Xiamen"}}}, nil
	})
	before := b.Registry().Snapshot()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	after := open(t, o).Registry().Snapshot()
	if after.Version() != before.Version() || after.Len() != 2 {
		t.Fatalf("version %d with %d channels, want version %d with 2", after.Version(), after.Len(), before.Version())
	}
	c, ok := after.Get(channel(2).ID)
	if !ok || !registry.Equal(c, channel(2)) || c.Password.Reveal() != channel(2).Password.Reveal() {
		t.Errorf("channel 2 came back as %+v", c)
	}
	if s, ok := after.Site("xiamen"); !ok || s.Name != "Xiamen" {
		t.Errorf("the site came back as %+v", s)
	}
}

func TestUpdateWritesNothingForNothing(t *testing.T) {
	b := open(t, options(t.TempDir()))
	s := update(t, b, func(*registry.Snapshot) (registry.Transaction, error) { return registry.Transaction{}, nil })
	if s.Version() != 0 {
		t.Errorf("version is %d, want 0", s.Version())
	}
	want := errors.New("no")
	_, err := b.Registry().Update(soon(t), "tester", "edit", func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{}, want
	})
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want that of fn", err)
	}
}

// A transaction that can't be applied must never get into the log.
func TestUpdateRefusesWhatCannotBeApplied(t *testing.T) {
	b := open(t, options(t.TempDir()))
	_, err := b.Registry().Update(soon(t), "tester", "edit", func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Put: []registry.Channel{channel(1), channel(1)}}, nil
	})
	if err == nil {
		t.Fatal("a channel that is put twice was accepted")
	}
	if s := update(t, b, put(0, 1)); s.Version() != 1 {
		t.Errorf("version is %d, want 1", s.Version())
	}
}

func TestHistoryIsInTheHeaders(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 1))
	m, err := b.registry.stream.GetMsg(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if by, action, part := m.Header.Get(headerBy), m.Header.Get(headerAction), m.Header.Get(headerPart); by != "tester" || action != "edit" || part != "1/1" {
		t.Errorf("by %q, action %q, part %q", by, action, part)
	}
	if _, err := time.Parse(time.RFC3339Nano, m.Header.Get(headerAt)); err != nil {
		t.Error(err)
	}
}

func TestWatchSeesEachTransactionInOrder(t *testing.T) {
	b := open(t, options(t.TempDir()))
	var got []string
	stop := b.Registry().Watch(func(old, now *registry.Snapshot, tx registry.Transaction) {
		got = append(got, fmt.Sprintf("%d>%d:%d", old.Len(), now.Len(), len(tx.Put)))
	})
	update(t, b, put(0, 2))
	update(t, b, put(2, 3))
	stop()
	update(t, b, put(3, 4))
	if want := "[0>2:2 2>3:1]"; fmt.Sprint(got) != want {
		t.Errorf("watched %v, want %s", got, want)
	}
}

// second opens a gateway of its own data directory on the server of the first.
func second(t testing.TB, first *Bus) *Bus {
	t.Helper()
	return secondWith(t, first, options(t.TempDir()))
}

func secondWith(t testing.TB, first *Bus, o Options) *Bus {
	t.Helper()
	u, err := url.Parse(first.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(RoleAdmin, "right")
	o.NATS.URL = u.String()
	return open(t, o)
}

// Two gateways write at once: nothing is lost, and both end with the same.
func TestTwoWriters(t *testing.T) {
	a := open(t, options(t.TempDir()))
	b := second(t, a)
	const each = 25
	var planned sync.Map
	var wg sync.WaitGroup
	for i, bus := range []*Bus{a, b} {
		wg.Go(func() {
			for n := range each {
				_, err := bus.Registry().Update(soon(t), "tester", "edit", func(s *registry.Snapshot) (registry.Transaction, error) {
					planned.Store([3]uint64{uint64(i), uint64(n), s.Version()}, true)
					return put(i*each+n, i*each+n+1)(s)
				})
				var conflict *registry.ConflictError
				for errors.As(err, &conflict) {
					_, err = bus.Registry().Update(soon(t), "tester", "edit", put(i*each+n, i*each+n+1))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, bus := range []*Bus{a, b} {
		if err := bus.registry.wait(soon(t), 2*each, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if s := bus.Registry().Snapshot(); s.Len() != 2*each || s.Version() != 2*each {
			t.Errorf("%d channels at version %d, want %d at %d", s.Len(), s.Version(), 2*each, 2*each)
		}
	}
}

// A writer that plans on an old snapshot is refused, plans again on the new one and wins.
func TestConflictIsPlannedAgain(t *testing.T) {
	a := open(t, options(t.TempDir()))
	b := second(t, a)
	var seen []int
	_, err := a.Registry().Update(soon(t), "a", "edit", func(s *registry.Snapshot) (registry.Transaction, error) {
		if len(seen) == 0 {
			update(t, b, put(0, 1))
		}
		seen = append(seen, s.Len())
		return put(1, 2)(s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(seen) != "[0 1]" && fmt.Sprint(seen) != "[1 1]" {
		t.Errorf("planned on snapshots of %v channels, want an old one and then the new one", seen)
	}
}

func TestConflictThatNeverEnds(t *testing.T) {
	a := open(t, options(t.TempDir()))
	b := second(t, a)
	n := 0
	_, err := a.Registry().Update(soon(t), "a", "edit", func(s *registry.Snapshot) (registry.Transaction, error) {
		n++
		update(t, b, put(n, n+1))
		return put(0, 1)(s)
	})
	var conflict *registry.ConflictError
	if !errors.As(err, &conflict) || n != updateAttempts {
		t.Errorf("after %d attempts the error is %v", n, err)
	}
}

// What others write to the log's subject is passed over, and the registry goes on.
func TestForeignMessageInTheLog(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 1))
	if _, err := b.js.Publish(soon(t), registrySubject, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if s := update(t, b, put(1, 2)); s.Len() != 2 || s.Version() != 3 {
		t.Errorf("%d channels at version %d, want 2 at 3", s.Len(), s.Version())
	}
	if err := b.Ready(); err != nil {
		t.Error(err)
	}
}

// With another key the registry can't be read; to start with half of it would lose the rest.
func TestWrongKeyIsAnError(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 1))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	o.Sealer = registry.NewSealer([32]byte{9})
	if b, err := Open(t.Context(), o); !errors.Is(err, registry.ErrSealed) {
		t.Errorf("error is %v, want ErrSealed", err)
		if err == nil {
			b.Close()
		}
	}
}

func TestDataDirectoryInUse(t *testing.T) {
	o := options(filepath.Join(t.TempDir(), "data"))
	open(t, o)
	b, err := Open(t.Context(), o)
	if err == nil {
		b.Close()
		t.Fatal("a second process got the same data directory")
	}
	want := "starting the embedded NATS server: the data directory " + o.DataDir + " is in use by another process: stop that one, or set another data_dir"
	if err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
}

func TestListenerInUse(t *testing.T) {
	first := open(t, options(t.TempDir()))
	u, err := url.Parse(first.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	o := options(t.TempDir())
	o.NATS.Listen = u.Host
	b, err := Open(t.Context(), o)
	if err == nil {
		b.Close()
		t.Fatal("two servers listen on one address")
	}
	if !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error is %v", err)
	}
}

func TestNoServerAtTheURL(t *testing.T) {
	for u, want := range map[string]string{
		"nats://admin:secret@127.0.0.1:1":    "connecting to NATS: nats.url: no server answers there",
		"nats://admin:secret@127.0.0.1:port": "connecting to NATS: nats.url: not a URL such as nats://host:4222",
	} {
		o := options(t.TempDir())
		o.NATS.URL = u
		if _, err := Open(t.Context(), o); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestReady(t *testing.T) {
	b, err := Open(t.Context(), options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ready(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Ready(); err == nil {
		t.Error("a closed Bus is ready")
	}
	if s := b.Conn().Status(); s != nats.CLOSED {
		t.Errorf("the connection is %s", s)
	}
}
