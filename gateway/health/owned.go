package health

import (
	"time"

	"sharpeyes/registry"
)

// takenRate is how many channels a second are probed first when they come from another gateway: each within
// seconds, since it may have died.
const takenRate = 5000

// owns reports whether a channel is this gateway's to watch.
func (m *Monitor) owns(ch registry.Channel) bool { return m.o.Owns == nil || m.o.Owns(ch) }

// whole reports whether all channels of the area are this gateway's to watch: whoever sees a part of a site can't
// tell that it is out.
func (m *Monitor) whole(a *area) bool {
	return a.recorder || m.o.Whole == nil || m.o.Whole(a.name)
}

// Rebalance takes over the channels that have become this gateway's, and lets go of those that are
// another's by now.
func (m *Monitor) Rebalance() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.running {
		return
	}
	now, channels := time.Now(), m.o.Snapshot()
	var taken []*entry
	left := 0
	for ch := range channels.All() {
		e := m.entries[ch.ID]
		switch owns := m.owns(ch); {
		case !ch.Enabled:
			if owns {
				m.disable(ch, now)
			}
		case owns && e == nil:
			m.enable(ch, now)
			taken = append(taken, m.add(ch, now))
		case !owns && e != nil:
			m.remove(ch.ID)
			left++
		}
	}
	for o := range m.outages { // whoever has its channels now finds it in their statuses
		if o.at.total == 0 || !m.whole(o.at) {
			o.at.outage = nil
			delete(m.outages, o)
		}
	}
	spread := time.Duration(len(taken)) * (time.Second / takenRate)
	for _, e := range taken {
		m.plan(e, now.Add(phase(e.id, min(spread, m.interval(e)))))
		if s := m.o.Statuses.Get(e.id); s.Outage != "" {
			m.reopen(e, s, now)
		}
	}
	if len(taken)+left > 0 {
		m.o.Log.Info("Channels have moved between gateways", "taken", len(taken), "left", left, "probed", len(m.entries))
	}
	m.signal()
}

// Probed is how many channels this gateway probes.
func (m *Monitor) Probed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// Late is by how much the probe that is most overdue is.
func (m *Monitor) Late() (late time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, lanes := range m.lanes {
		for _, l := range lanes {
			if len(l) > 0 {
				late = max(late, now.Sub(l[0].due))
			}
		}
	}
	return late
}
