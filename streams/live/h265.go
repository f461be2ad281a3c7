package live

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// h265Coding is H.265 over RTP (RFC 7798) and in MP4 (ISO/IEC 14496-15, 8).
type h265Coding struct{}

func (h265Coding) payload(a *assembly, p []byte) {
	const ap, fu = 48, 49
	if len(p) < 3 {
		a.broken = true
		return
	}
	switch t := p[0] >> 1 & 0x3f; {
	case t < ap:
		a.add(p)
	case t == ap:
		a.broken = !aggregate(p[2:], a.add) || a.broken
	case t == fu && len(p) > 3:
		if p[2]&0x80 != 0 {
			a.first(p[0]&0x81|p[2]&0x3f<<1, p[1])
		}
		a.more(p[3:], p[2]&0x40 != 0)
	default:
		a.broken = true
	}
}

func (h265Coding) classify(s *sets, nal []byte, _ bool) part {
	const raslN, raslR, lastSlice, bla, lastIRAP, vpsType, spsType, ppsType, prefixSEI, suffixSEI = 8, 9, 9, 16, 23, 32, 33, 34, 39, 40
	if len(nal) < 3 {
		return idle
	}
	switch t := nal[0] >> 1 & 0x3f; {
	case t == raslN, t == raslR:
		return early
	case t <= lastSlice:
		return slice
	case t >= bla && t <= lastIRAP:
		return key
	case t == prefixSEI, t == suffixSEI:
		return aside
	case t == vpsType:
		s.put(vps, uint32(nal[2]>>4), nal)
	case t == spsType: // its id comes late, and cameras have but one
		s.put(sps, 0, nal)
	case t == ppsType:
		at := 0
		s.put(pps, exp(nal[2:], &at), nal)
	}
	return idle
}

func (h265Coding) entry(s *sets) (entry, int, bool) {
	if len(s.have[vps]) == 0 || len(s.have[sps]) == 0 || len(s.have[pps]) == 0 {
		return entry{}, 0, false
	}
	raw := s.have[sps][0].raw
	var p h265.SPS
	plain := h264.EmulationPreventionRemove(raw[:min(len(raw), 64)])
	if p.Unmarshal(raw) != nil || !sane(p.Width(), p.Height()) || len(plain) < 15 {
		return entry{}, 0, false
	}
	// Twelve bytes that avoid every ambiguity: profile, compatibility, constraints and level, as they
	// stand in the SPS (ITU-T H.265, 7.3.3).
	general := plain[3:15]
	depth := 0
	if n := len(p.MaxNumReorderPics); n > 0 {
		depth = min(int(p.MaxNumReorderPics[n-1]), deepest)
	}
	width, height := uint32(p.Width()), uint32(p.Height())
	lists := s.have
	return entry{
		id: videoID, rate: videoRate, width: width, height: height, codec: h265Codec(general),
		sample: func(w *boxes) {
			w.picture("hvc1", width, height, func() {
				w.in("hvcC", func() { // ISO/IEC 14496-15, 8.3.3.1
					w.u8(1)
					w.u8(general...)
					w.u16(0xf000)
					w.u8(0xfc, 0xfc|uint8(p.ChromaFormatIdc), 0xf8|uint8(p.BitDepthLumaMinus8), 0xf8|uint8(p.BitDepthChromaMinus8))
					w.u16(0)
					nested := uint8(0)
					if p.TemporalIDNestingFlag {
						nested = 1
					}
					w.u8((p.MaxSubLayersMinus1+1)<<3|nested<<2|3, kinds)
					for kind, nal := range [kinds]uint8{vps: 32, sps: 33, pps: 34} {
						w.u8(0x80 | nal)
						w.u16(uint16(len(lists[kind])))
						for _, one := range lists[kind] {
							w.sized(one.raw)
						}
					}
				})
			})
		},
	}, depth, true
}

// h265Codec is the codecs parameter (ISO/IEC 14496-15, E.3): the profile, its compatibility flags in
// reverse, tier and level, and the constraints up to the last that isn't zero.
func h265Codec(general []byte) string {
	space := []string{"", "A", "B", "C"}[general[0]>>6]
	tier := "L"
	if general[0]&0x20 != 0 {
		tier = "H"
	}
	compatible := uint32(general[1])<<24 | uint32(general[2])<<16 | uint32(general[3])<<8 | uint32(general[4])
	var c strings.Builder
	fmt.Fprintf(&c, "hvc1.%s%d.%X.%s%d", space, general[0]&0x1f, bits.Reverse32(compatible), tier, general[11])
	constraints := general[5:11]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, b := range constraints {
		fmt.Fprintf(&c, ".%X", b)
	}
	return c.String()
}
