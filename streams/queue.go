package streams

import "time"

// gop is the units since the last keyframe, for whoever joins late. It is bounded: a camera whose
// keyframes are further apart than the bound gets no cache until the next one.
type gop struct {
	units []*Unit
	bytes int
	limit int
	full  bool
}

func (g *gop) add(u *Unit, video bool) {
	if !video { // without video there is nothing to wait for
		return
	}
	if u.Keyframe {
		g.units, g.bytes, g.full = g.units[:0:0], 0, false
	} else if len(g.units) == 0 || g.full {
		return
	}
	if g.bytes+u.Size() > g.limit {
		g.units, g.bytes, g.full = nil, 0, true
		return
	}
	g.units = append(g.units, u)
	g.bytes += u.Size()
}

// queue is what waits for one reader. When it is over its limit everything in it goes, and the
// reader goes on with the next keyframe: whole GOPs are lost, never a part of an access unit.
type queue struct {
	early    []early // pictures of the cache, before all others
	units    []*Unit
	bytes    int
	limit    int
	fresh    bool      // nothing but a keyframe may come first, and what comes before it is no loss
	skipping bool      // the reader could not keep up, and goes on with the next keyframe
	skipped  uint64    // units lost
	behind   time.Time // since when the reader has not kept up
	lost     time.Time // when it last lost something
}

const (
	// patience is how long a reader may go on losing before it is sent away.
	patience = 10 * time.Second
	// recovered is how long it must lose nothing to be trusted again.
	recovered = 30 * time.Second
)

// overflow drops all that waits.
func (q *queue) overflow(at time.Time) {
	q.skipped += uint64(q.len())
	if q.behind.IsZero() || at.Sub(q.lost) > recovered {
		q.behind = at
	}
	q.lost = at
	q.clear()
}

// hopeless reports whether the reader has been losing for too long, up to now.
func (q *queue) hopeless(now time.Time) bool {
	return q.lost.Equal(now) && now.Sub(q.behind) > patience
}

// push adds a unit and reports whether it was kept.
func (q *queue) push(u *Unit, video bool) bool {
	if q.fresh && video && !u.Keyframe {
		return false
	}
	q.fresh = false
	if q.skipping {
		if video && !u.Keyframe {
			q.skipped++
			return false
		}
		q.skipping = false
	}
	if q.bytes+u.Size() > q.limit && q.len() > 0 {
		q.overflow(u.At)
		if video && !u.Keyframe {
			q.skipping = true
			q.skipped++
			return false
		}
	}
	q.units = append(q.units, u)
	q.bytes += u.Size()
	return true
}

// len is how many units wait.
func (q *queue) len() int { return len(q.early) + len(q.units) }

// begin puts the pictures of the cache before what will come, if they fit.
func (q *queue) begin(pictures []early) {
	size := 0
	for _, e := range pictures {
		size += e.unit.Size()
	}
	if len(pictures) == 0 || size > q.limit {
		return
	}
	q.early, q.bytes, q.fresh = pictures, q.bytes+size, false
}

// take moves up to about limit bytes from the front, at least one unit if there is one: pictures of
// the cache, which are still to be restamped, or units to dst.
func (q *queue) take(dst []*Unit, limit int) ([]*Unit, []early) {
	n, size := 0, 0
	for n < len(q.early) && (n == 0 || size+q.early[n].unit.Size() <= limit) {
		size += q.early[n].unit.Size()
		n++
	}
	if n > 0 {
		q.bytes -= size
		pictures := q.early[:n:n]
		if q.early = q.early[n:]; len(q.early) == 0 {
			q.early = nil
		}
		return dst, pictures
	}
	for n < len(q.units) && (n == 0 || size+q.units[n].Size() <= limit) {
		size += q.units[n].Size()
		n++
	}
	dst = append(dst, q.units[:n]...)
	rest := copy(q.units, q.units[n:])
	clear(q.units[rest:]) // or the array would keep the units from being freed
	q.units = q.units[:rest]
	if cap(q.units) > roomy && rest < cap(q.units)/4 {
		q.units = append(make([]*Unit, 0, 2*rest), q.units...) // a burst is over
	}
	q.bytes -= size
	return dst, nil
}

// roomy is how many places for units are kept whether they are needed or not.
const roomy = 64

func (q *queue) clear() {
	clear(q.units)
	q.units, q.early, q.bytes = q.units[:0], nil, 0
}
