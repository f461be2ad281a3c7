package bus

import (
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
	disk    *disk               // nil: there is no need to wait for it
	events  jetstream.JetStream // one for each, since each has its own acknowledgements to wait for
	status  jetstream.JetStream

	mu       sync.Mutex
	waiting  []event.Event
	statuses map[string]statusWrite
	latest   map[string]*nats.Msg // by channel id: the last write that was sent, until it is stored
	retries  []*nats.Msg          // events that could not be stored
	tries    map[string]int       // failed attempts by event id, while it is under way
	failed   bool                 // something failed since the last batch
	inFlight int                  // sent, and neither stored nor failed
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
		latest:   map[string]*nats.Msg{},
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
	b = batch{events: p.waiting, retries: p.retries, failed: p.failed}
	p.waiting, p.retries, p.failed = nil, nil, false
	if len(b.events) > maxBatch {
		b.events, p.waiting = b.events[:maxBatch:maxBatch], b.events[maxBatch:]
	}
	if len(p.statuses) > 0 {
		b.statuses, p.statuses = p.statuses, make(map[string]statusWrite)
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
		if b.failed && !p.pause(retryWait) || !p.connected() || !p.disk.works(p.giveUp) {
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
