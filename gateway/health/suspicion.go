package health

import (
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

const (
	// neighbours is how many channels near one that began to fail are probed at once, so that it is
	// soon known whether it is alone.
	neighbours = 3
	// quietFor is how long ago a channel must have been seen for it to be probed out of turn.
	quietFor = 2 * time.Second
	// hurryEvery is the least time between two hurries of one area.
	hurryEvery = time.Second
	// small areas are suspected for a third of what was seen there, large ones for a half.
	small          = 100
	thirdSuspected = 0.3
	halfSuspected  = 0.5
)

// failure is a channel that fails, or has lately been found offline.
type failure struct {
	since time.Time // first seen
	seen  int       // times in a row
	down  bool      // it is believed
}

// setDoubt sets or clears the doubt of a channel, and keeps the list of those that fail.
func (m *Monitor) setDoubt(e *entry, d *doubt, now time.Time) {
	e.doubt = d
	m.relane(e)
	f, failing := m.failing[e]
	if d == nil || d.state != event.Offline {
		if failing && !f.down {
			delete(m.failing, e)
		}
		return
	}
	if s := m.known(e).State; s == event.Offline || s == event.Disabled || e.flap != nil && e.flap.on {
		return
	}
	if failing {
		f.since, f.seen = d.since, d.seen
		m.failing[e] = f
		return
	}
	m.beginsToFail(e, failure{since: d.since, seen: d.seen}, now)
}

// beginsToFail notes that a channel failed that was well, and has its neighbours probed.
func (m *Monitor) beginsToFail(e *entry, f failure, now time.Time) {
	channels := m.o.Snapshot()
	ch, ok := channels.Get(e.id)
	if !ok {
		return
	}
	if _, maintained := channels.InMaintenance(ch, now); maintained {
		return
	}
	m.failing[e] = f
	second := int64(m.since(now) / time.Second)
	for a := e.site; a != nil; a = a.parent {
		a.seen.advance(second)
		a.seen.bad[second%ringLen]++
	}
	near := e.site
	if e.recorder != nil {
		near = e.recorder
	}
	m.hurry(near, neighbours, now)
	m.checkSoon()
}

// suspicious reports whether the channel, which fails since then, may do so because of more than itself:
// its recorder has lost all its channels, or at least two others of a site, and many of those that were
// seen there meanwhile, failed too.
func (m *Monitor) suspicious(e *entry, since, now time.Time) bool {
	if m.network.isolated {
		return true
	}
	if e.recorder != nil && m.allFail(e.recorder, e) {
		return true
	}
	from := int64(m.since(since) / time.Second)
	window := int64(m.o.Config.SiteOutage.Window / time.Second)
	for a := e.site; a != nil; a = a.parent {
		bad, good := a.seen.since(max(from-window, 0), &a.seen.bad), a.seen.since(from+1, &a.seen.good)
		part := halfSuspected
		if a.total < small {
			part = thirdSuspected
		}
		if bad >= 3 && float64(bad) >= part*float64(bad+good) && a.total >= m.o.Config.SiteOutage.Min {
			return true
		}
	}
	return false
}

// allFail reports whether all other channels of a recorder are offline or fail, at least one of them now.
func (m *Monitor) allFail(a *area, but *entry) (now bool) {
	for _, other := range a.members {
		if other == but {
			continue
		}
		_, failing := m.failing[other]
		if !failing && !other.down {
			return false
		}
		now = now || failing
	}
	return now
}

// hurry has up to n channels of an area probed that were not seen lately.
func (m *Monitor) hurry(a *area, n int, now time.Time) {
	if now.Sub(a.hurried) < hurryEvery {
		return
	}
	a.hurried = now
	m.hurrySome(a, n, now)
}

// hurrySome spreads over the sites within, and reports how many it hurried.
func (m *Monitor) hurrySome(a *area, n int, now time.Time) (done int) {
	at := m.since(now)
	for _, e := range a.members {
		if done == n {
			return done
		}
		if e.flying || e.parked || e.doubt != nil || e.place < 0 || !e.due.After(now) || e.seen > 0 && at-e.seen < quietFor {
			continue
		}
		m.extra(e, now)
		m.nudge(e)
		m.metrics.hurried.Inc()
		done++
	}
	for i, c := range a.children {
		if left := len(a.children) - i; done < n {
			done += m.hurrySome(c, max((n-done+left-1)/left, 1), now)
		}
	}
	return done
}

// confirming is how long it may take from when a failure is first seen until it is believed.
func (m *Monitor) confirming() time.Duration {
	c := m.o.Config
	return time.Duration(c.Confirm) * (c.ConfirmGap + c.Timeout)
}

// wait is what the event of a channel that is offline waits for.
type wait struct {
	until   time.Time
	patient bool    // nothing ends it sooner
	left    *outage // that it didn't come back from; nil: it is suspected of being part of one
}

// wait holds back the event of a channel, to be folded into that of an outage, for at most the window.
func (m *Monitor) wait(e *entry, now time.Time) {
	m.waiting[e] = wait{until: now.Add(m.o.Config.SiteOutage.Window)}
	f, ok := m.failing[e]
	if !ok { // found in maintenance, or before a restart
		f = failure{since: now, seen: m.o.Config.Confirm}
	}
	f.down = true
	m.failing[e] = f
	m.checkSoon()
}

// backUp takes a channel that is not offline out of whatever it was part of.
func (m *Monitor) backUp(e *entry) {
	delete(m.waiting, e)
	delete(m.failing, e)
	if e.out != nil {
		e.out.out--
		e.out = nil
	}
}

// forgetFailures forgets those that failed long ago.
func (m *Monitor) forgetFailures(now time.Time) {
	horizon := now.Add(-m.o.Config.SiteOutage.Window - m.confirming())
	for e, f := range m.failing {
		if _, waits := m.waiting[e]; f.down && !waits && f.since.Before(horizon) {
			delete(m.failing, e)
		}
	}
}

// windowsOpen reports whether there is any maintenance now.
func windowsOpen(s *registry.Snapshot, now time.Time) bool {
	for _, w := range s.Maintenances() {
		if w.Covers(now) {
			return true
		}
	}
	return false
}
