package motion_test

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/registry/event"
	"sharpeyes/streams/motion"
)

// FuzzPacket cuts its input into packets: a byte of flags, a byte of length, a payload.
func FuzzPacket(f *testing.F) {
	f.Add(false, []byte{1, 3, 0x65, 0x88, 0x80, 1, 3, 0x41, 0x9a, 0x02})
	f.Add(false, []byte{1, 6, 0x18, 0, 1, 0x67, 0, 9, 0, 4, 0x7c, 0x85, 0x88, 1, 1, 3, 0x5c, 0x45, 0})
	f.Add(true, []byte{1, 4, 0x26, 1, 0xaf, 1, 1, 4, 0x02, 1, 0xd0, 1, 0, 5, 0x62, 1, 0x81, 0xd0, 1})
	f.Add(true, []byte{1, 7, 0x60, 1, 0, 3, 0x42, 1, 1, 2, 3, 0x62, 1, 0x41})
	f.Add(false, []byte{1, 20, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, hevc bool, data []byte) {
		codec := motion.H264
		if hevc {
			codec = motion.H265
		}
		d := motion.New(codec, motion.Config{Sensitivity: 1, Hold: time.Second})
		at, moving := epoch, false
		var p rtp.Packet
		for len(data) > 2 {
			flags, n := data[0], min(int(data[1]), len(data)-2)
			p.Payload = data[2 : 2+n]
			data = data[2+n:]
			p.SequenceNumber += uint16(flags >> 5)
			if flags&1 != 0 {
				p.Timestamp += 3600 << (flags >> 1 & 7)
			}
			at = at.Add(frame)
			ch, ok := d.Packet(&p, at)
			if !ok {
				continue
			}
			if (ch.Type == event.MotionStarted) == moving || !(ch.Score >= 0 && ch.Score <= 1) || ch.Duration < 0 {
				t.Fatalf("moving %v, then %+v", moving, ch)
			}
			moving = !moving
		}
	})
}
