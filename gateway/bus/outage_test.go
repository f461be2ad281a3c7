package bus

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// The server outside goes away and comes back: what was published meanwhile is stored, the registry
// follows its log again and can be changed.
func TestServerOutsideComesBack(t *testing.T) {
	o := options(t.TempDir())
	server, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	b := second(t, server)
	update(t, b, put(0, 1))
	back := make(chan struct{})
	stop := b.Registry().Watch(func(_, now *registry.Snapshot, _ registry.Transaction) {
		if now.Len() == 2 {
			close(back)
		}
	})
	defer stop()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}

	if err := b.Ready(); err == nil {
		t.Error("it is ready without a server")
	}
	gone, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := b.Registry().Update(gone, "tester", "edit", put(5, 6)); err == nil {
		t.Error("the registry was changed without a server")
	}
	const n = 100
	for i := range n {
		b.PutStatus(channel(i).ID, registry.Status{State: event.Offline})
		b.Publish(health(i))
	}

	o.NATS.Listen = u.Host
	server = open(t, o)
	update(t, server, put(1, 2))
	select {
	case <-back:
	case <-soon(t).Done():
		t.Fatal("the registry doesn't follow its log")
	}
	if s := update(t, b, put(2, 3)); s.Len() != 3 {
		t.Errorf("%d channels, want 3", s.Len())
	}
	if err := b.Close(); err != nil { // stores what waits
		t.Error(err)
	}
	s, err := server.js.Stream(soon(t), eventStream)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CachedInfo().State.Msgs; got != n {
		t.Errorf("%d events are stored, want %d", got, n)
	}
}

// The answer to a transaction was lost on the way: whether it is stored is found out in the log.
func TestAnswerThatGotLost(t *testing.T) {
	b := open(t, options(t.TempDir()))
	r := b.registry
	lost := errors.New("lost")
	tx, _ := put(0, 1)(nil)
	tx.ID, tx.At = "one", time.Now()
	r.expect(tx.ID)
	if _, err := r.settle(lost); !errors.Is(err, lost) {
		t.Errorf("error is %v for a transaction that isn't there", err)
	}
	body, err := registry.EncodeTransaction(tx, r.sealer)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := r.codec.split(tx, registry.Counts{}, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := appendParts(soon(t), b.conn, parts, 0); err != nil {
		t.Fatal(err)
	}
	if s, err := r.settle(lost); err != nil || s.Len() != 1 {
		t.Errorf("error is %v for a transaction that is there", err)
	}
}

// Close keeps its time when the server outside is gone, and says what was lost.
func TestCloseWithoutServer(t *testing.T) {
	server, err := Open(t.Context(), options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(RoleAdmin, "right")
	o := options(t.TempDir())
	o.NATS.URL = u.String()
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	b.Publish(health(1))
	if err := b.out.close(200 * time.Millisecond); err == nil {
		t.Error("an event that is lost is no error")
	}
	b.out = nil
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
