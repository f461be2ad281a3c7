package health

import (
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// restore ends the outages whose channels are back, most of them. Those that are not are given some time
// to be probed before they are told of.
func (m *Monitor) restore(now time.Time) {
	longest := slices.Max(m.intervals[:])
	for o := range m.outages {
		limit := restoredAt * m.o.Config.SiteOutage.Ratio * float64(o.peak)
		if float64(o.out) > limit {
			o.full = true
			continue
		}
		if t := &o.at.tally; !o.full && (now.Sub(o.opened) < m.confirming() || t.round == m.round && float64(o.out+t.fails-t.down) > limit) {
			continue // its channels are still being confirmed
		}
		o.at.outage = nil
		delete(m.outages, o)
		var ids []string
		o.at.walk(func(e *entry) bool {
			if e.out == nil || e.out == o {
				m.unmark(e)
			}
			if e.out != o {
				return true
			}
			ids = append(ids, e.id)
			e.out = nil
			m.waiting[e] = wait{until: now.Add(longest + m.confirming()), patient: true, left: o}
			return true
		})
		m.hurry(o.at, hurried, now)
		m.announceSite(event.SiteRestored, o, ids, now)
	}
}

// release tells what waited long enough, or needs to wait no longer.
func (m *Monitor) release(now time.Time) {
	left := map[*outage][]*entry{}
	for e, w := range m.waiting {
		switch o := e.covering(); {
		case o != nil:
			m.fold(e, o)
			m.markOne(e.id, o.key())
		case !now.Before(w.until) && w.left != nil:
			left[w.left] = append(left[w.left], e)
		case !now.Before(w.until), !w.patient && !m.suspicious(e, m.failing[e].since, now):
			m.tellWaiting(e, now)
		}
	}
	for o, all := range left {
		m.refold(o.at, o, all, now)
	}
}

func (m *Monitor) tellWaiting(e *entry, now time.Time) {
	delete(m.waiting, e)
	channels := m.o.Snapshot()
	ch, ok := channels.Get(e.id)
	if !ok {
		return
	}
	if _, maintained := channels.InMaintenance(ch, now); maintained {
		return // told when the window is over
	}
	m.tellNow(ch, m.o.Statuses.Get(e.id), now)
}

// refold tells of the channels of a restored outage that did not come back: of a site within that is
// still out as such, of the others one by one.
func (m *Monitor) refold(a *area, was *outage, left []*entry, now time.Time) {
	c := m.o.Config.SiteOutage
	for _, child := range a.children {
		var in []*entry
		left = slices.DeleteFunc(left, func(e *entry) bool {
			inside := within(e.site, child)
			if inside {
				in = append(in, e)
			}
			return inside
		})
		if len(in) < c.Min || float64(len(in)) < c.Ratio*float64(child.total) {
			m.refold(child, was, in, now)
			continue
		}
		o := &outage{at: child, since: was.since, opened: now, full: true}
		ids := make([]string, 0, len(in))
		for _, e := range in {
			m.fold(e, o)
			ids = append(ids, e.id)
		}
		m.open(o)
		m.mark(o)
		m.announceSite(event.SiteOutage, o, ids, now)
	}
	for _, e := range left {
		m.tellWaiting(e, now)
	}
}

// reopen takes up the outage that a channel was part of when the gateway stopped. Nothing is told.
func (m *Monitor) reopen(e *entry, s registry.Status, now time.Time) {
	a := m.sites[s.Outage]
	if name, ok := strings.CutPrefix(s.Outage, recorderKey); ok {
		a = e.recorder
		if a != nil && a.name != name {
			a = nil
		}
	}
	if a == nil || !a.recorder && !within(e.site, a) {
		m.unmark(e)
		return
	}
	o := e.covering()
	if o == nil || within(o.at, a) && o.at != a {
		o = &outage{at: a, since: now, opened: now}
		m.open(o)
	}
	if s.State != event.Offline { // it was being confirmed
		return
	}
	o.full = true
	if s.Since.Before(o.since) {
		o.since = s.Since
	}
	e.out = o
	o.out++
	o.peak = max(o.peak, o.out)
}
