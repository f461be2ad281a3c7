package live

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"sharpeyes/streams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clip is the pictures of one of the simulated cameras, each as its NAL units.
func clip(t testing.TB, name string) (pictures [][][]byte, h265 bool) {
	t.Helper()
	b, err := os.ReadFile("../sim/clips/" + name)
	if err != nil {
		t.Fatal(err)
	}
	h265 = name[len(name)-1] == '5'
	var unit [][]byte
	for _, nal := range bytes.Split(b, []byte{0, 0, 1}) {
		nal = bytes.TrimRight(nal, "\x00")
		if len(nal) == 0 {
			continue
		}
		unit = append(unit, nal)
		picture := nal[0]&0x1f == 1 || nal[0]&0x1f == 5
		if h265 {
			picture = nal[0]>>1&0x3f < 32
		}
		if picture {
			pictures = append(pictures, unit)
			unit = nil
		}
	}
	return pictures, h265
}

// camera makes units of access units as a source does.
type camera struct {
	t      testing.TB
	track  int
	encode func([][]byte) ([]*rtp.Packet, error)
	h265   bool
	now    time.Time
}

func newCamera(t testing.TB, h265 bool) *camera { return cameraOf(t, h265, 1400) }

// cameraOf is a camera whose packets hold at most so many bytes.
func cameraOf(t testing.TB, h265 bool, most int) *camera {
	c := &camera{t: t, h265: h265, now: time.Unix(1_700_000_000, 0)}
	ssrc, seq := uint32(1), uint16(65500)
	if h265 {
		e := &rtph265.Encoder{PayloadType: 96, SSRC: &ssrc, InitialSequenceNumber: &seq, PayloadMaxSize: most}
		c.encode = e.Encode
		if err := e.Init(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	e := &rtph264.Encoder{PayloadType: 96, SSRC: &ssrc, InitialSequenceNumber: &seq, PayloadMaxSize: most, PacketizationMode: 1}
	c.encode = e.Encode
	if err := e.Init(); err != nil {
		t.Fatal(err)
	}
	return c
}

// unit is a picture's unit. drop leaves a packet out; -1: none.
func (c *camera) unit(picture [][]byte, timestamp uint32, drop int) *streams.Unit {
	packets, err := c.encode(picture)
	if err != nil {
		c.t.Fatal(err)
	}
	u := streams.NewUnit(c.track, false, 0)
	u.At = c.now
	for _, nal := range picture {
		if c.h265 {
			u.Keyframe = u.Keyframe || nal[0]>>1&0x3f >= 16
		} else {
			u.Keyframe = u.Keyframe || nal[0]&0x1f == 5 || nal[0]&0x1f == 7
		}
	}
	for i, p := range packets {
		p.Timestamp = timestamp
		if i != drop {
			if err := u.AppendRTP(p); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	return u
}

// describe is what a camera says that has these tracks.
func describe(formats ...format.Format) *streams.Description {
	d := &streams.Description{}
	for _, f := range formats {
		kind := description.MediaTypeAudio
		switch f.(type) {
		case *format.H264, *format.H265:
			kind = description.MediaTypeVideo
		case *format.Generic:
			kind = description.MediaTypeApplication
		}
		d.Medias = append(d.Medias, &description.Media{Type: kind, Formats: []format.Format{f}})
	}
	return d
}

func aacFormat() *format.MPEG4Audio {
	return &format.MPEG4Audio{
		PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
		Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelCount: 1},
	}
}

// aacUnit is a packet with access units of AAC, all of them silence.
func aacUnit(t testing.TB, track int, seq uint16, timestamp uint32, at time.Time, n int) *streams.Unit {
	silence := []byte{0x01, 0x40, 0x20, 0x06, 0x4f, 0xde, 0x02, 0x70, 0x0c, 0x1c}
	payload := binary.BigEndian.AppendUint16(nil, uint16(16*n))
	for range n {
		payload = binary.BigEndian.AppendUint16(payload, uint16(len(silence)<<3))
	}
	for range n {
		payload = append(payload, silence...)
	}
	u := streams.NewUnit(track, false, 0)
	u.At = at
	p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 97, SequenceNumber: seq, Timestamp: timestamp}, Payload: payload}
	if err := u.AppendRTP(p); err != nil {
		t.Fatal(err)
	}
	return u
}

// part is what a fragment says.
type parsed struct {
	track           uint32
	at              int64
	durations, size []uint32
	flags           []uint32
	shift           []int32
	data            []byte
}

// box finds a box by its path.
func box(t testing.TB, b []byte, path ...string) []byte {
	t.Helper()
next:
	for _, name := range path {
		for len(b) >= 8 {
			n := int(binary.BigEndian.Uint32(b))
			if n < 8 || n > len(b) {
				t.Fatalf("a box of %d bytes in %d", n, len(b))
			}
			if string(b[4:8]) == name {
				b = b[8:n]
				continue next
			}
			b = b[n:]
		}
		t.Fatalf("no %s", name)
	}
	return b
}

// parseFragment reads a fragment.
func parseFragment(t testing.TB, b []byte) parsed {
	t.Helper()
	u32 := binary.BigEndian.Uint32
	p := parsed{
		track: u32(box(t, b, "moof", "traf", "tfhd")[4:]),
		at:    int64(binary.BigEndian.Uint64(box(t, b, "moof", "traf", "tfdt")[4:])),
		data:  box(t, b, "mdat"),
	}
	run := box(t, b, "moof", "traf", "trun")
	if start := int(u32(run[8:])); start != len(b)-len(p.data) {
		t.Fatalf("the samples begin at %d of %d, data of %d", start, len(b), len(p.data))
	}
	total := 0
	for i := range int(u32(run[4:])) {
		row := run[12+16*i:]
		p.durations, p.size = append(p.durations, u32(row)), append(p.size, u32(row[4:]))
		p.flags, p.shift = append(p.flags, u32(row[8:])), append(p.shift, int32(u32(row[12:])))
		total += int(u32(row[4:]))
	}
	if total != len(p.data) {
		t.Fatalf("samples of %d bytes in %d", total, len(p.data))
	}
	return p
}
