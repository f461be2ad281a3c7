package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

const (
	maxQueued   = 65536 // events that wait
	maxBatch    = 4096  // events taken at once
	maxInFlight = 4000  // that JetStream has not acknowledged
	maxTries    = 3     // to store one event or status
	ackTimeout  = 5 * time.Second
	stallWait   = 500 * time.Millisecond // for room in flight, before closing is looked at
	statusWait  = 2 * time.Second        // for the statuses of a batch, before its events go
	retryWait   = 250 * time.Millisecond
)

// publisher stores events and statuses. One goroutine takes what waits in batches: first the
// statuses, and when those are stored the events, so that whoever hears of a change and asks for
// the status finds the new one. JetStream's acknowledgements are all looked at; what failed is
// tried again, three times in all.
type publisher struct {
	conn    *nats.Conn
	log     *slog.Logger
	metrics *metrics
	events  jetstream.JetStream // one for each, since each has its own acknowledgements to wait for
	status  jetstream.JetStream

	mu       sync.Mutex
	waiting  []event.Event
	statuses map[string]statusWrite
	retries  []*nats.Msg    // events that could not be stored
	tries    map[string]int // failed attempts by event id, while it is under way
	failed   bool           // something failed since the last batch
	inFlight int            // sent, and neither stored nor failed
	closed   bool
	lost     uint64 // since the last report
	reported time.Time

	wake   chan struct{} // something waits, or closed
	giveUp chan struct{} // the time for closing is over
	done   chan struct{}
	unsent int // events that run left when the time was over; read after done
}

// statusWrite is the value that a channel's key is to have; nil deletes the key.
type statusWrite struct {
	status *registry.Status
	tries  int
}

func newPublisher(conn *nats.Conn, log *slog.Logger, m *metrics) (*publisher, error) {
	p := &publisher{
		conn: conn, log: log, metrics: m,
		statuses: map[string]statusWrite{},
		tries:    map[string]int{},
		wake:     make(chan struct{}, 1),
		giveUp:   make(chan struct{}),
		done:     make(chan struct{}),
	}
	var err error
	p.events, err = jetstream.New(conn,
		jetstream.WithPublishAsyncMaxPending(maxInFlight),
		jetstream.WithPublishAsyncTimeout(ackTimeout),
		jetstream.WithPublishAsyncAckHandler(p.eventStored),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { p.eventFailed(m, err) }))
	if err != nil {
		return nil, err
	}
	p.status, err = jetstream.New(conn,
		jetstream.WithPublishAsyncMaxPending(maxInFlight),
		jetstream.WithPublishAsyncTimeout(ackTimeout),
		jetstream.WithPublishAsyncAckHandler(p.statusStored),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { p.statusFailed(m, err) }))
	return p, err
}

// publish accepts an event, or drops it when too many wait.
func (p *publisher) publish(ev event.Event) {
	p.mu.Lock()
	ok := !p.closed && len(p.waiting) < maxQueued
	if ok {
		p.waiting = append(p.waiting, ev)
	}
	p.mu.Unlock()
	if !ok {
		p.drop("queue_full", 1, nil)
		return
	}
	p.signal()
}

// putStatus accepts a status; what waits for the same channel is replaced.
func (p *publisher) putStatus(id string, s registry.Status) { p.putWrite(id, statusWrite{status: &s}) }

// deleteStatus takes away the status of a channel that is no more.
func (p *publisher) deleteStatus(id string) { p.putWrite(id, statusWrite{}) }

func (p *publisher) putWrite(id string, w statusWrite) {
	p.mu.Lock()
	if !p.closed {
		p.statuses[id] = w
	}
	p.mu.Unlock()
	p.signal()
}

func (p *publisher) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// batch is what is stored together.
type batch struct {
	events   []event.Event
	retries  []*nats.Msg // events that could not be stored
	statuses map[string]statusWrite
	failed   bool // something failed since the batch before
}

func (b batch) empty() bool { return len(b.events)+len(b.retries)+len(b.statuses) == 0 }

// take returns what waits. Events and statuses are taken at one moment, so that the status that
// was put before an event is in the event's batch or an earlier one.
func (p *publisher) take() (b batch, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b = batch{events: p.waiting, retries: p.retries, statuses: p.statuses, failed: p.failed}
	p.waiting, p.retries, p.failed = nil, nil, false
	if len(b.events) > maxBatch {
		b.events, p.waiting = b.events[:maxBatch:maxBatch], b.events[maxBatch:]
	}
	if len(b.statuses) > 0 {
		p.statuses = make(map[string]statusWrite)
	}
	return b, p.closed
}

// queued is the number of events that wait.
func (p *publisher) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) + len(p.retries)
}

// run stores what waits until close was called and nothing waits or is in flight.
func (p *publisher) run() {
	defer close(p.done)
	for {
		b, closed := p.take()
		if b.empty() {
			if closed && p.settled() {
				return
			}
			select {
			case <-p.wake:
			case <-p.giveUp:
				return
			}
			continue
		}
		if b.failed && !p.pause(retryWait) || !p.connected() {
			p.unsent = len(b.events) + len(b.retries)
			return
		}
		p.storeStatuses(b.statuses)
		if p.unsent = p.storeEvents(b); p.unsent > 0 {
			return
		}
	}
}

// settled reports whether nothing is in flight and nothing came back to be tried again.
func (p *publisher) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inFlight == 0 && len(p.retries)+len(p.statuses) == 0
}

// connected waits for the connection; it returns false when the time for closing is over first.
func (p *publisher) connected() bool {
	if p.conn.IsConnected() {
		return true
	}
	changed := p.conn.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer p.conn.RemoveStatusListener(changed)
	if p.conn.IsConnected() {
		return true
	}
	select {
	case s := <-changed:
		return s == nats.CONNECTED
	case <-p.giveUp:
		return false
	}
}

// pause waits before the next attempt; it returns false when the time for closing is over.
func (p *publisher) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.giveUp:
		return false
	}
}

// storeStatuses writes statuses and waits until they are stored, or for two seconds.
func (p *publisher) storeStatuses(all map[string]statusWrite) {
	if len(all) == 0 {
		return
	}
	for id, w := range all {
		m, err := statusMsg(id, w)
		if err != nil {
			p.log.Error("A status can't be encoded", "channel", id, "error", err)
			continue
		}
		p.metrics.statuses.Inc()
		if !p.send(p.status, m, p.statusFailed) {
			return
		}
	}
	t := time.NewTimer(statusWait)
	defer t.Stop()
	select {
	case <-p.status.PublishAsyncComplete():
	case <-t.C:
	case <-p.giveUp:
	}
}

// storeEvents sends events to JetStream without waiting for the answers, but for room in flight. It
// returns how many it left because the time for closing is over.
func (p *publisher) storeEvents(b batch) (left int) {
	for i, m := range b.retries {
		if !p.send(p.events, m, p.eventFailed) {
			return len(b.retries) - i + len(b.events)
		}
	}
	for i, ev := range b.events {
		data, err := json.Marshal(ev)
		if err != nil {
			p.drop("failed", 1, fmt.Errorf("encoding it: %w", err))
			continue
		}
		m := nats.NewMsg(ev.Topic())
		m.Data = data
		m.Header.Set(nats.MsgIdHdr, ev.ID)
		if !p.send(p.events, m, p.eventFailed) {
			return len(b.events) - i
		}
	}
	return 0
}

// send waits for room in flight and sends. It returns false when the time for closing is over.
func (p *publisher) send(js jetstream.JetStream, m *nats.Msg, failed func(*nats.Msg, error)) bool {
	p.mu.Lock()
	p.inFlight++
	p.mu.Unlock()
	for {
		select {
		case <-p.giveUp:
			p.mu.Lock()
			p.inFlight--
			p.mu.Unlock()
			return false
		default:
		}
		_, err := js.PublishMsgAsync(m, jetstream.WithStallWait(stallWait))
		if errors.Is(err, jetstream.ErrTooManyStalledMsgs) {
			continue
		}
		if err != nil {
			failed(m, err)
		}
		return true
	}
}

// disconnected reports whether an attempt failed for want of a connection. Such an attempt doesn't
// count: what waits for the connection is bounded, and nothing is tried before it is back.
func disconnected(err error) bool {
	return errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrConnectionClosed)
}

// eventStored counts an event that is stored. It is called on the goroutine of the acknowledgements
// and may not wait.
func (p *publisher) eventStored(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) {
	p.metrics.published.WithLabelValues(kindOf(m.Subject)).Inc()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tries) > 0 {
		delete(p.tries, m.Header.Get(nats.MsgIdHdr))
	}
	p.landed()
}

// statusStored notes that a status is stored, as eventStored does.
func (p *publisher) statusStored(jetstream.JetStream, *nats.Msg, *jetstream.PubAck) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.landed()
}

// landed counts down what is in flight; the lock is held.
func (p *publisher) landed() {
	p.inFlight--
	if p.closed && p.inFlight == 0 {
		p.signal() // run may be waiting for the last one
	}
}

// eventFailed keeps an event for another attempt, or gives it up after the third. The client may
// hold its locks while it calls: nothing of it may be used here.
func (p *publisher) eventFailed(m *nats.Msg, err error) {
	id := m.Header.Get(nats.MsgIdHdr)
	p.mu.Lock()
	p.failed = true
	p.landed()
	if !disconnected(err) {
		p.tries[id]++
	}
	again := p.tries[id] < maxTries && !errors.Is(err, nats.ErrMaxPayload)
	if again {
		p.retries = append(p.retries, &nats.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data})
	} else {
		delete(p.tries, id)
	}
	p.mu.Unlock()
	if !again {
		p.drop("failed", 1, err)
	}
	p.signal()
}

// close accepts nothing more and waits until what was accepted is stored, at most for the given
// time. The error says how many events were lost.
func (p *publisher) close(atMost time.Duration) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.signal()
	t := time.AfterFunc(atMost, func() { close(p.giveUp) })
	<-p.done
	t.Stop()
	if n := p.unsent + p.queued() + p.events.PublishAsyncPending(); n > 0 { // nothing more is sent
		p.metrics.dropped.WithLabelValues("closed").Add(float64(n))
		return fmt.Errorf("closing: %d events were not stored within %s", n, atMost)
	}
	return nil
}

// drop counts events that are lost, and logs that at most once a second.
func (p *publisher) drop(reason string, n int, err error) {
	if n == 0 {
		return
	}
	p.metrics.dropped.WithLabelValues(reason).Add(float64(n))
	now := time.Now()
	p.mu.Lock()
	p.lost += uint64(n)
	lost := p.lost
	quiet := now.Sub(p.reported) < time.Second
	if !quiet {
		p.lost, p.reported = 0, now
	}
	p.mu.Unlock()
	if quiet {
		return
	}
	p.log.Error("Events are lost", "count", lost, "reason", reason, "error", err)
}
