package live

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"sharpeyes/streams"
)

// FuzzUnit takes whatever a camera may send: packets, each after its length in two bytes, the top
// bits of which say what it belongs to.
func FuzzUnit(f *testing.F) {
	const sound, control, ends, size = 0x8000, 0x4000, 0x2000, 0x1fff
	for name, kind := range map[string]byte{"moving-sub.h264": 0, "still.h265": 1} {
		pictures, h265 := clip(f, name)
		c := cameraOf(f, h265, 40)
		var b []byte
		for i, picture := range pictures[:3] {
			last := len(picture) - 1
			picture[last] = picture[last][:min(60, len(picture[last]))] // large seeds take the fuzzer minutes to look through
			packets, err := c.encode(picture)
			if err != nil {
				f.Fatal(err)
			}
			for _, p := range packets {
				p.Timestamp = uint32(i * 3600)
				raw, err := p.Marshal()
				if err != nil {
					f.Fatal(err)
				}
				n := uint16(len(raw))
				if p.Marker {
					n |= ends
				}
				b = append(binary.BigEndian.AppendUint16(b, n), raw...)
			}
			for raw := range aacUnit(f, 1, uint16(i), uint32(i*2048), c.now, 2).Packets() {
				b = append(binary.BigEndian.AppendUint16(b, sound|ends|uint16(len(raw))), raw...)
			}
			for raw := range senderReport(0, c.now, uint32(i*3600)).Packets() {
				b = append(binary.BigEndian.AppendUint16(b, control|ends|uint16(len(raw))), raw...)
			}
		}
		f.Add(kind, b)
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		var formats []format.Format
		if kind&1 == 0 {
			formats = append(formats, &format.H264{PayloadTyp: 96})
		} else {
			formats = append(formats, &format.H265{PayloadTyp: 96})
		}
		switch kind >> 1 & 3 {
		case 0:
			formats = append(formats, aacFormat())
		case 1:
			formats = append(formats, &format.Opus{PayloadTyp: 97, ChannelCount: 2})
		case 2:
			formats = append(formats, &format.MPEG4AudioLATM{PayloadTyp: 97, StreamMuxConfig: &mpeg4audio.StreamMuxConfig{
				Programs: []*mpeg4audio.StreamMuxConfigProgram{{Layers: []*mpeg4audio.StreamMuxConfigLayer{{
					AudioSpecificConfig: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 44100, ChannelCount: 2},
				}}}},
			}})
		}
		m, err := New(describe(formats...))
		if err != nil {
			t.Fatal(err)
		}
		next := map[uint32]int64{}
		now := time.Unix(1_700_000_000, 0)
		var u *streams.Unit
		for len(b) >= 2 {
			head := binary.BigEndian.Uint16(b)
			n := min(int(head&size), len(b)-2)
			raw := b[2 : 2+n]
			b = b[2+n:]
			if u == nil {
				now = now.Add(20 * time.Millisecond)
				u = streams.NewUnit(int(head>>15), head&control != 0, n)
				u.At = now
				u.Keyframe = head&size%2 == 0
			}
			u.Append(raw)
			if head&ends == 0 {
				continue
			}
			for i, s := range m.Unit(u) {
				if s.MIME != "" {
					box(t, s.Data, "moov", "mvex", "trex")
					if i != 0 {
						t.Fatal("an initialisation segment that isn't the first")
					}
					continue
				}
				p := parseFragment(t, s.Data)
				if at, known := next[p.track]; known && p.at != at || p.at < 0 {
					t.Fatalf("track %d at %d, want %d", p.track, p.at, at)
				}
				next[p.track] = p.at
				for _, d := range p.durations {
					next[p.track] += int64(d)
				}
			}
			u = nil
		}
	})
}

// BenchmarkPicture is what a picture of 2 Mbit/s costs for one reader.
func BenchmarkPicture(b *testing.B) {
	pictures, _ := clip(b, "moving.h264")
	c := newCamera(b, false)
	units := make([]*streams.Unit, 50)
	size := 0
	for i := range units {
		units[i] = c.unit(pictures[i], uint32(i*3600), -1)
		size += units[i].Size()
	}
	m := muxer(b)
	b.SetBytes(int64(size / len(units)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == 0 {
			m.video.begun = false // the loop begins anew, which is no loss
		}
		if len(m.Unit(units[i])) == 0 {
			b.Fatal("nothing came of it")
		}
		i = (i + 1) % len(units)
	}
}
