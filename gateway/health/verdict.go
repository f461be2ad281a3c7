package health

import (
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// How long a verdict stands that only a pull could reach. A camera that refuses the password isn't
// tried again for as long; one that sent nothing may be well again without anybody's doing.
const (
	holdRefused = 30 * time.Minute
	holdOther   = 5 * time.Minute
)

// doubt is a change that was seen and isn't confirmed.
type doubt struct {
	state  event.State
	reason event.Reason
	detail string
	since  time.Time // when it was first seen
	seen   int       // times in a row
}

// weigh takes what a probe saw.
//
// Two observations agree on a change of state when they agree on the state; the last one's reason is
// taken. Within a state they must agree on the reason too.
func (m *Monitor) weigh(e *entry, r probe.Result, now time.Time) {
	if r.State == event.Unknown || r.State == "" { // says nothing of the camera
		return
	}
	m.unmute(e.id, now)
	fresh := e.fresh
	e.fresh = false
	old := m.o.Statuses.Get(e.id)
	if r.State != event.Offline && m.isHeld(e, now) && old.State != event.Online {
		// It is there; what the pull found wrong with it, a probe can't see.
		e.doubt = nil
		return
	}
	if r.State == old.State && r.Reason == old.Reason {
		e.doubt = nil
		return
	}
	d := e.doubt
	if d == nil || d.state != r.State || r.State == old.State && d.reason != r.Reason {
		d = &doubt{state: r.State, since: now}
		e.doubt = d
	}
	d.reason, d.detail = r.Reason, r.Detail
	d.seen++
	// Good news of a channel of which nothing is known need no second look.
	atOnce := r.State == event.Online && (fresh || old.State == event.Unknown || old.State == event.Disabled)
	if atOnce || d.seen >= m.o.Config.Confirm {
		e.held = 0
		m.believe(e, now)
	}
}

// believe makes a doubt the status of the channel.
func (m *Monitor) believe(e *entry, now time.Time) {
	d := e.doubt
	e.doubt = nil
	ch, ok := m.o.Snapshot().Get(e.id)
	if !ok || !ch.Enabled { // Changed is about to be called
		return
	}
	old := m.o.Statuses.Get(e.id)
	s := registry.Status{State: d.state, Reason: d.reason, Detail: d.detail, Since: d.since.UTC()}
	if d.state == old.State && !old.Since.IsZero() {
		s.Since = old.Since // it is offline for as long as before, only for another reason
	}
	m.publish(ch, old.State, s, now)
}

// publish keeps, stores and tells a changed status. In maintenance it is not told: what happens then
// is expected, and what is left of it is told when the window is over.
func (m *Monitor) publish(ch registry.Channel, previous event.State, s registry.Status, now time.Time) {
	m.o.Statuses.Set(ch.ID, s)
	m.o.Publisher.PutStatus(ch.ID, s)
	_, maintained := m.o.Snapshot().InMaintenance(ch, now)
	m.record(Change{ID: ch.ID, From: previous, To: s.State, Reason: s.Reason, At: s.Since, Maintenance: maintained})
	if maintained {
		if _, ok := m.muted[ch.ID]; !ok {
			m.muted[ch.ID] = previous
		}
		return
	}
	delete(m.muted, ch.ID)
	m.tell(ch, previous, s, now)
}

// unmute tells what maintenance left of a channel, once the window is over.
func (m *Monitor) unmute(id string, now time.Time) {
	previous, ok := m.muted[id]
	if !ok {
		return
	}
	channels := m.o.Snapshot()
	ch, ok := channels.Get(id)
	if !ok {
		delete(m.muted, id)
		return
	}
	if _, ok := channels.InMaintenance(ch, now); ok {
		return
	}
	delete(m.muted, id)
	if s := m.o.Statuses.Get(id); s.State != previous {
		m.tell(ch, previous, s, now)
	}
}

func (m *Monitor) record(c Change) {
	if m.o.Record != nil {
		m.o.Record(c)
	}
}

func (m *Monitor) tell(ch registry.Channel, previous event.State, s registry.Status, now time.Time) {
	m.o.Publisher.Publish(event.New(m.o.Node, event.HealthChanged, now, event.Health{
		Channel:  ch.Event(),
		State:    s.State,
		Previous: previous,
		Reason:   s.Reason,
		Detail:   s.Detail,
		Since:    s.Since,
	}))
}

// isHeld reports whether the verdict of a pull still stands against probes.
func (m *Monitor) isHeld(e *entry, now time.Time) bool { return now.Sub(m.epoch) < e.held }

// hold makes the verdict of a pull stand against probes.
func (m *Monitor) hold(e *entry, r event.Reason, now time.Time) {
	e.held = now.Sub(m.epoch) + holdOther
	if r == event.Unauthorized || r == event.LockedOut {
		e.held += holdRefused - holdOther
	}
}

// probesSee reports whether a probe can find the reason, and so can also find it gone.
func probesSee(r event.Reason) bool {
	switch r {
	case "", event.ConnectRefused, event.ConnectTimeout, event.Unreachable, event.NoAnswer,
		event.BadAnswer, event.SessionFull, event.TLS:
		return true
	}
	return false
}
