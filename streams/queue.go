package streams

import "time"

// queue is what waits for one reader. When it is over its limit everything in it goes, and the
// reader goes on with the next keyframe: whole GOPs are lost, never a part of an access unit.
type queue struct {
	early    []early // pictures of the cache, before all others; the cache has bounds of its own
	ahead    int     // bytes of them
	units    []*Unit
	bytes    int       // of units
	limit    int       // of bytes
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
	q.add(u)
	return true
}

// size is how many bytes wait.
func (q *queue) size() int { return q.ahead + q.bytes }

// len is how many units wait.
func (q *queue) len() int { return len(q.early) + len(q.units) }

// begin puts the pictures of the cache before what will come.
func (q *queue) begin(pictures []early) {
	for _, e := range pictures {
		q.ahead += e.unit.Size()
	}
	q.early, q.fresh = pictures, false
}

// add puts a unit behind all others whatever its kind.
func (q *queue) add(u *Unit) {
	u.keep()
	q.units = append(q.units, u)
	q.bytes += u.Size()
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
		q.ahead -= size
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
	q.units, q.early, q.bytes, q.ahead = q.units[:0], nil, 0, 0
}
