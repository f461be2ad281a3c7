//go:build linux

package main

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// What a camera sends: 1080p H.264 to all who don't decode it.
const (
	frameTime   = 40 * time.Millisecond
	frameTicks  = 3600   // of the RTP clock of 90 kHz
	pictureMean = 10_000 // bytes: 2 Mbit/s
	keyframe    = 60_000 // bytes
	payloadMost = 1_400  // bytes of a packet's payload
	shortGOP    = 50     // pictures
	longGOP     = 500    // pictures
	videoType   = 96     // payload type
	header      = 4 + 12 // bytes of an interleaved frame's header and of RTP's
	reportEvery = 5 * 25 // pictures

	sps = "\x67\x4d\x40\x28\xda\x01\xe0\x08\x9f\x95" // main profile, level 4, 1920 × 1080, no reordering
	pps = "\x68\xee\x3c\x80"
)

// picture is one access unit as interleaved frames of channel 0, with timestamp, sequence number
// and SSRC of 0.
type picture []byte

// newFilm makes one GOP. Its slices have headers that can be read, and noise behind them, so that a
// server which looks at sizes and kinds of pictures has the work that it would have.
func newFilm(gop int) []picture {
	random := rand.New(rand.NewPCG(7, uint64(gop)))
	noise := func(head []byte, size int) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(1 + random.IntN(255)) // without zeros nothing looks like a start code
		}
		copy(b, head)
		return b
	}
	mean := (pictureMean*gop - keyframe) / (gop - 1)
	film := make([]picture, gop)
	film[0] = cut([]byte(sps), []byte(pps), noise([]byte{0x65, 0x88}, keyframe))
	for i := range film[1:] {
		size := mean * (85 + random.IntN(31)) / 100
		film[i+1] = cut(noise([]byte{0x41, 0x9a}, size))
	}
	return film
}

// cut makes packets of NAL units (RFC 6184, packetization mode 1).
func cut(nalus ...[]byte) picture {
	var p picture
	packet := func(marker bool, payload ...[]byte) {
		size := 12
		for _, b := range payload {
			size += len(b)
		}
		p = append(p, '$', 0, byte(size>>8), byte(size), 0x80, videoType, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		if marker {
			p[len(p)-11] |= 0x80
		}
		for _, b := range payload {
			p = append(p, b...)
		}
	}
	for i, nalu := range nalus {
		last := i == len(nalus)-1
		if len(nalu) <= payloadMost {
			packet(last, nalu)
			continue
		}
		const start, end, fragment, headerBytes = 0x80, 0x40, 28, 2
		indicator, kind, flag := nalu[0]&0xe0|fragment, nalu[0]&0x1f, byte(start)
		for rest := nalu[1:]; len(rest) > 0; flag = 0 {
			n := min(len(rest), payloadMost-headerBytes)
			if n == len(rest) {
				flag |= end
			}
			packet(last && flag&end != 0, []byte{indicator, flag | kind}, rest[:n])
			rest = rest[n:]
		}
	}
	return p
}

// numbers are what the packets of one session count.
type numbers struct {
	ssrc, timestamp uint32
	seq             uint16
	packets, octets uint32
}

// appendPicture appends the packets of a picture with the session's numbers, and when it is sent.
func (n *numbers) appendPicture(b []byte, p picture, at time.Time) []byte {
	start := len(b)
	b = append(b, p...)
	for rest := b[start:]; len(rest) > 0; {
		size := 4 + int(binary.BigEndian.Uint16(rest[2:]))
		binary.BigEndian.PutUint16(rest[6:], n.seq)
		binary.BigEndian.PutUint32(rest[8:], n.timestamp)
		binary.BigEndian.PutUint32(rest[12:], n.ssrc)
		n.seq++
		n.packets++
		n.octets += uint32(size - header)
		rest = rest[size:]
	}
	putStamp(b, at)
	return b
}

// appendReport appends an RTCP sender report, at the current timestamp.
func (n *numbers) appendReport(b []byte, at time.Time) []byte {
	const size, senderReport, toUnix = 28, 200, 2208988800
	b = append(b, '$', 1, 0, size, 0x80, senderReport, 0, size/4-1)
	b = binary.BigEndian.AppendUint32(b, n.ssrc)
	b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()+toUnix))
	b = binary.BigEndian.AppendUint32(b, uint32(uint64(at.Nanosecond())<<32/1e9))
	b = binary.BigEndian.AppendUint32(b, n.timestamp)
	b = binary.BigEndian.AppendUint32(b, n.packets)
	return binary.BigEndian.AppendUint32(b, n.octets)
}

// stampSize is the last bytes of a picture, which tell when the camera sent it: two to know them by,
// and microseconds since 1970 in eight times seven bits, so that none is zero.
const stampSize = 10

func putStamp(b []byte, at time.Time) {
	b = b[len(b)-stampSize:]
	b[0], b[1] = 0xa5, 0x5a
	us := uint64(at.UnixMicro())
	for i := range 8 {
		b[2+i] = 0x80 | byte(us>>(7*i))
	}
}

// stamp reads when the picture was sent whose last bytes b ends with.
func stamp(b []byte) (time.Time, bool) {
	if len(b) < stampSize {
		return time.Time{}, false
	}
	b = b[len(b)-stampSize:]
	if b[0] != 0xa5 || b[1] != 0x5a {
		return time.Time{}, false
	}
	var us uint64
	for i := range 8 {
		us |= uint64(b[2+i]&0x7f) << (7 * i)
	}
	return time.UnixMicro(int64(us)), true
}
