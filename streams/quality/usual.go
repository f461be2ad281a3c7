package quality

import (
	"slices"
	"time"
)

const (
	learnt    = 6    // windows that make something usual
	remember  = 32   // windows, and keyframes
	emptyPart = 0.1  // of the usual bitrate
	fullPart  = 0.25 // where it has come back
	keyPart   = 3    // a keyframe with nothing in it is less than one part in so many of the usual
)

// usual is what a stream usually sends.
type usual struct {
	bytes    history // of a window
	pictures history
	keys     history // bytes of a keyframe
	key      int     // bytes of the last
	next     time.Time
}

// history is the last values of something.
type history struct {
	values [remember]int
	n      int // that were ever added
}

func (h *history) add(v int) {
	h.values[h.n%remember] = v
	h.n++
}

func (h *history) median() int {
	n := min(h.n, remember)
	if n == 0 {
		return 0
	}
	sorted := slices.Clone(h.values[:n])
	slices.Sort(sorted)
	return sorted[n/2]
}

func (u *usual) keyframe(bytes int) {
	u.key = bytes
	if u.keys.n < learnt || keyPart*bytes >= u.keys.median() { // what is odd teaches nothing
		u.keys.add(bytes)
	}
}

// learn takes a window in, each whole one once.
func (u *usual) learn(w second, full bool, now time.Time) {
	if !full || now.Before(u.next) || u.bytes.n >= learnt && u.meagre(w) {
		return
	}
	u.next = now.Add(windowLen * time.Second)
	u.bytes.add(w.bytes)
	u.pictures.add(w.pictures)
}

func (u *usual) restart() { u.next = time.Time{} }

// rate is the usual pictures a second; 0 before it is known.
func (u *usual) rate() float64 {
	if u.pictures.n < learnt {
		return 0
	}
	return float64(u.pictures.median()) / windowLen
}

// part is how much of the usual a window holds.
func (u *usual) part(w second) float64 { return float64(w.bytes) / float64(max(u.bytes.median(), 1)) }

// meagre reports whether a window holds much less than is usual.
func (u *usual) meagre(w second) bool { return u.bytes.n >= learnt && u.part(w) < fullPart }

// emptied reports whether a window's pictures have lost their contents.
func (u *usual) emptied(w second) bool {
	return u.bytes.n >= learnt && u.part(w) < emptyPart && 2*w.pictures >= u.pictures.median() &&
		keyPart*u.key < u.keys.median()
}
