package live

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// h264Coding is H.264 over RTP (RFC 6184) and in MP4 (ISO/IEC 14496-15, 5).
type h264Coding struct{}

func (h264Coding) payload(a *assembly, p []byte) {
	const stapA, fuA = 24, 28
	switch t := p[0] & 0x1f; {
	case t > 0 && t < stapA:
		a.add(p)
	case t == stapA:
		a.broken = !aggregate(p[1:], a.add) || a.broken
	case t == fuA && len(p) > 2:
		if p[1]&0x80 != 0 {
			a.first(p[0]&0xe0 | p[1]&0x1f)
		}
		a.more(p[2:], p[1]&0x40 != 0)
	default:
		a.broken = true
	}
}

// aggregate cuts NAL units apart of which each comes after its length in two bytes.
func aggregate(b []byte, add func([]byte)) bool {
	for len(b) > 2 {
		n := int(b[0])<<8 | int(b[1])
		if n > len(b)-2 {
			return false
		}
		add(b[2 : 2+n])
		b = b[2+n:]
	}
	return true
}

func (h264Coding) classify(s *sets, nal []byte, begins bool) part {
	const sliceOf, partA, partC, idr, sei, spsType, ppsType = 1, 2, 4, 5, 6, 7, 8
	switch t := nal[0] & 0x1f; {
	case t == idr:
		return key
	case t == sliceOf && begins && intra(nal):
		return key // the camera has no IDR pictures; some browsers can begin here
	case t == sliceOf, t >= partA && t <= partC:
		return slice
	case t == sei:
		return aside
	case t == spsType && len(nal) > 4:
		at := 0
		s.put(sps, exp(nal[4:], &at), nal)
	case t == ppsType && len(nal) > 1:
		at := 0
		s.put(pps, exp(nal[1:], &at), nal)
	}
	return idle
}

// intra reports whether a slice needs no other picture (ITU-T H.264, 7.4.3).
func intra(nal []byte) bool {
	at := 8
	exp(nal, &at) // first_mb_in_slice
	t := exp(nal, &at) % 5
	return t == 2 || t == 4
}

func (h264Coding) entry(s *sets) (entry, int, bool) {
	if len(s.have[sps]) == 0 || len(s.have[pps]) == 0 {
		return entry{}, 0, false
	}
	raw := s.have[sps][0].raw
	var p h264.SPS
	if p.Unmarshal(raw) != nil || !sane(p.Width(), p.Height()) {
		return entry{}, 0, false
	}
	depth := 0
	if p.PicOrderCntType != 2 && p.VUI != nil && p.VUI.BitstreamRestriction != nil {
		depth = min(int(p.VUI.BitstreamRestriction.MaxNumReorderFrames), deepest)
	}
	width, height := uint32(p.Width()), uint32(p.Height())
	lists := s.have // the entry may be written after the sets have changed
	return entry{
		id: videoID, rate: videoRate, width: width, height: height,
		codec: fmt.Sprintf("avc1.%02x%02x%02x", raw[1], raw[2], raw[3]),
		sample: func(w *boxes) {
			w.picture("avc1", width, height, func() {
				w.in("avcC", func() {
					w.u8(1, raw[1], raw[2], raw[3], 0xff, 0xe0|uint8(len(lists[sps])))
					for _, one := range lists[sps] {
						w.sized(one.raw)
					}
					w.u8(uint8(len(lists[pps])))
					for _, one := range lists[pps] {
						w.sized(one.raw)
					}
					switch raw[1] {
					case 66, 77, 88:
					default:
						w.u8(0xfc|uint8(p.ChromaFormatIdc), 0xf8|uint8(p.BitDepthLumaMinus8), 0xf8|uint8(p.BitDepthChromaMinus8), 0)
					}
				})
			})
		},
	}, depth, true
}

// sane reports whether a picture's size is one.
func sane(width, height int) bool {
	const most = 1 << 14
	return width > 0 && width <= most && height > 0 && height <= most
}
