package live

import "encoding/binary"

// packet is what is needed of an RTP packet (RFC 3550, 5.1).
type packet struct {
	marker    bool
	kind      uint8 // payload type
	sequence  uint16
	timestamp uint32
	payload   []byte
}

// parse reads a packet without copying it.
func parse(b []byte) (packet, bool) {
	const header = 12
	if len(b) < header || b[0]>>6 != 2 {
		return packet{}, false
	}
	p := packet{
		marker: b[1]&0x80 != 0, kind: b[1] & 0x7f,
		sequence: binary.BigEndian.Uint16(b[2:]), timestamp: binary.BigEndian.Uint32(b[4:]),
	}
	start, end := header+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 { // an extension
		if start+4 > end {
			return packet{}, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if start > end {
		return packet{}, false
	}
	p.payload = b[start:end]
	return p, true
}
