package source

import (
	"bytes"
	"encoding/binary"
	"time"
)

const (
	// Over UDP a packet that comes early waits for those before it, until this many wait or the
	// oldest has waited this long.
	reorderDepth = 32
	reorderDelay = 60 * time.Millisecond
	// restartAfter is how many packets in a row must look old to be a series that began anew.
	restartAfter = 4
)

// reorder puts packets that overtook one another over UDP back into their order.
type reorder struct {
	known  bool
	ssrc   uint32
	next   uint16
	slots  [reorderDepth][]byte // by sequence number: frames that wait
	count  int
	oldest time.Time
	old    [][]byte // frames that look old, one after another
}

// packet takes a frame and hands on what can go, in order. The frame is only borrowed.
func (r *reorder) packet(frame []byte, now time.Time, emit func(frame []byte)) {
	p, ok := parseRTP(frame[frameHeader:])
	if !ok {
		emit(frame)
		return
	}
	ahead := int16(p.sequence - r.next)
	if !r.known || p.ssrc != r.ssrc || ahead >= maxDropout || ahead <= -maxDisorder {
		r.flush(emit)
		r.known, r.ssrc, r.next = true, p.ssrc, p.sequence
		ahead = 0
	}
	if ahead < 0 { // there already, or given up
		r.late(frame, p.sequence, emit)
		return
	}
	r.old = nil
	for int(ahead) >= reorderDepth {
		r.skip(emit)
		if r.count == 0 {
			r.next = p.sequence
		}
		ahead = int16(p.sequence - r.next)
	}
	if ahead > 0 {
		slot := &r.slots[p.sequence%reorderDepth]
		if len(*slot) == 0 {
			if r.count == 0 {
				r.oldest = now
			}
			*slot = bytes.Clone(frame)
			r.count++
		}
		r.expire(now, emit)
		return
	}
	emit(frame)
	r.next++
	r.run(now, emit)
}

// late keeps a frame that looks old until it is sure that it is not the beginning of a new series.
func (r *reorder) late(frame []byte, sequence uint16, emit func([]byte)) {
	if n := len(r.old); n > 0 && binary.BigEndian.Uint16(r.old[n-1][frameHeader+2:])+1 != sequence {
		r.old = nil
	}
	if r.old = append(r.old, bytes.Clone(frame)); len(r.old) < restartAfter {
		return
	}
	r.flush(emit)
	for _, f := range r.old {
		emit(f)
	}
	r.next, r.old = sequence+1, nil
}

// run hands on what waits in order.
func (r *reorder) run(now time.Time, emit func([]byte)) {
	for r.count > 0 {
		slot := &r.slots[r.next%reorderDepth]
		if len(*slot) == 0 {
			r.oldest = now // a new gap
			return
		}
		r.take(slot, emit)
	}
}

func (r *reorder) take(slot *[]byte, emit func([]byte)) {
	frame := *slot
	*slot = nil
	r.count--
	r.next++
	emit(frame)
}

// expire gives up what has been waited for too long.
func (r *reorder) expire(now time.Time, emit func([]byte)) {
	if r.count > 0 && now.Sub(r.oldest) > reorderDelay {
		r.skip(emit)
		r.run(now, emit)
	}
}

// skip gives up the gap, and hands on the run of packets after it.
func (r *reorder) skip(emit func([]byte)) {
	for r.count > 0 {
		if slot := &r.slots[r.next%reorderDepth]; len(*slot) > 0 {
			for len(r.slots[r.next%reorderDepth]) > 0 {
				r.take(&r.slots[r.next%reorderDepth], emit)
			}
			return
		}
		r.next++
	}
}

// flush hands on all that waits.
func (r *reorder) flush(emit func([]byte)) {
	for r.count > 0 {
		r.skip(emit)
	}
}
