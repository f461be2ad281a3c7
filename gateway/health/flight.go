package health

import (
	"context"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// flight is a probe under way: of what, as it was when it began.
type flight struct {
	e       *entry
	edition uint16
	host    uint64
	timeout time.Duration
	began   time.Time
	first   bool // of its channel; no other of it is under way
	landed  bool
	cancel  func() // gives it up
}

func (m *Monitor) newFlight(ctx context.Context, e *entry, now time.Time) (*flight, context.Context) {
	f := &flight{e: e, edition: e.edition, host: e.host, timeout: m.o.Config.Timeout, began: now}
	ctx, f.cancel = context.WithTimeout(ctx, f.timeout)
	m.flights[f] = struct{}{}
	return f, ctx
}

// probe probes a channel and weighs the result. When there is none for so long that the next probe would
// be made by now, had this one failed at once, that one is made: who stays silent is found as soon as who
// refuses.
func (m *Monitor) probe(ctx, bounded context.Context, probes *sync.WaitGroup, f *flight, gap time.Duration, ch registry.Channel) {
	again := time.AfterFunc(gap, func() { m.again(ctx, probes, f, ch) })
	r := m.o.Prober.Options(bounded, ch)
	now := time.Now()

	m.mu.Lock()
	defer m.mu.Unlock()
	again.Stop()
	m.land(f)
	m.metrics.probed(r)
	e := f.e
	if m.giveBack(e, f.host) {
		m.signal()
	}
	if r.State != event.Unknown {
		e.slow = now.Sub(f.began) > f.timeout/2
	}
	switch {
	case ctx.Err() != nil, e.gone:
		return
	case e.edition != f.edition: // it was edited meanwhile: the result is of another camera
		m.extra(e, e.due)
		m.nudge(e)
		return
	}
	m.landed(f, r, now)
	m.replan(f, now)
}

// land ends a flight.
func (m *Monitor) land(f *flight) {
	f.cancel()
	f.landed = true
	delete(m.flights, f)
}

// again makes a second probe of a channel while the first has no answer, if it was well before and there
// is room.
func (m *Monitor) again(ctx context.Context, probes *sync.WaitGroup, first *flight, ch registry.Channel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := first.e
	s := m.known(e).State
	if first.landed || ctx.Err() != nil || e.gone || e.waited || e.edition != first.edition || m.o.Config.Confirm < 2 ||
		s != event.Online && s != event.Degraded || m.inFlight >= m.most/2 || !m.hosts.free(first.host) {
		return
	}
	f, bounded := m.newFlight(ctx, e, time.Now())
	m.inFlight++
	m.hosts.begin(f.host)
	probes.Go(func() { // the first is under way, so nobody has waited for all of them yet
		r := m.o.Prober.Options(bounded, ch)
		now := time.Now()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.land(f)
		m.metrics.probed(r)
		m.inFlight--
		if m.unpark(f.host) || m.starved {
			m.signal()
		}
		if ctx.Err() == nil && !e.gone && e.edition == f.edition {
			m.landed(f, r, now)
			m.follow(e, now)
		}
	})
}

// landed weighs the result of a probe, unless something better was seen meanwhile.
func (m *Monitor) landed(f *flight, r probe.Result, now time.Time) {
	switch {
	case m.rests(f.e): // a pull began, and its packets know better
	case r.State == event.Offline && probesSee(r.Reason) && m.since(f.began) < f.e.well: // it answered a later one
		m.noise.wrong(int64(m.since(now) / time.Second))
	default:
		m.weigh(f.e, r, now)
	}
}

// replan puts a channel back on the schedule after a probe.
func (m *Monitor) replan(f *flight, now time.Time) {
	e := f.e
	if m.rests(e) {
		return
	}
	if e.doubt != nil {
		next := f.began.Add(m.o.Config.ConfirmGap) // a silent one needn't wait any longer
		if next.Before(now) {
			next = now
		}
		m.extra(e, next)
	} else {
		m.plan(e, m.following(e, now))
	}
	m.nudge(e)
}
