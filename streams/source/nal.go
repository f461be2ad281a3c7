package source

// codec is how the payload of a video packet is read. Those that aren't read are opaque: every one
// of their pictures can be begun with, for all that is known.
type codec byte

const (
	opaque codec = iota
	h264
	h265
)

// Types of network abstraction layer units, and of the packets that carry them (RFC 6184, 5.2 and
// RFC 7798, 4.4).
const (
	h264IDR   = 5
	h264SPS   = 7
	h264StapA = 24
	h264FuA   = 28

	h265FirstIRAP = 16
	h265LastIRAP  = 21
	h265VPS       = 32
	h265SPS       = 33
	h265AP        = 48
	h265FU        = 49

	fuStart = 0x80 // in the header of a fragment: the first, the last
	fuEnd   = 0x40
)

// content is what a packet of H.264 or H.265 holds.
type content struct {
	begins  bool // of a picture that a decoder can begin with, or of the parameter sets before one
	picture bool // coded slices, not only what goes before them
	later   bool // a slice that is not the first of its picture
}

// or adds what comes after c.
func (c content) or(d content) content {
	return content{begins: c.begins || d.begins, picture: c.picture || d.picture, later: c.later || d.later && !c.picture}
}

// h264Type tells by the type of a unit, and by the slice's header if it is there: the first slice
// begins with macroblock 0, which is one bit, 1 (H.264, 7.3.3).
func h264Type(t byte, slice []byte) content {
	t &= 0x1f
	c := content{begins: t == h264IDR || t == h264SPS, picture: t >= 1 && t <= h264IDR}
	c.later = (t == 1 || t == h264IDR) && len(slice) > 0 && slice[0]&0x80 == 0
	return c
}

// h265Type tells by the type of a unit (an intra random access point, or a parameter set), and by
// the slice's header if it is there: its first bit marks the first slice (H.265, 7.3.6.1).
func h265Type(t byte, slice []byte) content {
	t &= 0x3f
	c := content{
		begins:  t >= h265FirstIRAP && t <= h265LastIRAP || t == h265VPS || t == h265SPS,
		picture: t < h265VPS,
	}
	c.later = c.picture && len(slice) > 0 && slice[0]&0x80 == 0
	return c
}

// read tells what an RTP payload holds.
func (c codec) read(b []byte) content {
	switch c {
	case h264:
		return readH264(b)
	case h265:
		return readH265(b)
	default:
		return content{begins: true, picture: true}
	}
}

func readH264(b []byte) (c content) {
	if len(b) == 0 {
		return c
	}
	switch b[0] & 0x1f {
	case h264FuA:
		switch {
		case len(b) < 2:
			return c
		case b[1]&fuStart != 0:
			return h264Type(b[1], b[2:])
		}
		return h264Type(b[1], nil)
	case h264StapA:
		for u, rest := aggregated(b[1:]); u != nil; u, rest = aggregated(rest) {
			c = c.or(h264Type(u[0], u[1:]))
		}
		return c
	default:
		return h264Type(b[0], b[1:])
	}
}

func readH265(b []byte) (c content) {
	if len(b) < 2 {
		return c
	}
	switch t := b[0] >> 1 & 0x3f; t {
	case h265FU:
		switch {
		case len(b) < 3:
			return c
		case b[2]&fuStart != 0:
			return h265Type(b[2], b[3:])
		}
		return h265Type(b[2], nil)
	case h265AP:
		for u, rest := aggregated(b[2:]); u != nil; u, rest = aggregated(rest) {
			c = c.or(h265Type(u[0]>>1, u[min(2, len(u)):]))
		}
		return c
	default:
		return h265Type(t, b[2:])
	}
}

// aggregated cuts the first unit off those in an aggregation packet; nil when there is none. A unit
// that is cut short is still told by its first byte.
func aggregated(b []byte) (unit, rest []byte) {
	if len(b) < 3 {
		return nil, nil
	}
	n := int(b[0])<<8 | int(b[1])
	b = b[2:]
	if n == 0 {
		return nil, nil
	}
	if n > len(b) {
		return b, nil
	}
	return b[:n:n], b[n:]
}
