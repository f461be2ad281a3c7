package bus

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// dial connects to the listener with one of the roles.
func dial(t *testing.T, b *Bus, user, password string) (*nats.Conn, error) {
	t.Helper()
	c, err := nats.Connect(b.ClientURL(), nats.UserInfo(user, password), nats.NoReconnect(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err == nil {
		t.Cleanup(c.Close)
	}
	return c, err
}

func TestWhoMayConnect(t *testing.T) {
	b := open(t, options(t.TempDir()))
	for user, password := range map[string]string{
		"": "", RoleAdmin: "wrong", "nobody": "right", ownUser: "right",
	} {
		if _, err := dial(t, b, user, password); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%q with %q: error is %v, want a refusal", user, password, err)
		}
	}
	for _, user := range []string{RoleAdmin, RoleViewer} {
		if _, err := dial(t, b, user, "right"); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
}

func TestNobodyGetsInWithoutAuthenticate(t *testing.T) {
	o := options(t.TempDir())
	o.Authenticate = nil
	b := open(t, o)
	if _, err := dial(t, b, RoleAdmin, "right"); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("error is %v, want a refusal", err)
	}
}

func TestNoListener(t *testing.T) {
	o := options(t.TempDir())
	o.NATS.Listen = ""
	b := open(t, o)
	if got := b.ClientURL(); got != "" {
		t.Errorf("the URL is %q, want none", got)
	}
	update(t, b, put(0, 1))
}

func TestViewerReadsEventsAndStatuses(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 2))
	c, err := dial(t, b, RoleViewer, "right")
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	live, err := c.SubscribeSync(eventSubjects)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	b.PutStatus(channel(1).ID, registry.Status{State: event.Offline})
	b.Publish(health(1))
	if _, err := live.NextMsgWithContext(soon(t)); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(soon(t), statusBucket)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := kv.Get(soon(t), channel(1).ID); err != nil || !strings.Contains(string(e.Value()), `"offline"`) {
		t.Errorf("the status is %v, %v", e, err)
	}
	stream, err := js.Stream(soon(t), eventStream)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.GetLastMsgForSubject(soon(t), "sharpeyes.event.health.>"); err != nil || !strings.HasPrefix(m.Subject, "sharpeyes.event.health.") {
		t.Errorf("the last event is %v, %v", m, err)
	}
}

func TestViewerIsKeptFromTheRest(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 1))
	refused := make(chan error, 64)
	c, err := nats.Connect(b.ClientURL(), nats.UserInfo(RoleViewer, "right"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, subject := range []string{">", registrySubject, "sharpeyes.>", "_SHARPEYES.>", "$JS.API.>", "sharpeyes.event.audit.>"} {
		if _, err := c.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, refused, "subscribing to "+subject)
	}
	for _, subject := range []string{
		event.MotionReport, registrySubject, "sharpeyes.event.health.c1.traffic.xiamen.x", statusPrefix + "x",
		"$JS.API.STREAM.DELETE." + eventStream, "$JS.API.STREAM.PURGE." + eventStream,
		"$JS.API.STREAM.INFO." + registryStream, "$JS.API.STREAM.MSG.GET." + registryStream,
		"$JS.API.DIRECT.GET." + registryStream, "$JS.API.DIRECT.GET." + eventStream, "$JS.API.STREAM.MSG.GET." + eventStream,
		"$JS.API.DIRECT.GET." + eventStream + ".sharpeyes.event.audit.>", "$JS.API.CONSUMER.CREATE." + registryStream + ".x",
		"$JS.API.CONSUMER.CREATE." + eventStream, "$JS.API.CONSUMER.CREATE." + eventStream + ".x", "$JS.API.CONSUMER.DURABLE.CREATE." + eventStream + ".x",
		"$JS.API.CONSUMER.CREATE." + kvStreamPrefix + statusBucket + ".x",
		"$JS.API.DIRECT.GET.OBJ_" + snapshotBucket, "$JS.API.STREAM.NAMES",
	} {
		if err := c.Publish(subject, nil); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, refused, "publishing to "+subject)
	}
}

func wantRefusal(t *testing.T, refused <-chan error, what string) {
	t.Helper()
	select {
	case err := <-refused:
		if !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%s was not refused", what)
	}
}

// A listener hears what it may hear, asks nothing, says nothing, and is cut off when it is told to be.
func TestListener(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 6))
	c, err := dial(t, b, RoleListener, "right")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan *nats.Msg, 10)
	if _, err := c.ChanSubscribe("sharpeyes.event.*.c1.*.xiamen.>", heard); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		b.Publish(health(n)) // of classes 1, 2, 3
	}
	if m := <-heard; !strings.HasPrefix(m.Subject, "sharpeyes.event.health.c1.") {
		t.Errorf("heard %s", m.Subject)
	}
	if len(heard) > 0 {
		t.Error("and something else")
	}
	for _, subject := range []string{"sharpeyes.event.>", "sharpeyes.registry.log", "_INBOX.>", "$KV.>", "sharpeyes.event.*.c2.>"} {
		sub, err := c.SubscribeSync(subject)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		b.Publish(health(1))
		if err := c.LastError(); !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), subject) {
			t.Errorf("%s: %v", subject, err)
		}
		_ = sub.Unsubscribe()
	}
	closed := make(chan struct{})
	c.SetClosedHandler(func(*nats.Conn) { close(closed) })
	b.Disconnect(RoleViewer)
	b.Disconnect(RoleListener)
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("it is still connected")
	}
}
