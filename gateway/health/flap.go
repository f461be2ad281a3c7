package health

import (
	"fmt"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// flap is the latest changes of a channel. One that changed more often than is allowed within some
// time is degraded and flaps, whatever its state is, until there was none such for as long: one event
// when it begins and one when it ends.
type flap struct {
	changes []time.Time
	on      bool
	// Of one that flaps:
	latest registry.Status
	hot    time.Time // when the changes of that time were last too many
}

// flaps takes a change that was confirmed, and reports whether that the channel flaps is all that there
// is to say of it. A change in maintenance doesn't count, nor one that is part of an outage.
func (m *Monitor) flaps(e *entry, ch registry.Channel, old, s registry.Status, at, now time.Time) bool {
	most, within := m.o.Config.Flapping.Changes, m.o.Config.Flapping.Within
	on := e.flap != nil && e.flap.on
	if most == 0 && !on {
		return false
	}
	_, maintained := m.o.Snapshot().InMaintenance(ch, now)
	known := old.State == event.Online || old.State == event.Degraded || old.State == event.Offline
	if known && old.State != s.State && !maintained && e.covering() == nil && (on || old.Told == "") {
		if e.flap == nil {
			e.flap = new(flap)
		}
		f := e.flap
		f.changes = append(f.changes, now)
		for len(f.changes) > most+1 || now.Sub(f.changes[0]) >= within {
			f.changes = f.changes[1:]
		}
		if len(f.changes) > most {
			f.hot = f.changes[0].Add(within)
		}
	}
	switch {
	case on:
		e.flap.latest = s
		m.setDoubt(e, nil, now)
		return true
	case e.flap == nil || len(e.flap.changes) <= most || most == 0:
		return false
	}
	e.flap.on, e.flap.latest = true, s
	m.flapping[e] = struct{}{}
	m.setDoubt(e, nil, now)
	m.keep(e, ch, registry.Status{
		State: event.Degraded, Reason: event.Flapping, Since: now.UTC(),
		Detail: fmt.Sprintf("its state changed more than %d times within %v", most, within),
	}, now, now)
	return true
}

// calm ends the flapping of those that have been steady for long enough.
func (m *Monitor) calm(now time.Time) {
	for e := range m.flapping {
		f := e.flap
		if now.Sub(f.hot) < m.o.Config.Flapping.Within || f.latest.State == event.Unknown {
			continue // a gateway that started has not yet seen what it is
		}
		delete(m.flapping, e)
		e.flap = nil
		if ch, ok := m.o.Snapshot().Get(e.id); ok && ch.Enabled {
			m.keep(e, ch, f.latest, now, now)
		}
	}
}
