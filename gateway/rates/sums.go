package rates

// tally is time in each of the counted states, in ms: online, degraded, offline, unknown.
type tally [4]int64

func (t *tally) add(r *row) {
	for i, n := range r {
		t[i] += int64(n)
	}
}

func (t *tally) merge(o *tally) {
	for i, n := range o {
		t[i] += n
	}
}

func (t *tally) all() int64 { return t[0] + t[1] + t[2] + t[3] }

// row is a tally of one channel in one day.
type row [4]uint32

// scope is what counts of a day: known is all but maintenance and the times when nobody looked, lost
// is those times less maintenance. Both lie in the day, from its beginning.
type scope struct{ known, lost spans }

// scopeOf is the part lo..hi of a day less the cuts; in the gaps nothing is known.
func scopeOf(lo, hi int64, gaps, cuts spans) *scope {
	all := spans{{lo, hi}}.without(cuts)
	known := all.without(gaps)
	return &scope{known: known, lost: all.without(known)}
}

// count adds up one channel's day.
func (s *scope) count(first code, changes []change) (r row) {
	state, from := first, int64(0)
	for i := range changes {
		s.stretch(&r, state, from, int64(changes[i].at))
		state, from = changes[i].state, int64(changes[i].at)
	}
	s.stretch(&r, state, from, dayLength)
	return r
}

// stretch adds a time in one state.
func (s *scope) stretch(r *row, state code, from, until int64) {
	if state == absent || state == disabled || from >= until {
		return
	}
	if len(s.known) == 1 && len(s.lost) == 0 { // nearly always
		if a, b := max(s.known[0].from, from), min(s.known[0].until, until); a < b {
			r[state-online] += uint32(b - a)
		}
		return
	}
	r[state-online] += uint32(s.known.within(from, until))
	r[unknown-online] += uint32(s.lost.within(from, until))
}

// daySums are the rows of all channels in one day, by their index. Most channels are in one state all
// day, and need a byte.
type daySums struct {
	print uint64 // of the maintenance that is cut out
	kinds []code // a state all day long, absent for nothing to count, or mixed
	rows  []row  // of those that are mixed, in their order
}

const mixed = codes

// pack makes sums of the rows of all channels.
func pack(print uint64, all []row) *daySums {
	some := 0
	for i := range all {
		if kindOf(&all[i]) == mixed {
			some++
		}
	}
	d := &daySums{print: print, kinds: make([]code, len(all)), rows: make([]row, 0, some)}
	for i := range all {
		d.kinds[i] = kindOf(&all[i])
		if d.kinds[i] == mixed {
			d.rows = append(d.rows, all[i])
		}
	}
	return d
}

func kindOf(r *row) code {
	switch {
	case *r == row{}:
		return absent
	case r[0] == dayLength:
		return online
	case r[1] == dayLength:
		return degraded
	case r[2] == dayLength:
		return offline
	case r[3] == dayLength:
		return unknown
	}
	return mixed
}

// addTo adds the day to the tallies of the groups that the channels are in; those below zero are in none.
func (d *daySums) addTo(tallies []tally, group []int32) {
	next := 0
	for channel, kind := range d.kinds {
		g := int32(-1)
		if channel < len(group) {
			g = group[channel]
		}
		switch {
		case kind == mixed:
			if g >= 0 {
				tallies[g].add(&d.rows[next])
			}
			next++
		case g >= 0 && kind != absent:
			tallies[g][kind-online] += dayLength
		}
	}
}

// size is about how many bytes it takes.
func (d *daySums) size() int { return cap(d.kinds) + 16*cap(d.rows) }
