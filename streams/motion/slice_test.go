package motion

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec Codec
		nalu  []byte
		want  kind
	}{
		{"empty", H264, nil, other},
		{"IDR", H264, []byte{0x65, 0x88}, intra},
		{"P, type 5", H264, []byte{0x41, 0b1_00110_00}, inter},
		{"P, type 0", H264, []byte{0x41, 0b1_1_000000}, inter},
		{"P of no reference", H264, []byte{0x01, 0b1_1_000000}, light},
		{"B", H264, []byte{0x41, 0b1_010_0000}, light},
		{"I that is no IDR", H264, []byte{0x41, 0b1_011_0000}, intra},
		{"I, type 7", H264, []byte{0x41, 0b1_0001000, 0}, intra},
		{"P, second slice", H264, []byte{0x41, 0b00110_1_00}, inter},
		{"sequence parameters", H264, []byte{0x67, 1}, parameters},
		{"picture parameters", H264, []byte{0x68, 1}, other},
		{"SEI", H264, []byte{0x06, 1}, other},
		{"zeros", H264, make([]byte, 40), other},
		{"slice of zeros", H264, append([]byte{0x41}, make([]byte, 40)...), inter},
		{"short", H265, []byte{0x02, 1}, other},
		{"IDR", H265, []byte{19 << 1, 1, 0xaf}, intra},
		{"CRA", H265, []byte{21 << 1, 1, 0xaf}, intra},
		{"P", H265, []byte{1 << 1, 1, 0b1_1_010_000}, inter},
		{"I", H265, []byte{1 << 1, 1, 0b1_1_011_000}, intra},
		{"P of no reference", H265, []byte{0, 1, 0b1_1_010_000}, light},
		{"P, second segment", H265, []byte{1 << 1, 1, 0b0_1_010_000}, inter},
		{"sequence parameters", H265, []byte{33 << 1, 1, 1}, parameters},
		{"SEI", H265, []byte{39 << 1, 1, 1}, other},
	} {
		if got := kindOf(c.codec, c.nalu); got != c.want {
			t.Errorf("%v %s: kind %d, want %d", c.codec, c.name, got, c.want)
		}
	}
}

func TestPhase(t *testing.T) {
	last := 0
	for n := 1; n < 1000; n++ {
		p := phase(n)
		if p < last || p > last+1 || p >= phases {
			t.Fatalf("picture %d is in phase %d, the one before in %d", n, p, last)
		}
		last = p
	}
	if last != phases-1 {
		t.Errorf("the last phase is %d", last)
	}
}

// An access unit is the same however it is put into packets.
func TestPacketsOfOneUnit(t *testing.T) {
	for _, c := range []struct {
		name     string
		codec    Codec
		payloads [][]byte
		bytes    int
		inter    int
	}{
		{"single", H264, [][]byte{{0x41, 0x9a, 3, 4}}, 4, 4},
		{"fragments", H264, [][]byte{{0x5c, 0x81, 0x9a, 3}, {0x5c, 0x01, 4}, {0x5c, 0x41, 5}}, 4, 4},
		{"fragments of a keyframe", H264, [][]byte{{0x7c, 0x85, 0x88, 3}, {0x7c, 0x45, 5}}, 3, 0},
		{"aggregate", H264, [][]byte{{0x18, 0, 2, 0x67, 1, 0, 3, 0x65, 0x88, 3}}, 3, 0},
		{"single", H265, [][]byte{{0x02, 1, 0xd0, 4}}, 4, 4},
		{"fragments", H265, [][]byte{{0x62, 1, 0x81, 0xd0, 3}, {0x62, 1, 0x41, 5}}, 3, 3},
		{"aggregate", H265, [][]byte{{0x60, 1, 0, 3, 0x42, 1, 1, 0, 4, 0x26, 1, 0xaf, 2}}, 4, 0},
	} {
		a := assembler{codec: c.codec}
		p := &rtp.Packet{}
		for _, b := range c.payloads {
			p.SequenceNumber++
			p.Payload = b
			if _, ok := a.push(p, time.Time{}); ok {
				t.Errorf("%s: ended early", c.name)
			}
		}
		p.SequenceNumber++
		p.Timestamp++
		u, ok := a.push(p, time.Time{})
		if !ok || u.bytes != c.bytes || u.inter != c.inter || u.damaged {
			t.Errorf("codec %v, %s: %+v, %v", c.codec, c.name, u, ok)
		}
	}
}
