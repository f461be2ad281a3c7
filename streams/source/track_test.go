package source

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"sharpeyes/streams"
)

// record keeps what it is handed.
type record struct {
	units   []*streams.Unit
	lost    uint64
	playing int
}

func (r *record) Describe(*streams.Description) {}
func (r *record) Playing()                      { r.playing++ }
func (r *record) Deliver(u *streams.Unit)       { r.units = append(r.units, u) }
func (r *record) Lost(n uint64)                 { r.lost += n }

// of is the units of one track, without RTCP.
func (r *record) of(track int) (all []*streams.Unit) {
	for _, u := range r.units {
		if u.Track == track && !u.Control {
			all = append(all, u)
		}
	}
	return all
}

func packets(t testing.TB, units []*streams.Unit) (all []*rtp.Packet) {
	t.Helper()
	for _, u := range units {
		n := 0
		for raw := range u.Packets() {
			var p rtp.Packet
			if err := p.Unmarshal(bytes.Clone(raw)); err != nil {
				t.Fatal(err)
			}
			all = append(all, &p)
			n++
		}
		if n != u.Len() {
			t.Fatalf("a unit of %d packets holds %d", u.Len(), n)
		}
		for b := u.Interleaved(); len(b) > 0; b = b[frameHeader+int(binary.BigEndian.Uint16(b[2:])):] {
			if b[0] != '$' || b[1] != u.Channel() {
				t.Fatalf("a frame begins with % x", b[:2])
			}
		}
	}
	return all
}

// player is a session that plays the medias, and that no camera is behind.
func player(sink streams.Sink, formats ...format.Format) *session {
	s := &session{source: &Source{}, sink: sink, in: newIntake(), armed: true, playing: true}
	for i, f := range formats {
		kind := description.MediaTypeAudio
		switch f.(type) {
		case *format.H264, *format.H265, *format.VP8:
			kind = description.MediaTypeVideo
		}
		m := media{desc: &description.Media{Type: kind, Formats: []format.Format{f}}}
		s.tracks = append(s.tracks, newTrack(i, m, sink))
		s.routes[2*i+10], s.routes[2*i+11] = newRoute(i, false), newRoute(i, true)
	}
	return s
}

// feed hands bytes to the session as if they came from the socket, size at a time.
func (s *session) feed(t testing.TB, b []byte, size func() int) {
	t.Helper()
	for len(b) > 0 {
		room := s.in.room()
		if len(room) == 0 {
			t.Fatal("no room")
		}
		n := copy(room[:min(max(size(), 1), len(room))], b)
		s.in.took(n, time.Now())
		b = b[n:]
		if err := s.digest(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// encoder makes the packets of one track.
type encoder struct {
	kind      uint8
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	channel   byte
	extension bool
}

func (e *encoder) frame(payload []byte, marker bool) []byte {
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: e.kind, SSRC: e.ssrc, SequenceNumber: e.sequence, Timestamp: e.timestamp, Marker: marker},
		Payload: payload,
	}
	if e.extension {
		p.CSRC = []uint32{7}
		if err := p.SetExtension(1, []byte{1, 2, 3}); err != nil {
			panic(err)
		}
	}
	e.sequence++
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return append([]byte{'$', e.channel, byte(len(b) >> 8), byte(len(b))}, b...)
}

// h264 is a picture as an encoder sends it: parameter sets and a slice in fragments.
func (e *encoder) h264(key bool, size int) (frames [][]byte) {
	kind := byte(1)
	if key {
		kind = h264IDR
		frames = append(frames, e.frame([]byte{0x67, 1, 2, 3}, false), e.frame([]byte{0x68, 1}, false))
	}
	for i := 0; i < size; i += 1400 {
		h := []byte{0x60 | h264FuA, kind}
		if i == 0 {
			h[1] |= fuStart
		}
		last := i+1400 >= size
		if last {
			h[1] |= fuEnd
		}
		slice := bytes.Repeat([]byte{0x80 | byte(e.sequence)}, min(1400, size-i))
		frames = append(frames, e.frame(append(h, slice...), last))
	}
	e.timestamp += 3600
	return frames
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 100, 1500, 5000, 1 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(size)))
			video := &encoder{kind: 96, ssrc: 1, sequence: 65500, channel: 10}
			second := &encoder{kind: 97, ssrc: 2, channel: 12}
			sound := &encoder{kind: 8, ssrc: 3, channel: 14}
			var stream []byte
			sent := [3][][]byte{}
			put := func(track int, frame []byte) {
				stream = append(stream, frame...)
				sent[track] = append(sent[track], frame[frameHeader:])
			}
			pictures := 200
			if size < 100 { // that takes long
				pictures = 51
			}
			for i := range pictures {
				n := 3000 + random.IntN(9000)
				if i%50 == 0 {
					n = 150_000 // more than a block
				}
				one, other := video.h264(i%50 == 0, n), second.h264(i%40 == 0, n/2)
				for j := range max(len(one), len(other)) {
					if j < len(one) {
						put(0, one[j])
					}
					if i%3 == 0 && j < len(other) { // the other camera's picture comes between
						put(1, other[j])
					}
					if random.IntN(20) == 0 {
						put(2, sound.frame(bytes.Repeat([]byte{0xd5}, 160), false))
						sound.timestamp += 160
					}
					if random.IntN(40) == 0 {
						stream = append(stream, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"...)
					}
				}
				if i%3 != 0 {
					for _, f := range other {
						put(1, f)
					}
				}
			}
			sink := &record{}
			s := player(sink, &format.H264{PayloadTyp: 96}, &format.H264{PayloadTyp: 97}, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1})
			s.feed(t, stream, func() int { return random.IntN(2*size) + 1 })
			for track, want := range sent {
				var got [][]byte
				units := sink.of(track)
				for _, u := range units {
					for raw := range u.Packets() {
						got = append(got, raw)
					}
				}
				packets(t, units)
				if !slices.EqualFunc(got, want, bytes.Equal) {
					t.Fatalf("track %d: %d packets came, %d were sent, or they differ", track, len(got), len(want))
				}
				if track < 2 && len(units) != pictures {
					t.Fatalf("track %d: %d units of %d pictures", track, len(units), pictures)
				}
			}
			for i, u := range sink.of(0) {
				if u.Keyframe != (i%50 == 0) {
					t.Fatalf("unit %d: keyframe %v", i, u.Keyframe)
				}
			}
			if sink.lost != 0 {
				t.Fatalf("%d lost", sink.lost)
			}
		})
	}
}

// Those who got a unit own it: nothing that comes later may touch it.
func TestUnitsStay(t *testing.T) {
	t.Parallel()
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	var before [][]byte
	for i := range 300 {
		s.feed(t, bytes.Join(e.h264(i%50 == 0, 5000), nil), func() int { return 1 << 20 })
		before = append(before, bytes.Clone(sink.units[i].Interleaved()))
	}
	for i, u := range sink.units {
		if !bytes.Equal(u.Interleaved(), before[i]) {
			t.Fatalf("unit %d has changed", i)
		}
	}
}

func TestEndOfUnits(t *testing.T) {
	t.Parallel()
	slice, later := []byte{0x61, 0x80, 1}, []byte{0x61, 0x40, 1}
	for _, c := range []struct {
		name string
		send func(*encoder) [][]byte
		want []int // packets of each unit
	}{
		{"no marker ever", func(e *encoder) (f [][]byte) {
			for range 4 {
				f = append(f, e.frame(slice, false), e.frame(later, false))
				e.timestamp += 3600
			}
			return f
		}, []int{2, 2, 2}},
		{"parameter sets with markers", func(e *encoder) (f [][]byte) {
			for range 2 {
				f = append(f, e.frame([]byte{0x67, 1}, true), e.frame([]byte{0x68, 1}, true))
				e.timestamp += 3600
				f = append(f, e.frame([]byte{0x65, 0x80}, true))
				e.timestamp += 3600
			}
			return f
		}, []int{3, 3}},
		{"a marker on every slice", func(e *encoder) (f [][]byte) {
			for range 6 {
				f = append(f, e.frame(slice, true), e.frame(later, true))
				e.timestamp += 3600
			}
			return f
		}, []int{1, 1, 1, 1, 1, 1, 2, 2}},
		{"a timestamp that stands still", func(e *encoder) (f [][]byte) {
			for range 6 {
				f = append(f, e.frame(slice, true))
			}
			return f
		}, []int{1, 1, 1, 1, 1, 1}},
		{"another SSRC in the middle", func(e *encoder) (f [][]byte) {
			f = append(f, e.frame(slice, true), e.frame(slice, false))
			e.ssrc, e.sequence, e.timestamp = 99, 7, 12345
			return append(f, e.frame(slice, true), e.frame(slice, true))
		}, []int{1, 1, 1, 1}},
		{"a payload type that nobody named", func(e *encoder) (f [][]byte) {
			f = append(f, e.frame(slice, false))
			e.kind = 111
			f = append(f, e.frame(later, true))
			e.kind = 96
			f = append(f, e.frame(later, true))
			e.kind = 111
			return append(f, e.frame(later, true))
		}, []int{3, 1}},
		{"one payload type for another", func(e *encoder) (f [][]byte) {
			e.kind = 111
			return [][]byte{e.frame([]byte{0x65, 0x80}, true), e.frame(slice, true)}
		}, []int{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := &record{}
			s := player(sink, &format.H264{PayloadTyp: 96})
			s.feed(t, bytes.Join(c.send(&encoder{kind: 96, ssrc: 1, channel: 10}), nil), func() int { return 50 })
			packets(t, sink.units)
			var got []int
			for _, u := range sink.units {
				got = append(got, u.Len())
			}
			if !slices.Equal(got, c.want) || sink.lost != 0 {
				t.Fatalf("packets %v, want %v; %d lost", got, c.want, sink.lost)
			}
		})
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	e := &encoder{kind: 96, ssrc: 1, sequence: 65530, channel: 10}
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	var lost uint64
	for i := range 50 {
		for j, f := range e.h264(i%25 == 0, 9000) {
			if i > 0 && i < 49 && (i+j)%11 == 0 {
				lost++
				continue
			}
			s.feed(t, f, func() int { return 1 << 20 })
		}
	}
	if sink.lost != lost {
		t.Fatalf("%d lost, want %d", sink.lost, lost)
	}
	b := s.tracks[0].reception.block(time.Now())
	if uint64(b.TotalLost) != lost || b.FractionLost == 0 || b.SSRC != 1 {
		t.Fatalf("reported %+v", b)
	}
	e.sequence += 20_000 // a restart is no loss
	s.feed(t, bytes.Join(e.h264(true, 9000), nil), func() int { return 1 << 20 })
	if sink.lost != lost {
		t.Fatalf("%d lost after a restart", sink.lost)
	}
}

func TestGarbageBetweenPackets(t *testing.T) {
	t.Parallel()
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	one := func() int { return 700 }
	s.feed(t, bytes.Join(e.h264(true, 4000), nil), one)
	s.feed(t, []byte("\x00\x01garbage $ RTS$$\x0a more\r\n\r\n"), one)
	s.feed(t, bytes.Join(e.h264(false, 4000), nil), one)
	if len(sink.units) != 2 || sink.lost == 0 {
		t.Fatalf("%d units, %d lost", len(sink.units), sink.lost)
	}
	var err error
	for range 2 * maxGarbage / 1000 {
		room := s.in.room()
		s.in.took(copy(room, bytes.Repeat([]byte{0xff}, 1000)), time.Now())
		if err = s.digest(time.Now()); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("garbage without end is taken without end")
	}
}

func FuzzInterleaved(f *testing.F) {
	e := &encoder{kind: 96, ssrc: 1, channel: 10, extension: true}
	sound := &encoder{kind: 8, ssrc: 2, channel: 12}
	seed := append(bytes.Join(e.h264(true, 3000), nil), sound.frame([]byte{1, 2}, true)...)
	seed = append(seed, bytes.Join(e.h264(false, 5000), nil)...)
	f.Add(append(seed, "RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab"...), uint16(900))
	f.Add([]byte("$\x0a\x00\x02ab$\x0b\x00\x1c\x80\xc8\x00\x06"+"0123456789012345678901234"), uint16(3))
	f.Add(e.frame(append([]byte{0x65}, bytes.Repeat([]byte{9}, 4000)...), true), uint16(4096))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		sink := &record{}
		s := player(sink, &format.H264{PayloadTyp: 96}, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}, &format.H265{PayloadTyp: 97})
		s.mute = true // there is no camera to answer
		for len(b) > 0 {
			room := s.in.room()
			n := copy(room[:min(int(size)+1, len(room))], b)
			s.in.took(n, time.Now())
			b = b[n:]
			if s.digest(time.Now()) != nil {
				break
			}
		}
		for _, u := range sink.units {
			n := 0
			for range u.Packets() {
				n++
			}
			if n != u.Len() {
				t.Fatalf("a unit of %d packets holds %d", u.Len(), n)
			}
		}
	})
}

// Empty lines are no message and no packet: however many come, they are not kept.
func TestEmptyLines(t *testing.T) {
	t.Parallel()
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	all := func() int { return 1 << 20 }
	s.feed(t, []byte(strings.Repeat("\r\n", 1<<20)), all)
	if n := len(s.in.block); n > maxBlock {
		t.Errorf("a block of %d bytes", n)
	}
	s.feed(t, bytes.Join(e.h264(true, 3000), []byte("\r\n")), all)
	if len(sink.units) != 1 || sink.lost != 0 {
		t.Errorf("%d units, %d lost", len(sink.units), sink.lost)
	}
}
