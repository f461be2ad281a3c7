package live

import "strings"

// The numbers of the tracks.
const (
	videoID = 1
	audioID = 2
)

// entry is what the initialisation segment says of a track.
type entry struct {
	id            uint32
	rate          uint32 // ticks a second
	width, height uint32 // 0 for sound
	codec         string // RFC 6381
	sample        func(w *boxes)
}

// initialise is the initialisation segment of the tracks (ISO/IEC 14496-12, 8), and its type.
func initialise(tracks []entry) Segment {
	w := &boxes{}
	w.in("ftyp", func() {
		w.text("iso5")
		w.u32(512)
		w.text("iso5iso6mp41")
	})
	w.in("moov", func() {
		w.full("mvhd", 0, 0, func() {
			w.zero(8)
			w.u32(1000)
			w.zero(4)
			w.u32(0x10000)
			w.u16(0x100)
			w.zero(10)
			w.matrix()
			w.zero(24)
			w.u32(audioID + 1)
		})
		for _, t := range tracks {
			w.in("trak", func() { w.track(t) })
		}
		w.in("mvex", func() {
			for _, t := range tracks {
				w.full("trex", 0, 0, func() {
					w.u32(t.id)
					w.u32(1)
					w.zero(12)
				})
			}
		})
	})
	var codecs []string
	for _, t := range tracks {
		codecs = append(codecs, t.codec)
	}
	return Segment{MIME: `video/mp4; codecs="` + strings.Join(codecs, ",") + `"`, Data: w.b}
}

func (w *boxes) track(t entry) {
	sound := t.width == 0
	w.full("tkhd", 0, 3, func() {
		w.zero(8)
		w.u32(t.id)
		w.zero(8 + 8 + 4)
		if sound {
			w.u16(0x100)
		} else {
			w.u16(0)
		}
		w.zero(2)
		w.matrix()
		w.u32(t.width << 16)
		w.u32(t.height << 16)
	})
	w.in("mdia", func() {
		w.full("mdhd", 0, 0, func() {
			w.zero(8)
			w.u32(t.rate)
			w.zero(4)
			w.u16(0x55c4) // no language
			w.zero(2)
		})
		w.full("hdlr", 0, 0, func() {
			w.zero(4)
			if sound {
				w.text("soun")
			} else {
				w.text("vide")
			}
			w.zero(12 + 1)
		})
		w.in("minf", func() {
			if sound {
				w.full("smhd", 0, 0, func() { w.zero(4) })
			} else {
				w.full("vmhd", 0, 1, func() { w.zero(8) })
			}
			w.in("dinf", func() {
				w.full("dref", 0, 0, func() {
					w.u32(1)
					w.full("url ", 0, 1, func() {})
				})
			})
			w.in("stbl", func() {
				w.full("stsd", 0, 0, func() {
					w.u32(1)
					t.sample(w)
				})
				w.full("stts", 0, 0, func() { w.zero(4) })
				w.full("stsc", 0, 0, func() { w.zero(4) })
				w.full("stsz", 0, 0, func() { w.zero(8) })
				w.full("stco", 0, 0, func() { w.zero(4) })
			})
		})
	})
}

// picture writes the sample entry of a video track (ISO/IEC 14496-12, 12.1.3).
func (w *boxes) picture(name string, width, height uint32, config func()) {
	w.in(name, func() {
		w.zero(6)
		w.u16(1)
		w.zero(16)
		w.u16(uint16(width))
		w.u16(uint16(height))
		w.u32(0x480000)
		w.u32(0x480000)
		w.zero(4)
		w.u16(1)
		w.zero(32)
		w.u16(0x18)
		w.u16(0xffff)
		config()
	})
}

// sound writes the sample entry of an audio track (ISO/IEC 14496-12, 12.2.3).
func (w *boxes) sound(name string, channels, rate int, config func()) {
	w.in(name, func() {
		w.zero(6)
		w.u16(1)
		w.zero(8)
		w.u16(uint16(channels))
		w.u16(16)
		w.zero(4)
		if rate > 0xffff { // then the decoder's configuration alone tells
			rate = 0
		}
		w.u32(uint32(rate) << 16)
		config()
	})
}
