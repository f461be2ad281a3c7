package live

import "slices"

const (
	second = int64(1e9) // ns
	// wild is the most that a sample can come after the one before, and back the most that it can
	// come before it, since pictures aren't decoded in the order in which they are shown; in seconds.
	// Beyond, the camera changed its mind about the time.
	wild, back = 30, 1
	// deepest is how many pictures may be decoded before one that is shown before them, at most
	// (ITU-T H.264, A.3.1; H.265, A.4.2).
	deepest = 16
)

// scale converts a time from one number of ticks a second to another.
func scale(t, from, to int64) int64 { return t/from*to + t%from*to/from }

// counter makes times that don't wrap of RTP timestamps, in ticks since the first.
type counter struct {
	rate    int64 // ticks a second
	started bool
	last    uint32
	now     int64
}

// count is the time of a timestamp. What is too far from the last one counts as right after it.
func (c *counter) count(ts uint32) int64 {
	if d := int64(int32(ts - c.last)); c.started && d <= wild*c.rate && d >= -back*c.rate {
		c.now += d
	}
	c.started, c.last = true, ts
	return c.now
}

// pace is how long samples last, lately.
type pace struct {
	rate    int64 // ticks a second
	started bool
	last    int64
	usual   int64 // ticks
}

func newPace(rate int64) pace { return pace{rate: rate, usual: rate / 25} }

// at takes the time of a further sample.
func (p *pace) at(t int64) {
	if d := t - p.last; p.started && d > 0 {
		p.usual += (min(d, p.rate) - p.usual) / 4
	}
	p.started, p.last = true, t
}

// layout lays samples end to end.
type layout struct {
	started bool
	next    int64 // where the next sample begins, ticks
}

// early is by how much a sample whose time is t would begin before it; negative: after it.
func (l *layout) early(t int64) int64 {
	if !l.started {
		l.started, l.next = true, max(t, 0)
	}
	return t - l.next
}

// place puts a sample at the end.
func (l *layout) place(duration int64) (at int64) {
	at = l.next
	l.next += duration
	return at
}

// reorder gives decoding times to pictures that come in another order than they are shown in: a
// picture is decoded when the earliest one is shown that may still be waiting for it. How many may
// wait is what the stream says, or what it was seen to need.
type reorder struct {
	depth   int
	started bool
	last    int64   // time of showing
	waiting []int64 // depth times of showing, sorted
}

// decode is the time of decoding of the next picture, which is shown at pts.
func (r *reorder) decode(pts, usual int64) int64 {
	if r.depth == 0 && r.started && pts < r.last {
		r.depth = 1
	}
	r.started, r.last = true, pts
	if r.depth == 0 {
		return pts
	}
	for len(r.waiting) < r.depth { // as if there had been pictures before
		first := pts
		if len(r.waiting) > 0 {
			first = min(first, r.waiting[0])
		}
		r.waiting = slices.Insert(r.waiting, 0, first-usual)
	}
	i, _ := slices.BinarySearch(r.waiting, pts)
	r.waiting = slices.Insert(r.waiting, i, pts)
	if i == 0 && r.depth < deepest {
		r.depth++
		return pts
	}
	dts := r.waiting[0]
	r.waiting = slices.Delete(r.waiting, 0, 1)
	return dts
}
