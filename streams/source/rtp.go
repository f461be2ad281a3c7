package source

import "encoding/binary"

const (
	rtpHeader = 12 // bytes, without contributing sources and extension (RFC 3550, 5.1)
	// frameHeader is '$', the channel and the length (RFC 2326, 10.12).
	frameHeader = 4
)

// packet is what the header of an RTP packet says.
type packet struct {
	ssrc      uint32
	timestamp uint32
	sequence  uint16
	kind      byte // payload type
	marker    bool
	payload   int // where it begins, after contributing sources and extension
	end       int // where it ends, before the padding
}

// parseRTP reads the header of b (RFC 3550, 5.1) and reports whether it is one.
func parseRTP(b []byte) (p packet, ok bool) {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		return p, false
	}
	p.payload = rtpHeader + 4*int(b[0]&0x0f)
	p.end = len(b)
	if b[0]&0x10 != 0 { // extension
		if len(b) < p.payload+4 {
			return p, false
		}
		p.payload += 4 + 4*int(binary.BigEndian.Uint16(b[p.payload+2:]))
	}
	if p.payload > len(b) {
		return p, false
	}
	if b[0]&0x20 != 0 { // padding: the last byte says how much, itself included
		pad := int(b[len(b)-1])
		if pad == 0 || p.payload+pad > len(b) {
			return p, false
		}
		p.end -= pad
	}
	p.marker = b[1]&0x80 != 0
	p.kind = b[1] & 0x7f
	p.sequence = binary.BigEndian.Uint16(b[2:])
	p.timestamp = binary.BigEndian.Uint32(b[4:])
	p.ssrc = binary.BigEndian.Uint32(b[8:])
	return p, true
}
