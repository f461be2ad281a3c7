package health

import (
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
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

// tally is what an evaluation counts in an area.
type tally struct {
	round  int
	newest time.Time // when the last of those that fail was first seen
	first  time.Time // the first of those within a window of it
	fails  int       // within that window
	sure   int       // of them, seen to fail twice
	down   int       // of all that fail, those that are believed
}

// active reports whether check has anything to do.
func (m *Monitor) active() bool {
	return len(m.waiting) > 0 || len(m.failing) >= m.o.Config.SiteOutage.Min || len(m.outages) > 0 || len(m.flapping) > 0
}

// checkSoon wakes the scheduler when it would sleep over the next check.
func (m *Monitor) checkSoon() {
	if m.active() && m.wakesAt.After(m.checkAt) {
		m.signal()
	}
}

// check looks for outages and for their ends, from time to time. It returns when it wants to be called
// again.
func (m *Monitor) check(now time.Time) time.Duration {
	if now.Before(m.checkAt) {
		if !m.active() {
			return asleep
		}
		return m.checkAt.Sub(now)
	}
	m.checkAt = now.Add(checkEvery)
	if !m.network.isolated {
		m.evaluate(now)
		m.release(now)
		m.restore(now)
		m.calm(now)
	}
	m.forgetFailures(now)
	if !m.active() {
		return asleep
	}
	return checkEvery
}

// evaluate declares the outages that there are.
func (m *Monitor) evaluate(now time.Time) {
	touched := m.count(now)
	// From the top, sites before recorders: the highest level that holds is the one that is out.
	slices.SortFunc(touched, func(a, b *area) int {
		switch {
		case a.recorder != b.recorder && a.recorder:
			return 1
		case a.recorder != b.recorder:
			return -1
		case a.depth != b.depth:
			return a.depth - b.depth
		}
		return strings.Compare(a.name, b.name)
	})
	maintained := windowsOpen(m.o.Snapshot(), now)
	for _, a := range touched {
		if a.covered() || !m.holds(a, maintained, now) {
			continue
		}
		if now.Before(a.tally.first.Add(m.o.Config.SiteOutage.Window)) {
			if above := m.undecided(a, maintained, now); above != nil {
				m.hurry(above, refuted*2, now)
				m.hurry(a, hurried, now)
				continue
			}
		}
		m.declare(a, now)
	}
	for _, a := range touched {
		t := &a.tally
		if t.fails >= 3 && !a.covered() && float64(t.fails) >= thirdSuspected*float64(t.fails+m.goodSince(a)) {
			m.hurry(a, hurried, now)
		}
	}
}

// count fills the tallies of the areas where channels fail.
func (m *Monitor) count(now time.Time) (touched []*area) {
	m.round++
	for e, f := range m.failing {
		for a := range e.areas() {
			t := &a.tally
			if t.round != m.round {
				*t = tally{round: m.round}
				touched = append(touched, a)
			}
			if f.since.After(t.newest) {
				t.newest = f.since
			}
			if f.down {
				t.down++
			}
		}
	}
	window := m.o.Config.SiteOutage.Window
	for e, f := range m.failing {
		for a := range e.areas() {
			t := &a.tally
			if t.newest.Sub(f.since) > window {
				continue
			}
			if t.fails == 0 || f.since.Before(t.first) {
				t.first = f.since
			}
			t.fails++
			if f.down || f.seen >= 2 {
				t.sure++
			}
		}
	}
	return touched
}

// base is how many channels of an area could have failed: not those that were offline before, nor those
// in maintenance.
func (m *Monitor) base(a *area, maintained bool, now time.Time) int {
	n := a.total - (a.offline - a.tally.down)
	if !maintained {
		return n
	}
	channels := m.o.Snapshot()
	a.walk(func(e *entry) bool {
		if _, failing := m.failing[e]; failing || e.down {
			return true
		}
		if ch, ok := channels.Get(e.id); ok {
			if _, in := channels.InMaintenance(ch, now); in {
				n--
			}
		}
		return true
	})
	return n
}

// goodSince is how often channels of the area were well since it began to fail.
func (m *Monitor) goodSince(a *area) int {
	if a.recorder {
		return 0
	}
	return a.seen.since(int64(m.since(a.tally.first)/time.Second)+1, &a.seen.good)
}

// holds reports whether an area is out: enough of its channels were seen to fail twice, or, of a large
// area, enough of what was seen of it since.
func (m *Monitor) holds(a *area, maintained bool, now time.Time) bool {
	t, c := &a.tally, m.o.Config.SiteOutage
	if a.recorder {
		return t.sure >= 2 && a.total == t.sure+a.offline-t.down
	}
	if t.sure < c.Min {
		return false
	}
	base := m.base(a, maintained, now)
	if float64(t.sure) >= c.Ratio*float64(base) {
		return true
	}
	return base >= sampled && t.fails >= max(min(leastFails, m.mostSlow/2), 2*c.Min) &&
		float64(t.fails) >= (1+c.Ratio)/2*float64(t.fails+m.goodSince(a))
}

// undecided is a site above that may turn out to be out as well, nil when none may.
func (m *Monitor) undecided(a *area, maintained bool, now time.Time) *area {
	up := a.parent
	if a.recorder {
		up = a.members[0].site
	}
	c := m.o.Config.SiteOutage
	for ; up != nil; up = up.parent {
		t := &up.tally
		if t.round != m.round { // none of its channels fails any more
			continue
		}
		base, good := m.base(up, maintained, now), m.goodSince(up)
		switch {
		case base < c.Min, float64(good) > (1-c.Ratio)*float64(base),
			t.fails+good >= refuted && float64(t.fails) < c.Ratio*float64(t.fails+good):
		default:
			return up
		}
	}
	return nil
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
