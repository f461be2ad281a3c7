//go:build linux

package main

import "encoding/binary"

// packet is what a reader must know of one RTP packet of video.
type packet struct {
	marker    bool // ends an access unit
	keyframe  bool // is of one, its parameter sets included
	seq       uint16
	timestamp uint32
}

// parsePacket reads an RTP packet of H.264.
func parsePacket(b []byte) (p packet, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return p, false
	}
	p = packet{marker: b[1]&0x80 != 0, seq: binary.BigEndian.Uint16(b[2:]), timestamp: binary.BigEndian.Uint32(b[4:])}
	at := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 && len(b) >= at+4 {
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if len(b) < at+2 {
		return p, true
	}
	const idr, sps, pps, fragment, aggregate = 5, 7, 8, 28, 24
	switch kind := b[at] & 0x1f; kind {
	case fragment:
		p.keyframe = b[at+1]&0x1f == idr
	case aggregate: // parameter sets are aggregated with what they belong to
		p.keyframe = len(b) > at+3 && b[at+3]&0x1f == sps
	default:
		p.keyframe = kind == idr || kind == sps || kind == pps
	}
	return p, true
}
