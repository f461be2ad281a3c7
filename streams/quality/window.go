package quality

import (
	"encoding/binary"
	"time"
)

const (
	windowLen = 10 // whole seconds that are judged
	ringLen   = 16
)

// second is what came in one second, or in several.
type second struct {
	pictures int
	bytes    int
	expected int // packets
	lost     int // of them
}

// loss is the part of the packets that was lost, 0 to 1.
func (s second) loss() float64 { return float64(s.lost) / float64(max(s.expected, 1)) }

// rate is the pictures a second of a whole window.
func (s second) rate() float64 { return float64(s.pictures) / windowLen }

// window keeps the last seconds.
type window struct {
	ring   [ringLen]second
	begin  time.Time // of the first second; seconds are counted from there, whatever becomes of the clock
	newest int64     // 0: none yet
	since  int64     // the first whole second
}

// advance empties the seconds up to one. Time that goes back is taken for the newest.
func (w *window) advance(at time.Time) {
	if w.newest == 0 {
		w.begin, w.newest, w.since = at, 1, 2
		return
	}
	s := 1 + int64(at.Sub(w.begin)/time.Second)
	for i := max(w.newest+1, s-ringLen+1); i <= s; i++ {
		w.ring[i%ringLen] = second{}
	}
	w.newest = max(w.newest, s)
}

func (w *window) now() *second { return &w.ring[w.newest%ringLen] }

// restart forgets all up to the second that is running.
func (w *window) restart() { w.since = w.newest + 1 }

// sum adds up the last whole seconds, and reports whether they are as many as are judged.
func (w *window) sum() (all second, full bool) {
	for s := max(w.newest-windowLen, w.since); s < w.newest; s++ {
		one := w.ring[s%ringLen]
		all.pictures += one.pictures
		all.bytes += one.bytes
		all.expected += one.expected
		all.lost += one.lost
	}
	return all, w.newest-windowLen >= w.since
}

const (
	rtpHeader   = 12
	maxDropout  = 3000 // a greater step of the sequence numbers is a restart (RFC 3550, A.1)
	maxDisorder = 100
)

// line is the sequence numbers of one track.
type line struct {
	known bool
	seq   uint16
}

// packet returns how many packets are missing before this one; -1 for one that was counted as missing
// or is there twice.
func (l *line) packet(raw []byte) (missing int) {
	if len(raw) < rtpHeader {
		return 0
	}
	seq := binary.BigEndian.Uint16(raw[2:])
	step := int(int16(seq - l.seq))
	switch {
	case !l.known || step >= maxDropout || step <= -maxDisorder:
	case step <= 0:
		return -1
	default:
		missing = step - 1
	}
	l.known, l.seq = true, seq
	return missing
}
