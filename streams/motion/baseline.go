package motion

import (
	"math"
	"math/bits"
	"time"
)

// How fast a baseline follows what it sees. Down is quick, so that a stream joined in the middle of
// a motion is judged well soon after it; up is slow, so that a motion doesn't become what is usual.
const (
	fall       = 2 * time.Second
	rise       = time.Minute
	riseMoving = 5 * time.Minute // while something moves, or seems to
	settle     = 20 * time.Second
	batch      = 2 * time.Second // a batch is closed by a keyframe, or after this long
)

// The bounds of what a baseline takes for the usual scatter.
const (
	scatterFirst = 0.05
	scatterMin   = 0.02
	scatterMax   = 0.5
)

// level is a running low expectile of the logarithms of sizes, and how far they usually lie from it.
type level struct {
	value   float64
	scatter float64
	updated time.Time
	known   bool

	sum, off float64 // of the batch that is being gathered
	n        int
	since    time.Time
}

// above is how far a size lies above the level, both as logarithms; known is false before the
// level has seen anything.
func (l *level) above(x float64) (float64, bool) { return x - l.value, l.known }

// add takes a size into the current batch.
func (l *level) add(x float64, at time.Time, learning, moving bool) {
	if l.n > 0 && at.Sub(l.since) > batch {
		l.close(at, learning, moving)
	}
	if l.n == 0 {
		l.since = at
	}
	l.n++
	l.sum += x
	l.off += math.Abs(x - l.value)
}

// close moves the level towards the batch's mean, and empties the batch.
func (l *level) close(at time.Time, learning, moving bool) {
	if l.n == 0 {
		return
	}
	mean, off := l.sum/float64(l.n), l.off/float64(l.n)
	l.n, l.sum, l.off = 0, 0, 0
	if !l.known {
		l.value, l.scatter, l.updated, l.known = mean, scatterFirst, at, true
		return
	}
	passed := at.Sub(l.updated)
	l.updated = at
	switch {
	case mean < l.value && learning: // the quietest so far is the best guess of what is quiet
		l.value = mean
	case mean < l.value:
		l.value += part(passed, fall) * (mean - l.value)
	case learning:
	case moving:
		l.value += part(passed, riseMoving) * (mean - l.value)
	default:
		l.value += part(passed, rise) * (mean - l.value)
	}
	if !moving {
		l.scatter += part(passed, settle) * (off - l.scatter)
		l.scatter = min(max(l.scatter, scatterMin), scatterMax)
	}
}

// part is how much of the way to its aim a value goes in the time passed.
func part(passed, constant time.Duration) float64 {
	if passed <= 0 {
		return 0
	}
	return 1 - math.Exp(-passed.Seconds()/constant.Seconds())
}

// phases is the number of parts that a GOP is divided into: finely after the keyframe, where sizes
// change from picture to picture, coarsely later.
const phases = 16

// phase is the part of the GOP that its n-th inter picture, from 1, belongs to: two parts for each
// doubling.
func phase(n int) int {
	if n <= 1 {
		return 0
	}
	k := bits.Len(uint(n)) - 1
	return min(2*k-1+n>>(k-1)&1, phases-1)
}

// baseline is what one stream usually spends.
type baseline struct {
	key   level            // on a keyframe
	inter [2][phases]level // on an inter picture by its phase, those nothing is predicted from apart
}

// keyframe takes a keyframe's size, and closes the batches of the GOP that it ends.
func (b *baseline) keyframe(x float64, at time.Time, learning, moving bool) {
	for c := range b.inter {
		for p := range b.inter[c] {
			b.inter[c][p].close(at, learning, moving)
		}
	}
	b.key.add(x, at, learning, moving)
	b.key.close(at, learning, moving)
}
