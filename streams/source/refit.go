package source

import (
	"encoding/binary"
	"slices"
)

// maxPayload is the largest RTP payload that is passed on as it came, in bytes. Larger ones, which
// some cameras send over TCP, would not reach a reader over UDP.
const maxPayload = 1460

// maxHeader is the largest header that is repeated before each fragment, in bytes. A camera could
// make hundreds of megabytes of one packet with a longer one, and what has such a header doesn't fit
// a datagram anyway.
const maxHeader = 256

// refit appends a packet with too large a payload to the unit as several that are small enough: the
// fragments of RFC 6184, 5.8 and RFC 7798, 4.4.3. Each has the header of the packet, with its
// contributing sources and extension, and the last has its marker. The sequence numbers of all that
// follows on the track are shifted onward.
func (t *track) refit(in *intake, c codec, raw []byte, p packet) {
	t.detach(in)
	r := refitter{track: t, head: raw[:p.payload], marker: p.marker, sequence: p.sequence + t.shift}
	first := r.sequence
	switch b := raw[p.payload:p.end]; {
	case p.payload > maxHeader:
		r.packet(b)
	case c == h264:
		r.h264(b)
	default:
		r.h265(b)
	}
	r.finish()
	t.shift += r.sequence - first - 1
}

// refitter makes packets out of one.
type refitter struct {
	track    *track
	head     []byte // of the RTP packet
	marker   bool
	sequence uint16 // of the next packet
	last     int    // where the last packet begins in the unit
	made     bool
}

func (r *refitter) h264(b []byte) {
	switch b[0] & 0x1f {
	case h264FuA:
		r.fragments([]byte{b[0], b[1] & 0x1f}, b[2:], b[1]&fuStart, b[1]&fuEnd)
	case h264StapA:
		for u, rest := aggregated(b[1:]); u != nil; u, rest = aggregated(rest) {
			if len(u) <= maxPayload {
				r.packet(u)
			} else {
				r.h264(u)
			}
		}
	case 0, 25, 26, 27, 29, 30, 31: // rare or reserved, and never seen this large
		r.packet(b)
	default:
		r.fragments([]byte{b[0]&0xe0 | h264FuA, b[0] & 0x1f}, b[1:], fuStart, fuEnd)
	}
}

func (r *refitter) h265(b []byte) {
	fragment := func(h []byte, kind byte) []byte { return []byte{h[0]&0x81 | h265FU<<1, h[1], kind} }
	switch t := b[0] >> 1 & 0x3f; {
	case t == h265FU:
		r.fragments(fragment(b, b[2]&0x3f), b[3:], b[2]&fuStart, b[2]&fuEnd)
	case t == h265AP:
		for u, rest := aggregated(b[2:]); u != nil; u, rest = aggregated(rest) {
			if len(u) <= maxPayload {
				r.packet(u)
			} else {
				r.h265(u)
			}
		}
	case t > h265FU:
		r.packet(b)
	default:
		r.fragments(fragment(b, t), b[2:], fuStart, fuEnd)
	}
}

// fragments cuts b into pieces of nearly the same size, each after the header, whose last byte tells
// the first and the last piece of the whole.
func (r *refitter) fragments(header, b []byte, start, end byte) {
	room := maxPayload - len(header)
	pieces := max((len(b)+room-1)/room, 1)
	for i := range pieces {
		from, to := i*len(b)/pieces, (i+1)*len(b)/pieces
		mark := byte(0)
		if i == 0 {
			mark |= start
		}
		if i == pieces-1 {
			mark |= end
		}
		header[len(header)-1] = header[len(header)-1]&^(fuStart|fuEnd) | mark
		r.packet(header, b[from:to])
	}
}

// packet appends one packet, without padding and without marker.
func (r *refitter) packet(payload ...[]byte) {
	t := r.track
	n := len(r.head)
	for _, b := range payload {
		n += len(b)
	}
	r.last, r.made = len(t.own), true
	t.own = append(slices.Grow(t.own, frameHeader+n), '$', byte(2*t.index), byte(n>>8), byte(n))
	head := len(t.own)
	t.own = append(t.own, r.head...)
	t.own[head] &^= 0x20
	t.own[head+1] &^= 0x80
	binary.BigEndian.PutUint16(t.own[head+2:], r.sequence)
	for _, b := range payload {
		t.own = append(t.own, b...)
	}
	r.sequence++
	t.packets++
}

// finish gives the last packet the marker.
func (r *refitter) finish() {
	if !r.made { // an aggregation of nothing: its number must not be missed
		r.packet()
	}
	if r.marker {
		r.track.own[r.last+frameHeader+1] |= 0x80
	}
}
