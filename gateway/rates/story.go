package rates

import "sharpeyes/registry/event"

// stretch is a time in one state, in ms.
type stretch struct {
	span
	state       code
	reason      event.Reason
	maintenance bool
}

// stretches is what a day tells of a channel within from..until, in order.
func stretches(number int64, first point, changes []change, gaps spans, from, until int64, reason func(uint16) event.Reason) []stretch {
	begin := number * dayLength
	var all []stretch
	add := func(p point, lo, hi int64) {
		lo, hi = max(lo+begin, from), min(hi+begin, until)
		if lo >= hi || p.state == absent {
			return
		}
		whole := spans{{lo, hi}}
		dark := gaps.clip(lo-begin, hi-begin)
		for i := range dark {
			dark[i].from, dark[i].until = dark[i].from+lo, dark[i].until+lo
		}
		if p.state == disabled { // whether anybody looked or not
			dark = nil
		}
		seen := whole.without(dark)
		for len(seen)+len(dark) > 0 {
			if len(dark) == 0 || len(seen) > 0 && seen[0].from < dark[0].from {
				all = join(all, stretch{span: seen[0], state: p.state, reason: reason(p.reason)})
				seen = seen[1:]
			} else {
				all = join(all, stretch{span: dark[0], state: unknown})
				dark = dark[1:]
			}
		}
	}
	last, at := first, int64(0)
	for _, c := range changes {
		add(last, at, int64(c.at))
		last, at = c.point, int64(c.at)
	}
	add(last, at, dayLength)
	return all
}

// join adds a stretch, or makes the last one longer that it only goes on.
func join(all []stretch, s stretch) []stretch {
	if n := len(all); n > 0 {
		if l := &all[n-1]; l.until == s.from && l.state == s.state && l.reason == s.reason && l.maintenance == s.maintenance {
			l.until = s.until
			return all
		}
	}
	return append(all, s)
}

// split marks what lies in maintenance, and joins what goes on over midnight.
func split(story []stretch, cuts spans) []stretch {
	var all []stretch
	for _, s := range story {
		worked := cuts.clip(s.from, s.until)
		at := s.from
		for _, w := range worked {
			if a := w.from + s.from; at < a {
				all = join(all, stretch{span{at, a}, s.state, s.reason, false})
			}
			at = w.until + s.from
			all = join(all, stretch{span{w.from + s.from, at}, s.state, s.reason, true})
		}
		if at < s.until {
			all = join(all, stretch{span{at, s.until}, s.state, s.reason, false})
		}
	}
	return all
}
