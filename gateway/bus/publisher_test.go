package bus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

func TestEventIsPublishedAndStored(t *testing.T) {
	b := open(t, options(t.TempDir()))
	sub, err := b.Conn().SubscribeSync("sharpeyes.event.health.c2.traffic.xiamen.>")
	if err != nil {
		t.Fatal(err)
	}
	ev := health(1)
	b.Publish(ev)
	m, err := sub.NextMsgWithContext(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Data struct {
			Channel struct {
				ID string `json:"id"`
			} `json:"channel"`
		} `json:"data"`
	}
	if err := json.Unmarshal(m.Data, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != ev.ID || got.Type != "sharpeyes.health.changed" || got.Data.Channel.ID != channel(1).ID || m.Header.Get(nats.MsgIdHdr) != ev.ID {
		t.Errorf("got %s with headers %v", m.Data, m.Header)
	}
	c, err := b.js.OrderedConsumer(soon(t), eventStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := c.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if string(stored.Data()) != string(m.Data) {
		t.Errorf("stored %s", stored.Data())
	}
}

// stored counts the events of a data directory.
func stored(t *testing.T, o Options) uint64 {
	t.Helper()
	b := open(t, o)
	s, err := b.js.Stream(soon(t), eventStream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// A subscriber that never reads holds up neither the gateway nor the store.
func TestStalledSubscriberHarmsNobody(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(b.ClientURL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	if _, err := in.ReadString('\n'); err != nil { // INFO
		t.Fatal(err)
	}
	fmt.Fprintf(c, "CONNECT {\"verbose\":false,\"user\":%q,\"pass\":\"right\"}\r\nSUB sharpeyes.event.> 1\r\nPING\r\n", RoleViewer)
	for line := ""; line != "PONG\r\n"; {
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	// From here on it reads nothing. This is more than the server lets it wait for.
	const n = 30000
	var slowest time.Duration
	for i := range n {
		ev := health(i)
		began := time.Now()
		b.Publish(ev)
		slowest = max(slowest, time.Since(began))
	}
	if slowest > 2*time.Second { // a mutex and the scheduler's whim, never the server
		t.Errorf("publishing took %s", slowest)
	}
	began := time.Now()
	if err := b.out.close(time.Minute); err != nil {
		t.Error(err)
	}
	t.Logf("slowest Publish %s, the rest stored in %s", slowest, time.Since(began))
	b.out = nil
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if got := stored(t, o); got != n {
		t.Errorf("%d events are stored, want %d", got, n)
	}
}

func TestFullQueueDropsTheNewest(t *testing.T) {
	p, err := newPublisher(&nats.Conn{}, discard(), newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	ev := health(0) // nobody takes it: run doesn't
	for range maxQueued + 3 {
		p.publish(ev)
	}
	if got := p.queued(); got != maxQueued {
		t.Errorf("%d events wait, want %d", got, maxQueued)
	}
	if got := testutil.ToFloat64(p.metrics.dropped.WithLabelValues("queue_full")); got != 3 {
		t.Errorf("%v events are counted as dropped, want 3", got)
	}
	taken := 0
	for b, _ := p.take(); !b.empty(); b, _ = p.take() {
		if len(b.events) > maxBatch {
			t.Errorf("a batch of %d", len(b.events))
		}
		taken += len(b.events)
	}
	if taken != maxQueued {
		t.Errorf("%d events were taken, want %d", taken, maxQueued)
	}
}

func TestWaitingStatusIsReplaced(t *testing.T) {
	p, err := newPublisher(&nats.Conn{}, discard(), newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []event.State{event.Online, event.Degraded, event.Offline} {
		p.putStatus("a", registry.Status{State: s})
	}
	p.putStatus("b", registry.Status{State: event.Online})
	b, _ := p.take()
	if len(b.statuses) != 2 || b.statuses["a"].status.State != event.Offline {
		t.Errorf("took %v", b.statuses)
	}
	// sent is the write as storeStatuses sends it.
	sent := func(w statusWrite) *nats.Msg {
		m, err := statusMsg("a", w)
		if err != nil {
			t.Fatal(err)
		}
		p.latest["a"] = m
		return m
	}
	// What failed meanwhile is older than what waits, or than what was sent after it.
	p.putStatus("a", registry.Status{State: event.Online})
	older := sent(b.statuses["a"])
	p.statusFailed(older, nats.ErrTimeout)
	if b, _ = p.take(); b.statuses["a"].status.State != event.Online || b.statuses["a"].tries != 0 {
		t.Errorf("a failed write replaced a newer one: %+v", b.statuses["a"])
	}
	var newer *nats.Msg
	older, newer = sent(statusWrite{status: &registry.Status{State: event.Offline}}), sent(b.statuses["a"])
	p.statusFailed(older, nats.ErrTimeout)
	if b, _ := p.take(); len(b.statuses) != 0 {
		t.Errorf("a failed write comes after a newer one: %v", b.statuses)
	}
	p.statusStored(nil, newer, nil)
	for range maxTries {
		p.statusFailed(sent(b.statuses["a"]), nats.ErrTimeout)
		b, _ = p.take()
	}
	if len(b.statuses) != 0 || testutil.ToFloat64(p.metrics.statusesLost) != 1 {
		t.Errorf("after %d failures %v wait", maxTries, b.statuses)
	}
}

// Who hears of a change and asks for the status must find the new one.
func TestStatusIsStoredBeforeItsEvent(t *testing.T) {
	b := open(t, options(t.TempDir()))
	kv, err := b.js.KeyValue(soon(t), statusBucket)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := b.Conn().SubscribeSync(eventSubjects)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		want := fmt.Sprint("change ", i)
		b.PutStatus(channel(1).ID, registry.Status{State: event.Offline, Detail: want})
		b.Publish(health(1))
		if _, err := sub.NextMsgWithContext(soon(t)); err != nil {
			t.Fatal(err)
		}
		e, err := kv.Get(soon(t), channel(1).ID)
		if err != nil {
			t.Fatal(err)
		}
		var got registry.Status
		if err := json.Unmarshal(e.Value(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Detail != want {
			t.Fatalf("after event %d the status is %q, want %q", i, got.Detail, want)
		}
	}
}

func TestStatusesComeBack(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var none registry.Statuses
	if _, err := b.LoadStatuses(soon(t), &none); err != nil {
		t.Fatal(err)
	}
	const n = 5000
	update(t, b, put(0, n))
	since := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for i := range n {
		b.PutStatus(channel(i).ID, registry.Status{State: event.Offline, Reason: event.NoAnswer, Since: since})
		b.PutStatus(channel(i).ID, registry.Status{State: event.Online, Since: since})
	}
	b.PutStatus("gone", registry.Status{State: event.Online, Since: since}) // not registered
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	if b, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	update(t, b, func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Delete: []string{channel(0).ID}}, nil
	})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	b = open(t, o)
	update(t, b, put(0, 1)) // it is new: what was known of the deleted one is not known of it
	var got registry.Statuses
	if _, err := b.LoadStatuses(soon(t), &got); err != nil {
		t.Fatal(err)
	}
	count := 0
	for id, s := range got.Range() {
		count++
		if s != (registry.Status{State: event.Online, Since: since}) {
			t.Fatalf("%s is %+v", id, s)
		}
	}
	if count != n-1 {
		t.Errorf("%d statuses, want %d", count, n-1)
	}
}

// An event that can't be stored is tried three times and counted.
func TestEventThatCannotBeStored(t *testing.T) {
	b := open(t, options(t.TempDir()))
	if err := b.js.DeleteStream(soon(t), eventStream); err != nil {
		t.Fatal(err)
	}
	b.Publish(health(1))
	if err := b.out.close(10 * time.Second); err != nil {
		t.Error(err)
	}
	if got := testutil.ToFloat64(b.metrics.dropped.WithLabelValues("failed")); got != 1 {
		t.Errorf("%v events are counted as lost, want 1", got)
	}
}

func TestCollectors(t *testing.T) {
	b := open(t, options(t.TempDir()))
	reg := prometheus.NewPedanticRegistry()
	for _, c := range b.Collectors() {
		if err := reg.Register(c); err != nil {
			t.Error(err)
		}
	}
	update(t, b, put(0, 2))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	if got["sharpeyes_registry_channels"] != 2 || got["sharpeyes_registry_version"] != 1 || got["sharpeyes_nats_connected"] != 1 {
		t.Errorf("got %v", got)
	}
}

// BenchmarkStoreEvents is a storm: the statuses and events of 10,000 channels, until all are stored.
func BenchmarkStoreEvents(b *testing.B) {
	events := make([]event.Event, 10000)
	for i := range events {
		events[i] = health(i)
	}
	for b.Loop() {
		b.StopTimer()
		bus, err := Open(b.Context(), options(b.TempDir()))
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for _, ev := range events {
			bus.PutStatus(ev.Subject, registry.Status{State: event.Offline})
			bus.Publish(ev)
		}
		if err := bus.out.close(time.Minute); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		bus.out = nil
		if err := bus.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "changes/s")
}
