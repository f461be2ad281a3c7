package health

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

const (
	// lookSteps is how many times the timeout of a probe a look at a stream may take: connecting,
	// signing in, setting up, and the pictures themselves.
	lookSteps = 4
	// lookAgain is when a look is tried again that its host had no time for.
	lookAgain = time.Second
)

// looks is when streams are looked at: channels that answer may send nothing. It is a schedule of its
// own, since a look takes seconds and few may be under way.
type looks struct {
	lanes    [ranks]lookLane
	inFlight int
	turn     int
}

// planLook makes a time that of the channel's next look.
func (m *Monitor) planLook(e *entry, due time.Duration) {
	m.unplanLook(e)
	e.lookDue = due
	heap.Push(&m.looks.lanes[e.rank], e)
}

// unplanLook reports whether one was planned.
func (m *Monitor) unplanLook(e *entry) bool {
	if e.look < 0 {
		return false
	}
	heap.Remove(&m.looks.lanes[e.rank], int(e.look))
	return true
}

// laterLook plans the next regular look.
func (m *Monitor) laterLook(e *entry, now time.Time) {
	every := m.o.Config.DeepInterval
	if every <= 0 {
		return
	}
	at, next := m.since(now), e.lookDue+every+time.Duration((2*rand.Float64()-1)*jitter*float64(every))
	if late := at - next; late >= 0 {
		next += every * (late/every + 1)
	}
	if e.held > 0 { // a password that was refused isn't tried again before
		next = max(next, e.held-every)
	}
	m.planLook(e, next)
}

// nextLook is the channel whose stream is to be looked at now, nil for none.
func (m *Monitor) nextLook(at time.Duration) (next *entry) {
	l := &m.looks
	if m.o.Config.DeepInterval <= 0 || l.inFlight >= m.o.Config.DeepBudget {
		return nil
	}
	for r := range l.lanes {
		if len(l.lanes[r]) == 0 || l.lanes[r][0].lookDue > at {
			continue
		}
		e := l.lanes[r][0]
		if next == nil || l.turn%everyNth == 0 && e.lookDue < next.lookDue {
			next = e
		}
	}
	return next
}

// dispatchLooks starts the looks that are due, and returns when the next is.
func (m *Monitor) dispatchLooks(ctx context.Context, running *sync.WaitGroup, channels *registry.Snapshot, now time.Time) time.Duration {
	at := m.since(now)
	for e := m.nextLook(at); e != nil; e = m.nextLook(at) {
		ch, ok := channels.Get(e.id)
		switch s := m.known(e); {
		case !ok, !m.owns(ch), m.pulled[e.id] > 0, m.network.isolated, s.State == event.Offline && probesSee(s.Reason):
			m.laterLook(e, now) // somebody else sees how it is
			continue
		case !m.hosts.idle(e.host) && (e.flying || !m.hosts.free(e.host)):
			m.planLook(e, at+lookAgain)
			continue
		}
		m.unplanLook(e)
		m.looks.inFlight++
		m.looks.turn++
		m.hosts.begin(e.host)
		f := &flight{e: e, edition: e.edition, host: e.host, timeout: lookSteps * m.o.Config.Timeout}
		running.Go(func() { m.lookAt(ctx, f, ch) })
	}
	nap := asleep
	if m.looks.inFlight >= m.o.Config.DeepBudget || m.o.Config.DeepInterval <= 0 { // the end of one wakes the scheduler
		return nap
	}
	for _, l := range m.looks.lanes {
		if len(l) > 0 {
			nap = min(nap, l[0].lookDue-at)
		}
	}
	return nap
}

// lookAt looks at a stream and weighs the result.
func (m *Monitor) lookAt(ctx context.Context, f *flight, ch registry.Channel) {
	bounded, cancel := context.WithTimeout(ctx, f.timeout)
	r := m.o.Prober.Deep(bounded, ch)
	cancel()
	now := time.Now()

	m.mu.Lock()
	defer m.mu.Unlock()
	m.metrics.looked.WithLabelValues(resultOf(r)).Inc()
	m.looks.inFlight--
	if m.unpark(f.host) {
		m.starved = true
	}
	m.signal()
	e := f.e
	switch {
	case ctx.Err() != nil, e.gone:
		return
	case e.edition != f.edition:
		m.planLook(e, m.since(now))
		return
	case m.pulled[e.id] > 0, r.State == event.Unknown, r.State == "":
		m.laterLook(e, now)
		return
	}
	m.weighLook(e, r, now)
	m.follow(e, now)
}

// weighLook takes what a look saw, and plans the next. A stream that is well is proof. A refused password
// is believed at once, since each try may lock the account; what a probe can see too, probes confirm; all
// else is confirmed by as many looks as a change is by probes.
func (m *Monitor) weighLook(e *entry, r probe.Result, now time.Time) {
	known := m.known(e)
	m.laterLook(e, now)
	switch {
	case r.State == event.Online:
		e.suspect = nil
		e.held = 0
		if known.State == event.Offline && probesSee(known.Reason) {
			m.weigh(e, r, now)
		} else {
			m.settle(e, r, now)
		}
	case probesSee(r.Reason) && r.Reason != event.SessionFull:
		m.weigh(e, r, now)
	case r.State == known.State && r.Reason == known.Reason:
		e.suspect = nil
		m.saw(e, r, now)
		m.hold(e, r.Reason, now)
	default:
		e.suspect = agree(e.suspect, r, known.State, now)
		d := e.suspect
		if r.Reason != event.Unauthorized && r.Reason != event.LockedOut && d.seen < m.o.Config.Confirm {
			m.planLook(e, m.since(now.Add(m.o.Config.ConfirmGap)))
			return
		}
		e.suspect = nil
		m.hold(e, r.Reason, now)
		m.settleSince(e, r, d.since, now)
	}
}

// lookLane is a heap of channels by the time of their look.
type lookLane []*entry

func (l lookLane) Len() int           { return len(l) }
func (l lookLane) Less(i, j int) bool { return l[i].lookDue < l[j].lookDue }
func (l lookLane) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].look, l[j].look = int32(i), int32(j)
}
func (l *lookLane) Push(x any) {
	e := x.(*entry)
	e.look = int32(len(*l))
	*l = append(*l, e)
}
func (l *lookLane) Pop() any {
	all := *l
	e := all[len(all)-1]
	all[len(all)-1] = nil
	*l, e.look = all[:len(all)-1], -1
	return e
}
