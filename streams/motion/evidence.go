package motion

import (
	"math"
	"time"
)

// evidence sums, over time, how far the pictures lie above what is allowed (a one-sided CUSUM):
// much motion is certain within a fifth of a second, little motion takes longer, one big picture
// is never enough.
type evidence struct {
	sum      float64   // s: twice the allowance for one second makes 1
	pictures int       // in a row, more or less, that added to it
	since    time.Time // when the sum left 0
	mean     float64   // of the distance, over the last quarter of a second or so
}

// What is certain, and what a single picture can add.
const (
	certain     = 0.2 // s
	most        = 0.5 // s; a higher sum would take too long to fade
	pictureMost = 1.5 // times the allowance
	certainly   = 4   // pictures, whatever the sum
	blend       = 250 * time.Millisecond
	scoreFull   = 1.3863 // ln 4
)

// add takes a picture that lies above the baseline by the given logarithm.
func (e *evidence) add(above, allowed float64, interval time.Duration, at time.Time) {
	excess := (above - allowed) / allowed
	excess = min(max(excess, -1), pictureMost)
	if excess > 0 {
		if e.sum == 0 {
			e.since, e.pictures = at, 0
		}
		e.pictures++
	}
	e.sum = min(max(e.sum+excess*interval.Seconds(), 0), most)
	e.mean += float64(interval) / float64(interval+blend) * (above - e.mean)
}

// some tells whether there is any.
func (e *evidence) some() bool { return e.sum > 0 }

// enough tells whether it is certain that something moves.
func (e *evidence) enough() bool { return e.sum >= certain && e.pictures >= certainly }

// score is how much moves, 0 to 1.
func (e *evidence) score() float64 { return math.Round(100*min(max(e.mean/scoreFull, 0), 1)) / 100 }
