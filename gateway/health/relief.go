package health

import (
	"slices"
	"time"
)

const (
	// hangsAfter is when a probe that has no answer is one that may have none.
	hangsAfter = 500 * time.Millisecond
	// leastHang is how many of a site must, and more than were seen to be well there lately.
	leastHang = 16
)

// relieve keeps a site that went dark from taking all probes: when half of them are under way, the sites
// are found where most hang. All channels of these are slow from now on, and of their probes under way
// those are given up that are too many.
func (m *Monitor) relieve(now time.Time) {
	if m.inFlight < max(m.most/2, leastHang) || now.Sub(m.relieved) < checkEvery {
		return
	}
	m.relieved = now
	hang := map[*area]int{}
	first := m.since(now)
	for f := range m.flights {
		if now.Sub(f.began) >= hangsAfter && !f.e.slow && !f.e.gone {
			first = min(first, m.since(f.began))
			for a := f.e.site; a != nil; a = a.parent {
				hang[a]++
			}
		}
	}
	dark := map[*area]bool{}
	for a, n := range hang {
		dark[a] = n >= leastHang && !a.answers(first, n)
	}
	for a, is := range dark {
		if is && (a.parent == nil || !dark[a.parent]) {
			a.walk(func(e *entry) bool {
				if !e.slow {
					e.slow = true
					m.relane(e)
				}
				return true
			})
		}
	}
	var slow []*flight
	for f := range m.flights {
		if e := f.e; e.slow && e.flying && !e.waited && f.first {
			e.waited = true
			m.slow++
		}
		if f.e.slow && now.Sub(f.began) >= hangsAfter {
			slow = append(slow, f)
		}
	}
	if many := len(slow) - m.mostSlow; many > 0 {
		slices.SortFunc(slow, func(a, b *flight) int { return b.began.Compare(a.began) })
		for _, f := range slow[:many] { // the youngest
			f.cancel()
		}
	}
}

// answers reports whether at least n channels of the area answered after a time.
func (a *area) answers(after time.Duration, n int) bool {
	a.walk(func(e *entry) bool {
		if e.well > after {
			n--
		}
		return n > 0
	})
	return n <= 0
}
