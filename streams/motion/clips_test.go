package motion_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"sharpeyes/streams/motion"
)

// What every clip is: see the script beside them.
const (
	clips      = "../sim/clips"
	fps        = 25
	frame      = time.Second / fps
	motionFrom = 5 * time.Second
	motionTo   = 11 * time.Second
)

// clip is one clip as access units of NAL units.
type clip struct {
	name  string
	codec motion.Codec
	units [][][]byte
}

func (c clip) length() time.Duration { return time.Duration(len(c.units)) * frame }

func openClip(t testing.TB, path string) clip {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := clip{name: filepath.Base(path)}
	if strings.HasSuffix(path, "h265") {
		c.codec = motion.H265
	}
	raw = bytes.ReplaceAll(raw, []byte{0, 0, 0, 1}, []byte{0, 0, 1})
	var unit [][]byte
	begun := false // the unit has a slice
	for _, nalu := range bytes.Split(raw, []byte{0, 0, 1})[1:] {
		vcl, first := slice(c.codec, nalu)
		if begun && (!vcl || first) {
			c.units = append(c.units, unit)
			unit, begun = nil, false
		}
		unit = append(unit, nalu)
		begun = begun || vcl
	}
	c.units = append(c.units, unit)
	return c
}

// slice tells whether a NAL unit is a slice, and whether it is the first one of its picture.
func slice(codec motion.Codec, nalu []byte) (vcl, first bool) {
	if codec == motion.H265 {
		vcl = nalu[0]>>1&0x3f < 32
		return vcl, vcl && nalu[2]&0x80 != 0
	}
	t := nalu[0] & 0x1f
	vcl = t == 1 || t == 5
	return vcl, vcl && nalu[1]&0x80 != 0
}

// stream sends a clip over and over, as RTP packets.
type stream struct {
	clip   clip
	encode func([][]byte) ([]*rtp.Packet, error)
	next   int // access unit of the clip
	sent   int // access units
}

func play(t testing.TB, c clip, from time.Duration) *stream {
	t.Helper()
	s := &stream{clip: c, next: int(from / frame)}
	if c.codec == motion.H265 {
		e := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: 1400}
		if err := e.Init(); err != nil {
			t.Fatal(err)
		}
		s.encode = e.Encode
	} else {
		e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1400, PacketizationMode: 1}
		if err := e.Init(); err != nil {
			t.Fatal(err)
		}
		s.encode = e.Encode
	}
	return s
}

// unit is the packets of the next access unit, and where in the clip it lies.
func (s *stream) unit(t testing.TB) ([]*rtp.Packet, time.Duration) {
	t.Helper()
	packets, err := s.encode(s.clip.units[s.next])
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		p.Timestamp = uint32(s.sent * 90000 / fps)
	}
	where := time.Duration(s.next) * frame
	s.next = (s.next + 1) % len(s.clip.units)
	s.sent++
	return packets, where
}
