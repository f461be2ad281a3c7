package health

import (
	"fmt"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

const (
	isolatedHosts = 20          // must have failed, without one that answers
	isolatedAfter = time.Second // for so long
	returnedHosts = 3           // must answer until the gateway is back
)

// network is what probes tell of the gateway's own network.
type network struct {
	isolated bool
	since    time.Time
	answered time.Time           // when last somebody answered
	dark     map[uint64]struct{} // hosts that were well and have failed since then
	places   map[*area]struct{}  // where those are
	first    time.Time           // when the first of them failed
	back     map[uint64]struct{} // hosts that answered since it is isolated
}

func newNetwork() network {
	return network{dark: map[uint64]struct{}{}, places: map[*area]struct{}{}, back: map[uint64]struct{}{}}
}

// saw takes note of what was seen of a camera, and reports whether it says nothing of it, since the
// gateway has lost its own network.
func (m *Monitor) saw(e *entry, r probe.Result, now time.Time) bool {
	e.seen = m.since(now)
	second := int64(e.seen / time.Second)
	m.noise.observed(second)
	n := &m.network
	if r.State != event.Offline || !probesSee(r.Reason) || r.Reason == event.BadAnswer { // it answered
		n.answered = now
		if len(n.dark) > 0 {
			clear(n.dark)
			clear(n.places)
		}
		if n.isolated {
			if n.back[e.host] = struct{}{}; len(n.back) >= returnedHosts {
				m.reconnected(now)
			}
		}
		if r.State != event.Offline {
			e.well = e.seen
			if e.doubt != nil && e.doubt.state == event.Offline && m.known(e).State != event.Offline {
				m.noise.wrong(second) // of a lost probe, or of a fault shorter than it takes to confirm
			}
			for a := e.site; a != nil; a = a.parent {
				a.seen.advance(second)
				a.seen.good[second%ringLen]++
			}
		}
		return n.isolated && r.State == event.Offline
	}
	if n.isolated {
		m.setDoubt(e, nil, now)
		return true
	}
	if s := m.known(e).State; s == event.Online || s == event.Degraded {
		if len(n.dark) == 0 {
			n.first = now
		}
		n.dark[e.host] = struct{}{}
		n.places[e.site] = struct{}{}
		if len(n.dark) >= isolatedHosts && len(n.places) > 1 && now.Sub(n.first) >= isolatedAfter && now.Sub(n.answered) >= isolatedAfter {
			m.isolate(now)
			return true
		}
	}
	return false
}

// isolate withholds all verdicts until somebody answers.
func (m *Monitor) isolate(now time.Time) {
	n := &m.network
	n.isolated, n.since = true, n.first
	for e, f := range m.failing {
		if !f.down {
			m.setDoubt(e, nil, now)
		}
	}
	m.announce(event.GatewayIsolated, now, fmt.Sprintf(
		"%d cameras that were well, and all others, stopped answering at once: the gateway has lost its own network; nothing is said of cameras until it is back", len(n.dark)))
	if m.o.Isolated != nil {
		m.o.Isolated(true)
	}
	m.o.Log.Error("The gateway has lost its own network: no camera answers any more")
}

// reconnected believes in probes again. What was kept and not told before is looked at anew.
func (m *Monitor) reconnected(now time.Time) {
	n := &m.network
	n.isolated = false
	for e := range m.waiting {
		m.waiting[e] = wait{until: now.Add(m.interval(e) + m.confirming()), patient: true}
	}
	m.announce(event.GatewayReconnected, now, "cameras answer again")
	if m.o.Isolated != nil {
		m.o.Isolated(false)
	}
	m.o.Log.Info("The gateway has its network again", "lost", now.Sub(n.since).Round(time.Second))
	*n = newNetwork()
	n.answered = now
}

func (m *Monitor) announce(t event.Type, now time.Time, detail string) {
	m.o.Publisher.Publish(event.New(m.o.Node, t, now, event.Gateway{Node: m.o.Node, Detail: detail, Since: m.network.since.UTC()}))
}
