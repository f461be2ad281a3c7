package streams

import "encoding/binary"

// catchUp bounds how far before the live edge a late reader begins, in parts of a second: the
// pictures since the last keyframe are all sent, but stamped as if they had been taken within this
// time. A player shows them as fast as it can, is then at the live edge, and neither plays fast
// forward nor is out of step with the sound, which begins at the live edge itself.
const catchUp = 10 // 1/10 s

// early is a picture of the cache as a late reader is to get it.
type early struct {
	unit  *Unit
	stamp uint32
	as    bool // restamped
}

// squeeze lays pictures into the time before the last of them. The order of their timestamps is
// kept, also where it isn't the order of the units (B pictures), and depth, in ticks, keeps it toward
// those to come: so far behind the last one a picture may still follow.
func squeeze(dst []early, pictures []*Unit, depth uint32, clock uint64) []early {
	if len(pictures) == 0 {
		return dst
	}
	first, last := int32(0), int32(0) // relative to the first unit
	origin := pictures[0].stamp()
	for _, u := range pictures {
		d := int32(u.stamp() - origin)
		first, last = min(first, d), max(last, d)
	}
	pivot := int64(last) - int64(depth)
	span := pivot - int64(first)
	bound := max(int64(clock/catchUp), 2*int64(len(pictures))) // no two may become one
	for _, u := range pictures {
		u.keep()
		e := early{unit: u}
		if before := pivot - int64(int32(u.stamp()-origin)); span > bound && before > 0 {
			e.stamp, e.as = origin+uint32(pivot-before*bound/span), true
		}
		dst = append(dst, e)
	}
	return dst
}

// synchronise begins a list, with room for n pictures, with the sender reports: they are what puts a
// reader's tracks in step, and the next ones may be seconds away. The lock is held.
func (p *Pull) synchronise(n int) []early {
	begin := make([]early, 0, len(p.reports)+n)
	for _, report := range p.reports {
		if report != nil {
			begin = append(begin, early{unit: report})
		}
	}
	return begin
}

// taken is the unit that the reader gets: a copy when it is restamped, since others have it too.
func (e early) taken() *Unit {
	if !e.as || e.stamp == e.unit.stamp() {
		return e.unit
	}
	u := *e.unit
	u.frames = append([]byte(nil), e.unit.frames...)
	for raw := range u.Packets() {
		if len(raw) >= rtpHeader {
			binary.BigEndian.PutUint32(raw[4:], e.stamp)
		}
	}
	return &u
}
