package streams

import (
	"encoding/binary"
	"iter"
	"time"

	"github.com/pion/rtp"
)

const interleavedHeader = 4 // bytes: '$', channel, length (RFC 2326, 10.12)

// Unit is what is never cut: all packets of one access unit of a video track, or one packet of any
// other. Once it is handed to a pull, all readers share it and nobody may change it.
type Unit struct {
	Track    int       // index of the media in the description
	At       time.Time // when its last packet arrived
	Keyframe bool      // a decoder can begin here
	Control  bool      // RTCP of the track, not RTP

	frames []byte // the packets as interleaved frames, channel 2×Track, or 2×Track+1 when Control
	n      int    // how many
	loan   *Loan  // what the packets lie in; nil: memory of their own
}

// NewUnit makes an empty unit with room for size bytes of packets.
func NewUnit(track int, control bool, size int) *Unit {
	return &Unit{Track: track, Control: control, frames: make([]byte, 0, size)}
}

// Adopt makes a unit of n packets that are already laid out as interleaved frames of the unit's
// Channel. The bytes are the unit's from now on.
func Adopt(track int, control bool, frames []byte, n int) *Unit {
	return &Unit{Track: track, Control: control, frames: frames, n: n}
}

// Channel is the interleaved channel that the unit's bytes are laid out for.
func (u *Unit) Channel() byte {
	c := byte(2 * u.Track)
	if u.Control {
		c++
	}
	return c
}

// grow appends the header of a frame of n bytes and n bytes of room, which it returns.
func (u *Unit) grow(n int) []byte {
	start := len(u.frames)
	need := start + interleavedHeader + n
	if need > cap(u.frames) {
		bigger := make([]byte, start, max(need, 2*cap(u.frames)))
		copy(bigger, u.frames)
		u.frames = bigger
	}
	u.frames = u.frames[:need]
	h := u.frames[start:]
	h[0], h[1] = '$', u.Channel()
	binary.BigEndian.PutUint16(h[2:], uint16(n))
	u.n++
	return h[interleavedHeader:]
}

// AppendRTP adds a packet.
func (u *Unit) AppendRTP(p *rtp.Packet) error {
	before, n := len(u.frames), u.n
	room := u.grow(p.MarshalSize())
	if _, err := p.MarshalTo(room); err != nil {
		u.frames, u.n = u.frames[:before], n
		return err
	}
	return nil
}

// Append adds a packet that is already in its wire form.
func (u *Unit) Append(raw []byte) { copy(u.grow(len(raw)), raw) }

// Size is the bytes that the unit holds.
func (u *Unit) Size() int { return len(u.frames) }

// Len is how many packets the unit holds.
func (u *Unit) Len() int { return u.n }

// stamp is the RTP timestamp of the first packet; 0 when that has none.
func (u *Unit) stamp() uint32 {
	if u.Control || len(u.frames) < interleavedHeader+rtpHeader {
		return 0
	}
	return binary.BigEndian.Uint32(u.frames[interleavedHeader+4:])
}

// Interleaved is the unit's packets as they go to a reader over TCP whose channels are those of
// Channel. It must not be changed.
func (u *Unit) Interleaved() []byte { return u.frames }

// Packets are the unit's packets one by one, in their wire form. They must not be changed.
func (u *Unit) Packets() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for b := u.frames; len(b) >= interleavedHeader; {
			end := interleavedHeader + int(binary.BigEndian.Uint16(b[2:]))
			if !yield(b[interleavedHeader:end]) {
				return
			}
			b = b[end:]
		}
	}
}
