package live

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/pion/rtp"
)

// How long is waited for sound before there is silence in its stead, in ns.
const (
	holdFirst = second * 15 / 100 // before there was any
	holdHeard = second / 2        // since there was
	holdMore  = second / 5        // more each time that it came all the same, too late
	holdMost  = 2 * second
)

// audio is the muxer's audio track.
type audio struct {
	counter
	reports
	layout
	track int
	kind  uint8 // payload type
	entry
	// unpack is the access units of a packet; none when it is a part of one, or broken.
	unpack func(packet) [][]byte
	// length is how long an access unit lasts, in ticks.
	length func([]byte) int64

	// silent is an access unit of silence.
	silent []byte
	// hold is how far the sound may be behind the picture before silence is put in its place, in ns.
	hold   int64
	filled bool // silence was

	aligned bool  // offset is known
	offset  int64 // ns on the timeline of the counter's 0
	lag     int64 // ns that the packets come later than that, on average
}

// newAudio is nil when no browser plays the format.
func newAudio(track int, f format.Format) *audio {
	a := &audio{track: track, kind: f.PayloadType(), hold: holdFirst}
	switch f := f.(type) {
	case *format.MPEG4Audio:
		d, err := f.CreateDecoder()
		if f.Config == nil || err != nil || !a.aac(*f.Config) {
			return nil
		}
		a.unpack = func(p packet) [][]byte {
			units, err := d.Decode(p.pion())
			if err != nil { // or more are needed
				return nil
			}
			return units
		}
	case *format.MPEG4AudioLATM:
		if f.CPresent || f.StreamMuxConfig == nil || len(f.StreamMuxConfig.Programs) != 1 || len(f.StreamMuxConfig.Programs[0].Layers) != 1 {
			return nil
		}
		config := f.StreamMuxConfig.Programs[0].Layers[0].AudioSpecificConfig
		d, err := f.CreateDecoder()
		if config == nil || err != nil || !a.aac(*config) {
			return nil
		}
		a.unpack = func(p packet) [][]byte {
			element, err := d.Decode(p.pion())
			if err != nil {
				return nil
			}
			return latm(element, f.StreamMuxConfig.NumSubFrames+1)
		}
	case *format.Opus:
		if f.ChannelCount < 1 || f.ChannelCount > 2 {
			return nil
		}
		a.opus(f.ChannelCount)
		a.unpack = func(p packet) [][]byte { return [][]byte{p.payload} }
	default:
		return nil
	}
	a.counter.rate = int64(a.entry.rate)
	a.entry.id = audioID
	return a
}

// latm cuts an AudioMuxElement of one program and layer into access units (ISO/IEC 14496-3, 1.7.3).
// What may follow them is of no use.
func latm(b []byte, frames uint) (units [][]byte) {
	for range frames {
		n, more := 0, true
		for more && len(b) > 0 {
			n, more, b = n+int(b[0]), b[0] == 0xff, b[1:]
		}
		if more || n > len(b) {
			return nil
		}
		units = append(units, b[:n])
		b = b[n:]
	}
	return units
}

// pion is the packet for the library's decoders.
func (p packet) pion() *rtp.Packet {
	return &rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: p.marker, PayloadType: p.kind, SequenceNumber: p.sequence, Timestamp: p.timestamp},
		Payload: p.payload,
	}
}

// aac makes an AAC track (ISO/IEC 14496-14, 5.6); false when its configuration makes no sense.
func (a *audio) aac(c mpeg4audio.AudioSpecificConfig) bool {
	raw, err := c.Marshal()
	if err != nil || c.SampleRate <= 0 {
		return false
	}
	switch c.ChannelCount {
	case 1:
		a.silent = []byte{0x01, 0x18, 0x20, 0x07}
	case 2:
		a.silent = []byte{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c}
	default:
		return false
	}
	ticks := int64(mpeg4audio.SamplesPerAccessUnit)
	if c.FrameLengthFlag {
		ticks = 960
	}
	a.length = func([]byte) int64 { return ticks }
	kind := c.Type
	if c.ExtensionType != 0 {
		kind = c.ExtensionType
	}
	a.entry.rate = uint32(c.SampleRate)
	a.entry.codec = fmt.Sprintf("mp4a.40.%d", kind)
	a.entry.sample = func(w *boxes) {
		w.sound("mp4a", c.ChannelCount, c.SampleRate, func() {
			w.full("esds", 0, 0, func() { // ISO/IEC 14496-1, 7.2.6
				n := uint8(len(raw))
				w.u8(3, 3+2+13+2+n+3)
				w.u16(audioID)
				w.u8(0)
				w.u8(4, 13+2+n, 0x40, 0x15)
				w.zero(3 + 4 + 4)
				w.u8(5, n)
				w.u8(raw...)
				w.u8(6, 1, 2)
			})
		})
	}
	return len(raw) < 64
}

// opus makes an Opus track (RFC 7587; Encapsulation of Opus in ISO Base Media File Format).
func (a *audio) opus(channels int) {
	const rate = 48000
	a.length = opus.PacketDuration2
	a.silent = []byte{0xf8, 0xff, 0xfe}
	a.entry.rate = rate
	a.entry.codec = "opus"
	a.entry.sample = func(w *boxes) {
		w.sound("Opus", channels, rate, func() {
			w.in("dOps", func() {
				w.u8(0, uint8(channels))
				w.u16(0)
				w.u32(rate)
				w.u16(0)
				w.u8(0)
			})
		})
	}
}
