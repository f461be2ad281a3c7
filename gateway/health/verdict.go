package health

import (
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// How long a verdict stands that only a pull, or a look at the stream, could reach. A camera that
// refuses the password isn't tried again for as long; one that sent nothing may be well again without
// anybody's doing.
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

// agree adds what was seen to a doubt, or begins another one.
//
// Two observations agree on a change of state when they agree on the state; the last one's reason is
// taken. Within a state they must agree on the reason too.
func agree(d *doubt, r probe.Result, old event.State, now time.Time) *doubt {
	if d == nil || d.state != r.State || r.State == old && d.reason != r.Reason {
		d = &doubt{state: r.State, since: now}
	}
	d.reason, d.detail = r.Reason, r.Detail
	d.seen++
	return d
}

// weigh takes what a probe saw.
func (m *Monitor) weigh(e *entry, r probe.Result, now time.Time) {
	if r.State == event.Unknown || r.State == "" { // says nothing of the camera
		return
	}
	if m.saw(e, r, now) {
		return
	}
	m.tellLeft(e, now)
	fresh := e.fresh
	e.fresh = false
	old := m.known(e)
	if r.State != event.Offline && m.isHeld(e, now) && old.State != event.Online {
		// It is there; what the pull found wrong with it, a probe can't see.
		m.setDoubt(e, nil, now)
		return
	}
	if r.State == old.State && r.Reason == old.Reason {
		m.setDoubt(e, nil, now)
		return
	}
	needed := m.o.Config.Confirm
	if r.State == event.Offline && old.State != event.Offline {
		needed = m.agreeing(e)
	}
	m.setDoubt(e, agree(e.doubt, r, old.State, now), now)
	// Good news of a channel of which nothing is known need no second look.
	atOnce := r.State == event.Online && (fresh || old.State == event.Unknown || old.State == event.Disabled)
	if atOnce || e.doubt.seen >= needed {
		e.held = 0
		m.believe(e, now)
	}
}

// known is what is believed of a channel; of one that flaps, its latest state.
func (m *Monitor) known(e *entry) registry.Status {
	if e.flap != nil && e.flap.on {
		return e.flap.latest
	}
	return m.o.Statuses.Get(e.id)
}

// believe makes a doubt the status of the channel.
func (m *Monitor) believe(e *entry, now time.Time) {
	d := e.doubt
	e.doubt = nil
	ch, ok := m.o.Snapshot().Get(e.id)
	if !ok || !ch.Enabled || !m.owns(ch) { // Changed or Rebalance is about to be called
		return
	}
	old := m.known(e)
	s := registry.Status{State: d.state, Reason: d.reason, Detail: d.detail, Since: d.since.UTC()}
	if d.state == old.State && !old.Since.IsZero() {
		s.Since = old.Since // it is offline for as long as before, only for another reason
	}
	if m.flaps(e, ch, old, s, d.since, now) {
		return
	}
	m.keep(e, ch, s, d.since, now)
}

// keep keeps, stores and records a changed status, and tells it, unless it happened in maintenance,
// or is part of an outage, or may be. e is nil for a disabled channel.
func (m *Monitor) keep(e *entry, ch registry.Channel, s registry.Status, at, now time.Time) {
	old := m.o.Statuses.Get(ch.ID)
	told := toldOf(old)
	_, maintained := m.o.Snapshot().InMaintenance(ch, now)
	tell := !maintained
	if e != nil {
		e.setDown(s.State == event.Offline)
		if s.State == event.Offline {
			tell = !maintained && m.keepDown(e, &s, told, at, now)
			if maintained && e.out != nil {
				s.Outage = e.out.key()
			}
		} else {
			m.backUp(e)
		}
	}
	if tell && s.State == told && old.Told != "" { // back to what everybody believes
		tell = false
		m.metrics.folded.Inc()
	}
	if !tell && s.State != told {
		s.Told = told
	}
	var news event.Event
	s.Event = old.Event
	if tell {
		news = m.news(ch, told, s, now)
		s.Event = news.ID
	}
	m.store(ch.ID, s)
	m.record(Change{ID: ch.ID, From: old.State, To: s.State, Reason: s.Reason, At: at, Maintenance: maintained})
	if tell {
		m.o.Publisher.Publish(news)
	}
}

// keepDown finds what becomes of the event of a channel that is offline: whether it is told at once.
func (m *Monitor) keepDown(e *entry, s *registry.Status, told event.State, at, now time.Time) bool {
	if f, ok := m.failing[e]; ok {
		f.down = true
		m.failing[e] = f
	}
	_, waits := m.waiting[e]
	switch o := e.covering(); {
	case o != nil:
		m.fold(e, o)
		s.Outage = o.key()
		return false
	case waits:
		return false
	case told == event.Offline, !m.suspicious(e, at, now):
		return true
	}
	m.wait(e, now)
	return false
}

// toldOf is the state that everybody believes a channel to be in.
func toldOf(s registry.Status) event.State {
	if s.Told != "" {
		return s.Told
	}
	return s.State
}

// store puts a status into the table and the store.
func (m *Monitor) store(id string, s registry.Status) {
	m.o.Statuses.Set(id, s)
	m.o.Publisher.PutStatus(id, s)
}

// tellLeft tells what maintenance left of a channel, once the window is over, and what a gateway that
// stopped had not yet told.
func (m *Monitor) tellLeft(e *entry, now time.Time) {
	s := m.o.Statuses.Get(e.id)
	if s.Told == "" || e.covering() != nil {
		return
	}
	if _, waits := m.waiting[e]; waits {
		return
	}
	channels := m.o.Snapshot()
	ch, ok := channels.Get(e.id)
	if !ok {
		return
	}
	if _, maintained := channels.InMaintenance(ch, now); maintained {
		return
	}
	if s.State == event.Offline {
		if _, ok := m.failing[e]; !ok {
			m.beginsToFail(e, failure{since: now, seen: m.o.Config.Confirm, down: true}, now)
		}
		if m.suspicious(e, now, now) {
			m.wait(e, now)
			return
		}
	}
	m.tellNow(ch, s, now)
}

// tellNow tells what was kept and not told.
func (m *Monitor) tellNow(ch registry.Channel, s registry.Status, now time.Time) {
	told := toldOf(s)
	s.Told, s.Outage = "", ""
	if told == s.State {
		m.store(ch.ID, s)
		return
	}
	news := m.news(ch, told, s, now)
	s.Event = news.ID
	m.store(ch.ID, s)
	m.o.Publisher.Publish(news)
}

func (m *Monitor) record(c Change) {
	if m.o.Record != nil {
		m.o.Record(c)
	}
}

// news is the event of a change. The status that is stored before it is published names it, so that
// late comers know which they have.
func (m *Monitor) news(ch registry.Channel, previous event.State, s registry.Status, now time.Time) event.Event {
	return event.New(m.o.Node, event.HealthChanged, now, event.Health{
		Channel:  ch.Event(),
		State:    s.State,
		Previous: previous,
		Reason:   s.Reason,
		Detail:   s.Detail,
		Since:    s.Since,
	})
}

// isHeld reports whether the verdict of a pull still stands against probes.
func (m *Monitor) isHeld(e *entry, now time.Time) bool { return m.since(now) < e.held }

// hold makes a verdict stand against probes. Where streams are looked at, the next look is when it may
// be over, and there is time for it.
func (m *Monitor) hold(e *entry, r event.Reason, now time.Time) {
	every, stands := m.o.Config.DeepInterval, holdOther
	switch {
	case r == event.Unauthorized, r == event.LockedOut:
		stands = holdRefused
	case every > 0:
		stands = min(stands, every)
	}
	e.held = m.since(now.Add(stands))
	if every > 0 {
		if e.suspect == nil {
			m.planLook(e, e.held)
		}
		e.held += every
	}
}

// probesSee reports whether a probe can find the reason, and so can also find it gone.
func probesSee(r event.Reason) bool {
	switch r {
	case "", event.ConnectRefused, event.ConnectTimeout, event.Unreachable, event.NoAnswer,
		event.BadAnswer, event.SessionFull, event.TLS, event.Flapping:
		return true
	}
	return false
}
