package health

import (
	"slices"
	"time"

	"sharpeyes/registry/event"
)

const (
	checkEvery = 250 * time.Millisecond
	// sampled areas are so large that they are judged by what was seen of them so far.
	sampled    = 200
	leastFails = 50 // of such a sample, where so many can be seen at once
	// refuted is how much must be seen of an area to say that it is not out as a whole.
	refuted = 30
	// hurried is how many channels of a suspected area are probed at once.
	hurried = 1000
	// restoredAt is the part of the ratio below which an outage is over.
	restoredAt = 0.5
)

// outage is an area that is out.
type outage struct {
	at     *area
	since  time.Time // when the first of its channels failed
	opened time.Time
	out    int  // channels that are offline and part of it
	peak   int  // the most that were, or were seen to fail
	full   bool // they were confirmed
}

// recorderKey begins the key of a recorder's outage. No site is called so.
const recorderKey = "device:"

// key is what statuses name the outage by.
func (o *outage) key() string {
	if o.at.recorder {
		return recorderKey + o.at.name
	}
	return o.at.name
}

// declare opens the outage of an area, in place of those within it, and tells it.
func (m *Monitor) declare(a *area, now time.Time) {
	t := &a.tally
	o := &outage{at: a, since: t.first, opened: now, peak: t.fails}
	var ids []string
	slow := false
	a.walk(func(e *entry) bool {
		f, failing := m.failing[e]
		if failing && t.newest.Sub(f.since) > m.o.Config.SiteOutage.Window {
			failing = false
		}
		if failing && (f.down || f.seen >= 2) || e.out != nil {
			ids = append(ids, e.id)
		}
		if e.down && (failing || e.out != nil) {
			m.fold(e, o)
		}
		slow = slow || failing && e.slow
		return true
	})
	m.open(o)
	m.mark(o)
	for _, id := range ids { // those who are still being confirmed too
		m.markOne(id, o.key())
	}
	if slow { // the others would take as long, and hold up the probes of those who are well
		a.walk(func(e *entry) bool {
			e.slow = true
			m.relane(e)
			return true
		})
	}
	m.hurry(a, hurried, now)
	m.announceSite(event.SiteOutage, o, ids, now)
}

// open takes an outage up in place of those within its area.
func (m *Monitor) open(o *outage) {
	for other := range m.outages {
		if within(other.at, o.at) {
			if other.since.Before(o.since) {
				o.since = other.since
			}
			other.at.outage = nil
			delete(m.outages, other)
			other.at.walk(func(e *entry) bool {
				if e.out == other {
					e.out = o
					o.out++
				}
				return true
			})
		}
	}
	o.peak = max(o.peak, o.out)
	o.at.outage = o
	m.outages[o] = struct{}{}
}

// within reports whether all channels of the one area are in the other.
func within(a, b *area) bool {
	if a.recorder {
		if b.recorder {
			return a == b
		}
		return !slices.ContainsFunc(a.members, func(e *entry) bool { return !within(e.site, b) })
	}
	for ; a != nil; a = a.parent {
		if a == b {
			return true
		}
	}
	return false
}

// fold makes a channel that is offline part of an outage.
func (m *Monitor) fold(e *entry, o *outage) {
	if _, waits := m.waiting[e]; waits || e.out == nil {
		m.metrics.folded.Inc()
	}
	delete(m.waiting, e)
	if e.out == o {
		return
	}
	if e.out != nil {
		e.out.out--
	}
	e.out = o
	o.out++
	o.peak = max(o.peak, o.out)
}

// mark names the outage in the statuses of its channels, so that a restart finds it.
func (m *Monitor) mark(o *outage) {
	key := o.key()
	o.at.walk(func(e *entry) bool {
		if e.out == o {
			m.markOne(e.id, key)
		}
		return true
	})
}

func (m *Monitor) markOne(id, key string) {
	if s := m.o.Statuses.Get(id); s.Outage != key {
		s.Outage = key
		m.store(id, s)
	}
}

// unmark takes the outage out of the status of a channel that is no longer part of it.
func (m *Monitor) unmark(e *entry) { m.markOne(e.id, "") }

// announceSite tells of an outage, or of its end.
func (m *Monitor) announceSite(t event.Type, o *outage, ids []string, now time.Time) {
	slices.Sort(ids)
	site := event.Site{Site: o.at.name, Offline: len(ids), Total: o.at.total, Since: o.since.UTC(), Channels: ids[:min(len(ids), event.MostNamed)]}
	if site.Channels == nil {
		site.Channels = []string{}
	}
	if maintained := windowsOpen(m.o.Snapshot(), now); maintained {
		site.Total = m.base(o.at, true, now) + o.at.offline - o.at.tally.down
	}
	if o.at.recorder {
		site.Device, site.Site = o.at.name, m.commonSite(o.at)
	}
	m.o.Publisher.Publish(event.New(m.o.Node, t, now, site))
}

// commonSite is the path of the site that all channels of a recorder lie in, empty for none.
func (m *Monitor) commonSite(a *area) string {
	if len(a.members) == 0 {
		return ""
	}
	for s := a.members[0].site; s != nil; s = s.parent {
		if within(a, s) {
			return s.name
		}
	}
	return ""
}
