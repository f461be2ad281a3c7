package source

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
)

// nal is a unit of n bytes that differ.
func nal(header []byte, n int) []byte {
	b := append([]byte(nil), header...)
	for i := len(header); i < n; i++ {
		b = append(b, byte(i*7+i>>8))
	}
	return b
}

func aggregate(header []byte, nals ...[]byte) []byte {
	b := append([]byte(nil), header...)
	for _, n := range nals {
		b = append(append(b, byte(len(n)>>8), byte(len(n))), n...)
	}
	return b
}

// A reader's decoder gets the same units out of the packets that are made as the camera had put in.
func TestRefit(t *testing.T) {
	t.Parallel()
	sps, idr := []byte{0x67}, []byte{0x65, 0x80}
	vps, irap := []byte{0x40, 1}, []byte{0x26, 1, 0x80}
	for _, c := range []struct {
		name     string
		format   format.Format
		payloads [][]byte // of one picture
		want     [][]byte // units
	}{
		{"small ones", &format.H264{PayloadTyp: 96, PacketizationMode: 1}, [][]byte{nal(sps, 20), nal(idr, 1460)}, [][]byte{nal(sps, 20), nal(idr, 1460)}},
		{"a unit one byte too large", &format.H264{PayloadTyp: 96, PacketizationMode: 1}, [][]byte{nal(idr, 1461)}, [][]byte{nal(idr, 1461)}},
		{"a large unit", &format.H264{PayloadTyp: 96, PacketizationMode: 1}, [][]byte{nal(sps, 20), nal(idr, 60_000)}, [][]byte{nal(sps, 20), nal(idr, 60_000)}},
		{"large fragments", &format.H264{PayloadTyp: 96, PacketizationMode: 1}, [][]byte{
			append([]byte{0x7c, 0x85}, nal(idr, 9000)[1:4000]...), append([]byte{0x7c, 0x05}, nal(idr, 9000)[4000:8500]...), append([]byte{0x7c, 0x45}, nal(idr, 9000)[8500:]...),
		}, [][]byte{nal(idr, 9000)}},
		{"a large aggregate", &format.H264{PayloadTyp: 96, PacketizationMode: 1}, [][]byte{aggregate([]byte{0x78}, nal(sps, 20), nal(idr, 3000))}, [][]byte{nal(sps, 20), nal(idr, 3000)}},
		{"H.265, a large unit", &format.H265{PayloadTyp: 96}, [][]byte{nal(vps, 20), nal(irap, 30_000)}, [][]byte{nal(vps, 20), nal(irap, 30_000)}},
		{"H.265, large fragments", &format.H265{PayloadTyp: 96}, [][]byte{
			append([]byte{0x62, 1, 0x93}, nal(irap, 9000)[2:4000]...), append([]byte{0x62, 1, 0x53}, nal(irap, 9000)[4000:]...),
		}, [][]byte{nal(irap, 9000)}},
		{"H.265, a large aggregate", &format.H265{PayloadTyp: 96}, [][]byte{aggregate([]byte{0x60, 1}, nal(vps, 20), nal(irap, 3000))}, [][]byte{nal(vps, 20), nal(irap, 3000)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := &record{}
			s := player(sink, c.format)
			e := &encoder{kind: 96, ssrc: 1, sequence: 65530, channel: 10, extension: true}
			for range 3 {
				for i, p := range c.payloads {
					s.feed(t, e.frame(p, i == len(c.payloads)-1), func() int { return 1 << 20 })
				}
				e.timestamp += 3600
			}
			if len(sink.units) != 3 || !sink.units[1].Keyframe || sink.lost != 0 {
				t.Fatalf("%d units, %d lost", len(sink.units), sink.lost)
			}
			all := packets(t, sink.units)
			var got [][]byte
			h264 := &rtph264.Decoder{PacketizationMode: 1}
			h265 := &rtph265.Decoder{}
			if h264.Init() != nil || h265.Init() != nil {
				t.Fatal("no decoder")
			}
			for i, p := range all {
				if i > 0 && p.SequenceNumber != all[i-1].SequenceNumber+1 {
					t.Fatalf("packet %d has number %d after %d", i, p.SequenceNumber, all[i-1].SequenceNumber)
				}
				if len(p.Payload) > maxPayload || p.SSRC != 1 || len(p.CSRC) != 1 || !bytes.Equal(p.GetExtension(1), []byte{1, 2, 3}) {
					t.Fatalf("packet %d: %v", i, p.Header)
				}
				var au [][]byte
				var err error
				if _, ok := c.format.(*format.H264); ok {
					au, err = h264.Decode(p)
				} else {
					au, err = h265.Decode(p)
				}
				if (err == nil) != p.Marker {
					t.Fatalf("packet %d, marker %v: %v", i, p.Marker, err)
				}
				got = append(got, au...)
			}
			want := append(append(append([][]byte{}, c.want...), c.want...), c.want...)
			if len(got) != len(want) {
				t.Fatalf("%d units, want %d", len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("unit %d has %d bytes, want %d, or differs", i, len(got[i]), len(want[i]))
				}
			}
		})
	}
}

func FuzzRefit(f *testing.F) {
	large := nal([]byte{0x65}, 5000)
	f.Add(append([]byte{0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, large...))
	f.Add(append([]byte{0xb1, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 0}, append(aggregate([]byte{0x78}, []byte{0x67, 1}, large), 0, 3, 3)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 0xffff {
			return
		}
		for _, forma := range []format.Format{&format.H264{PayloadTyp: 96}, &format.H265{PayloadTyp: 96}} {
			sink := &record{}
			s := player(sink, forma)
			frame := append([]byte{'$', 10, byte(len(raw) >> 8), byte(len(raw))}, raw...)
			s.tracks[0].packet(s.in, frame, -1, time.Now())
			s.tracks[0].flush(s.in)
			for _, u := range sink.units {
				n := 0
				for b := range u.Packets() {
					if _, ok := parseRTP(b); !ok {
						t.Fatal("what was a packet is none any more")
					}
					n++
				}
				if n != u.Len() {
					t.Fatalf("%d packets, %d said", n, u.Len())
				}
			}
		}
	})
}

func FuzzRTP(f *testing.F) {
	f.Add([]byte{0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9})
	f.Add([]byte{0xb1, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 9, 9, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parseRTP(b)
		if ok && (p.payload < rtpHeader || p.payload > p.end || p.end > len(b)) {
			t.Fatalf("%+v of %d bytes", p, len(b))
		}
		senderReport(b)
		if ok {
			readH264(b[p.payload:p.end])
			readH265(b[p.payload:p.end])
		}
	})
}

// A header as long as a packet is not repeated for each of thousands of fragments.
func TestRefitLongHeader(t *testing.T) {
	t.Parallel()
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	words := 8000
	b := make([]byte, rtpHeader, 65535)
	b[0], b[1] = 0x90, 0x80|96
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(words))
	b = append(b, make([]byte, 4*words)...)
	b = append(b, h264StapA)
	for len(b)+3 <= 65535 {
		b = append(b, 0, 1, 5)
	}
	f := append([]byte{'$', 10, byte(len(b) >> 8), byte(len(b))}, b...)
	s.feed(t, f, func() int { return 1 << 20 })
	if len(sink.units) != 1 {
		t.Fatalf("%d units", len(sink.units))
	}
	if n := sink.units[0].Size(); n > 2*len(f) {
		t.Errorf("%d bytes became %d", len(f), n)
	}
}
