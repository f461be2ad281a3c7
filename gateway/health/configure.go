package health

import (
	"time"

	"sharpeyes/config"
)

// Configure takes over another configuration. Channels keep their due times, unless an interval became
// so much shorter that they come too late for it; these find new places in it.
func (m *Monitor) Configure(c config.Health) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, deep := time.Now(), m.o.Config.DeepInterval
	m.o.Config = c
	m.configure(c)
	for _, e := range m.entries {
		every := m.interval(e)
		soon := now.Add(phase(e.id, every))
		if m.epoch.Add(e.turn).After(now.Add(every)) {
			e.turn = m.since(soon)
			if e.place >= 0 && e.due.After(soon) {
				m.extra(e, soon)
			}
		}
		switch {
		case c.DeepInterval <= 0:
			m.unplanLook(e)
		case deep <= 0, e.look >= 0 && e.held == 0 && e.lookDue > m.since(now)+c.DeepInterval:
			m.planLook(e, m.since(now)+phase(e.id, c.DeepInterval))
		}
	}
	m.signal()
}
