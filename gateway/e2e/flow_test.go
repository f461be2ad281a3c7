//go:build e2e

package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// frameStep is one frame at 25 a second in the 90 kHz of a video's timestamps.
const frameStep = 90000 / 25

// flow is what one reader saw of one track.
type flow struct {
	format    format.Format
	packets   int
	lost      int  // sequence numbers that never came
	frames    int  // access units whose last packet came
	missing   int  // access units that the timestamps step over
	live      bool // past the pictures of the cache
	uneven    int  // steps of the timestamp that aren't whole frames forward
	bytes     int64
	keyframe  bool // the first access unit was one
	beginning bool // the first access unit isn't over
	seq       uint16
	timestamp uint32
	window    window
}

// window is a span of time that frames are counted in.
type window struct {
	from, to time.Time
	frames   int
	bytes    int64
}

func (f *flow) isVideo() bool {
	switch f.format.(type) {
	case *format.H264, *format.H265:
		return true
	}
	return false
}

// packet takes one RTP packet.
func (f *flow) packet(b []byte, at time.Time) error {
	if len(b) < 12 || b[0]>>6 != 2 {
		return errors.New("not an RTP packet")
	}
	marker, seq, timestamp := b[1]&0x80 != 0, binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
	payload := b[12+4*int(b[0]&0x0f):]
	if b[0]&0x10 != 0 { // extension
		payload = payload[4+4*int(binary.BigEndian.Uint16(payload[2:])):]
	}
	if f.packets == 0 {
		f.beginning = true
	} else {
		f.lost += int(seq - f.seq - 1)
	}
	if f.isVideo() {
		if f.packets > 0 && timestamp != f.timestamp {
			f.beginning = false
			switch step := int32(timestamp - f.timestamp); {
			case !f.live && step > 0 && step < frameStep: // a cached picture, stamped toward the live edge
			case step <= 0 || step%frameStep != 0:
				f.uneven++
			default:
				f.live = true
				f.missing += int(step/frameStep) - 1
			}
		}
		if f.beginning && f.isKey(payload) {
			f.keyframe = true
		}
	}
	f.packets++
	f.bytes += int64(len(b))
	f.seq, f.timestamp = seq, timestamp
	inside := !at.Before(f.window.from) && at.Before(f.window.to)
	if inside {
		f.window.bytes += int64(len(b))
	}
	if marker {
		f.frames++
		if inside {
			f.window.frames++
		}
	}
	return nil
}

// isKey reports whether an RTP payload is of a picture that a decoder can begin with.
func (f *flow) isKey(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch f.format.(type) {
	case *format.H264:
		const idr, aggregate, fragment = 5, 24, 28
		switch b[0] & 0x1f {
		case idr:
			return true
		case fragment:
			return b[1]&0x1f == idr
		case aggregate:
			for rest := b[1:]; len(rest) > 2; {
				size := int(binary.BigEndian.Uint16(rest))
				if rest[2]&0x1f == idr {
					return true
				}
				rest = rest[min(2+size, len(rest)):]
			}
		}
	case *format.H265:
		const aggregate, fragment = 48, 49
		irap := func(kind byte) bool { return kind >= 16 && kind <= 21 }
		switch kind := b[0] >> 1 & 0x3f; kind {
		case fragment:
			return irap(b[2] & 0x3f)
		case aggregate:
			for rest := b[2:]; len(rest) > 2; {
				size := int(binary.BigEndian.Uint16(rest))
				if irap(rest[2] >> 1 & 0x3f) {
					return true
				}
				rest = rest[min(2+size, len(rest)):]
			}
		default:
			return irap(kind)
		}
	}
	return false
}

// whole complains unless every frame from the first keyframe on came, in one piece.
func (f *flow) whole() error {
	if !f.keyframe || f.lost != 0 || f.missing != 0 || f.uneven != 0 {
		return fmt.Errorf("%d frames: begins with a keyframe: %v, %d packets lost, %d frames missing, %d uneven steps; want true, 0, 0, 0",
			f.frames, f.keyframe, f.lost, f.missing, f.uneven)
	}
	return nil
}

// The counting itself is tested, so that a test that counts nothing missing means something.
func TestFlowCounts(t *testing.T) {
	t.Parallel()
	packet := func(seq uint16, frame uint32, marker bool, nal byte) []byte {
		b := make([]byte, 20)
		b[0], b[1], b[12] = 0x80, 96, nal
		if marker {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint32(b[4:], frame*frameStep)
		return b
	}
	f := &flow{format: &format.H264{}, window: window{from: time.Unix(1, 0), to: time.Unix(2, 0)}}
	for _, p := range [][]byte{
		packet(65534, 7, false, 7), packet(65535, 7, true, 5), packet(0, 8, true, 1),
		packet(3, 10, true, 1), // 2 packets and frame 9 are gone
	} {
		if err := f.packet(p, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if !f.keyframe || f.frames != 3 || f.lost != 2 || f.missing != 1 || f.uneven != 0 || f.window.frames != 3 {
		t.Errorf("got %+v", f)
	}
}
