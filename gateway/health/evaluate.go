package health

import (
	"slices"
	"strings"
	"time"
)

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
		if a.covered() || !m.whole(a) || !m.holds(a, maintained, now) {
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
		if t.round != m.round || !m.whole(up) { // none of its channels fails any more, or some are another gateway's
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
