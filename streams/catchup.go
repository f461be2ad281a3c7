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

// squeeze lays the units of one track into the time before the last of them. The order of their
// timestamps is kept, also where it isn't the order of the units (B pictures).
func squeeze(dst []early, units []*Unit, track int, clock uint64) []early {
	first, last := int32(0), int32(0) // relative to the first unit
	var origin uint32
	begun := false
	for _, u := range units {
		if u.Track != track {
			continue
		}
		if !begun {
			origin, begun = u.stamp(), true
		}
		d := int32(u.stamp() - origin)
		first, last = min(first, d), max(last, d)
	}
	span, bound := int64(last)-int64(first), int64(clock/catchUp)
	for _, u := range units {
		if u.Track != track {
			continue
		}
		e := early{unit: u}
		if span > bound {
			before := int64(last) - int64(int32(u.stamp()-origin))
			e.stamp, e.as = origin+uint32(last)-uint32(before*bound/span), true
		}
		dst = append(dst, e)
	}
	return dst
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
