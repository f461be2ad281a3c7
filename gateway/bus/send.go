package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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
		p.mu.Lock()
		p.latest[id] = m
		p.mu.Unlock()
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
func (p *publisher) statusStored(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.superseded(m)
	p.landed()
}

// superseded ends the write of a status, and reports whether a later one of the same channel was
// sent meanwhile. The lock is held.
func (p *publisher) superseded(m *nats.Msg) bool {
	id := strings.TrimPrefix(m.Subject, statusPrefix)
	if p.latest[id] != m {
		return true
	}
	delete(p.latest, id)
	return false
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
