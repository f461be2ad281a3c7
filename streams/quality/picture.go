package quality

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"sharpeyes/streams"
)

type codec byte

const (
	opaque codec = iota // of which only sizes are known
	avc                 // H.264, RFC 6184
	hevc                // H.265, RFC 7798
)

// What is taken for plausible in parameter sets.
const (
	minRate, maxRate = 1, 240
	usualBlocks      = 8160 // macroblocks of 1920 × 1080
)

// parameters is what the stream says of itself.
type parameters struct {
	codec  codec
	rate   float64 // pictures/s; 0: it doesn't say
	blocks int     // macroblocks of a picture
	seed   maphash.Seed
}

func newParameters(m *description.Media) parameters {
	p := parameters{blocks: usualBlocks, seed: maphash.MakeSeed()}
	for _, f := range m.Formats {
		switch f := f.(type) {
		case *format.H264:
			p.codec = avc
			sps, _ := f.SafeParams()
			p.set(sps)
			return p
		case *format.H265:
			p.codec = hevc
			_, sps, _ := f.SafeParams()
			p.set(sps)
			return p
		}
	}
	return p
}

// set takes over a sequence parameter set; one that can't be read changes nothing.
func (p *parameters) set(nalu []byte) {
	var width, height int
	var rate float64
	switch {
	case len(nalu) == 0:
		return
	case p.codec == avc:
		var s h264.SPS
		if s.Unmarshal(nalu) != nil {
			return
		}
		width, height, rate = s.Width(), s.Height(), s.FPS()
	case p.codec == hevc:
		var s h265.SPS
		if s.Unmarshal(nalu) != nil {
			return
		}
		width, height, rate = s.Width(), s.Height(), s.FPS()
	}
	if n := (width + 15) / 16 * ((height + 15) / 16); n > 0 {
		p.blocks = n
	}
	p.rate = 0
	if rate >= minRate && rate <= maxRate {
		p.rate = rate
	}
}

// picture is what was coded in one unit.
type picture struct {
	bytes  int // of its slices
	slices int
	hash   uint64 // of the second half of a keyframe's packets
	blocks int
}

// skipped is about the most bytes that a picture takes in which every macroblock is skipped.
func (p picture) skipped() int { return 24 + 16*max(p.slices, 1) + p.blocks/64 }

// read finds the slices of a unit.
func (p *parameters) read(u *streams.Unit) picture {
	pic := picture{blocks: p.blocks}
	var h maphash.Hash
	h.SetSeed(p.seed)
	n := 0
	for raw := range u.Packets() {
		payload := payloadOf(raw)
		if n++; u.Keyframe && 2*n > u.Len() {
			half := payload
			if u.Len() == 1 {
				half = payload[len(payload)/2:]
			}
			_, _ = h.Write(half)
		}
		p.payload(&pic, payload, u.Keyframe)
	}
	pic.hash = h.Sum64()
	return pic
}

// payloadOf is what an RTP packet carries (RFC 3550, 5.1); nil when it is cut short.
func payloadOf(raw []byte) []byte {
	if len(raw) < rtpHeader {
		return nil
	}
	at := rtpHeader + 4*int(raw[0]&0x0f)
	if raw[0]&0x10 != 0 {
		if len(raw) < at+4 {
			return nil
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(raw[at+2:]))
	}
	end := len(raw)
	if raw[0]&0x20 != 0 {
		end -= int(raw[end-1])
	}
	if at > end {
		return nil
	}
	return raw[at:end]
}

// payload reads one RTP payload: a NAL unit, several, or a fragment of one.
func (p *parameters) payload(pic *picture, b []byte, keyframe bool) {
	if p.codec == opaque {
		pic.bytes += len(b)
		return
	}
	header, aggregate, fragment := 1, byte(24), byte(28)
	if p.codec == hevc {
		header, aggregate, fragment = 2, 48, 49
	}
	if len(b) <= header {
		return
	}
	switch p.kind(b[0]) {
	case aggregate:
		for b = b[header:]; len(b) > 2; {
			n := int(binary.BigEndian.Uint16(b))
			if b = b[2:]; n > len(b) {
				return
			}
			p.nalu(pic, b[:n], keyframe)
			b = b[n:]
		}
	case fragment:
		fu := b[header]
		kind := fu & 0x1f
		if p.codec == hevc {
			kind = fu & 0x3f
		}
		if p.slice(kind) {
			pic.bytes += len(b) - header - 1
			if fu&0x80 != 0 {
				pic.slices++
			}
		}
	default:
		p.nalu(pic, b, keyframe)
	}
}

func (p *parameters) nalu(pic *picture, b []byte, keyframe bool) {
	if len(b) == 0 {
		return
	}
	kind := p.kind(b[0])
	switch {
	case p.slice(kind):
		pic.bytes += len(b)
		pic.slices++
	case keyframe && (p.codec == avc && kind == 7 || p.codec == hevc && kind == 33):
		p.set(b)
		pic.blocks = p.blocks
	}
}

// kind is the type of a NAL unit by its first byte.
func (p *parameters) kind(first byte) byte {
	if p.codec == hevc {
		return first >> 1 & 0x3f
	}
	return first & 0x1f
}

// slice reports whether NAL units of the type hold a part of the picture.
func (p *parameters) slice(kind byte) bool {
	if p.codec == hevc {
		return kind < 32
	}
	return kind >= 1 && kind <= 5
}
