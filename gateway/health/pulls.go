package health

import (
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// Pulled says that a pull of the channel began or ended; each beginning has its end. While a channel
// is pulled and well, its packets speak for it and it isn't probed.
func (m *Monitor) Pulled(id string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if on {
		m.pulled[id]++
	} else if m.pulled[id]--; m.pulled[id] <= 0 {
		delete(m.pulled, id)
	}
	e, ok := m.entries[id]
	if !m.running || !ok || e.flying { // the end of the probe sees to it
		return
	}
	switch rests := m.rests(e); {
	case rests:
		m.unplan(e)
	case e.place < 0:
		m.plan(e, m.following(e, time.Now()))
		m.nudge(e)
	}
}

// Evidence says what a pull of the channel's main stream saw of its camera.
//
// Packets that flow are proof, and so is what only a pull can see, such as a refused password: both
// are believed at once, and a probe doesn't refute the latter for a while, or until the channel
// is edited or pulled again. What a probe can see too, such as a refused connection, counts as one
// observation, and probes confirm it.
func (m *Monitor) Evidence(id string, r probe.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[id]
	if !m.running || !ok || r.State == event.Unknown || r.State == "" {
		return
	}
	now := time.Now()
	if m.network.isolated && r.State != event.Online {
		return
	}
	proof := r.State == event.Online || !probesSee(r.Reason)
	switch {
	case !proof:
		m.weigh(e, r, now)
	case r.State == event.Online:
		e.held = 0
		m.settle(e, r, now)
	default:
		m.hold(e, r.Reason, now)
		m.settle(e, r, now)
	}
	m.follow(e, now)
}

// settle believes a result that needs no confirmation.
func (m *Monitor) settle(e *entry, r probe.Result, now time.Time) { m.settleSince(e, r, now, now) }

func (m *Monitor) settleSince(e *entry, r probe.Result, since, now time.Time) {
	if m.saw(e, r, now) {
		return
	}
	m.tellLeft(e, now)
	e.fresh = false
	m.setDoubt(e, nil, now)
	if old := m.known(e); old.State == r.State && old.Reason == r.Reason {
		return
	}
	e.doubt = &doubt{state: r.State, reason: r.Reason, detail: r.Detail, since: since}
	m.believe(e, now)
}

// follow plans what follows from evidence: a confirmation soon, a rest, or the next regular probe.
func (m *Monitor) follow(e *entry, now time.Time) {
	if e.flying { // the end of the probe sees to it
		return
	}
	switch {
	case e.doubt != nil:
		if soon := now.Add(m.o.Config.ConfirmGap); e.place < 0 || soon.Before(e.due) {
			m.extra(e, soon)
		}
	case m.rests(e):
		m.unplan(e)
	case e.place < 0:
		m.plan(e, m.following(e, now))
	}
	m.nudge(e)
}
