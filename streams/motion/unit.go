package motion

import (
	"time"

	"github.com/pion/rtp"
)

// clock is the RTP clock of every video format that is read here, in Hz.
const clock = 90000

// unit is one access unit: what was coded in it.
type unit struct {
	at        time.Time // arrival of its first packet
	timestamp uint32
	bytes     int    // of its slices
	inter     int    // of them, in inter pictures
	light     bool   // some slice is one that little is predicted from
	sps       uint32 // hash of its sequence parameter set, 0 when it has none
	damaged   bool   // packets of it are missing
	begun     bool
}

// keyframe tells whether nothing in the unit is predicted from another picture.
func (u *unit) keyframe() bool { return u.bytes > 0 && u.inter == 0 }

// assembler puts access units together from RTP packets, keeping only their sizes.
type assembler struct {
	codec    Codec
	unit     unit
	fragment kind // of the NAL unit that is being received in fragments
	seq      uint16
	started  bool
}

// late is how far behind a packet may come and still be a straggler, and not a new sequence.
const late = 128

// push takes a packet, and returns the access unit that ended before it. A unit ends with its
// timestamp, not with the marker, which some cameras set on every slice and some on none; the
// price is that a unit is known to have ended only when the next one begins.
func (a *assembler) push(p *rtp.Packet, at time.Time) (done unit, ended bool) {
	lost := false
	if a.started {
		step := int16(p.SequenceNumber - a.seq)
		if step <= 0 && step > -late {
			return unit{}, false // a duplicate, or too late to be of use
		}
		lost = step != 1
	}
	a.started, a.seq = true, p.SequenceNumber
	if lost {
		a.unit.damaged = true
		a.fragment = other
	}
	if a.unit.begun && p.Timestamp != a.unit.timestamp {
		done, ended = a.unit, true
		a.unit.begun = false
	}
	if !a.unit.begun {
		a.unit = unit{at: at, timestamp: p.Timestamp, begun: true, damaged: lost}
		a.fragment = other
	}
	a.payload(p.Payload)
	return done, ended
}

// payload reads one RTP payload: a NAL unit, several, or a fragment of one.
func (a *assembler) payload(b []byte) {
	header, aggregate, fragment := 1, byte(24), byte(28)
	if a.codec == H265 {
		header, aggregate, fragment = 2, 48, 49
	}
	if len(b) <= header {
		return
	}
	t := b[0] & 0x1f
	if a.codec == H265 {
		t = b[0] >> 1 & 0x3f
	}
	switch t {
	case aggregate:
		for b = b[header:]; len(b) > 2; {
			n := int(b[0])<<8 | int(b[1])
			if b = b[2:]; n > len(b) {
				a.unit.damaged = true
				return
			}
			a.nalu(b[:n])
			b = b[n:]
		}
	case fragment:
		a.fragmentOf(b, header)
	default:
		a.nalu(b)
	}
}

// fragmentOf reads one fragment. Only the first one tells the kind of the slice.
func (a *assembler) fragmentOf(b []byte, header int) {
	if len(b) <= header+1 {
		return
	}
	fu := b[header]
	body := b[header+1:]
	if fu&0x80 != 0 { // the first one: put the NAL header before the body, as it was
		var start [2 + sliceHeader]byte
		if a.codec == H265 {
			start[0], start[1] = b[0]&0x81|fu&0x3f<<1, b[1]
		} else {
			start[0] = b[0]&0xe0 | fu&0x1f
		}
		n := header + copy(start[header:], body)
		a.fragment = kindOf(a.codec, start[:n])
	}
	a.count(a.fragment, len(body))
	if fu&0x40 != 0 {
		a.fragment = other
	}
}

func (a *assembler) nalu(b []byte) {
	k := kindOf(a.codec, b)
	if k == parameters && a.unit.sps == 0 {
		a.unit.sps = hash(b)
	}
	a.count(k, len(b))
}

func (a *assembler) count(k kind, n int) {
	switch k {
	case light:
		a.unit.light = true
		fallthrough
	case inter:
		a.unit.inter += n
		fallthrough
	case intra:
		a.unit.bytes += n
	}
}

// hash is FNV-1a, never 0.
func hash(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return max(h, 1)
}
