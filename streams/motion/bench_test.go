package motion_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/streams/motion"
)

// packets is a clip as RTP packets.
func packets(t testing.TB, c clip) ([]*rtp.Packet, []time.Duration) {
	s := play(t, c, 0)
	var all []*rtp.Packet
	var at []time.Duration
	for n := range c.units {
		u, _ := s.unit(t)
		for _, p := range u {
			all, at = append(all, p), append(at, time.Duration(n)*frame)
		}
	}
	return all, at
}

// replay sends the n-th packet of an endless repetition.
func replay(d *motion.Detector, c clip, p []*rtp.Packet, at []time.Duration, n int) {
	loop, i := n/len(p), n%len(p)
	q := *p[i]
	q.SequenceNumber = uint16(n)
	q.Timestamp += uint32(loop * len(c.units) * 90000 / fps)
	d.Packet(&q, epoch.Add(time.Duration(loop)*c.length()+at[i]))
}

// bitrate is a stream of 2 Mbit/s: a second of it, with a keyframe, over and over.
func bitrate() clip {
	c := clip{codec: motion.H264}
	for n := range fps {
		size, header := 8000, []byte{0x41, 0x9a}
		if n == 0 {
			size, header = 58000, []byte{0x65, 0x88}
		}
		c.units = append(c.units, [][]byte{append(header, make([]byte, size)...)})
	}
	return c
}

// BenchmarkPacket says how many streams of 2 Mbit/s one core could watch, and what one packet
// costs; with the clips nearly every packet is a picture of its own, which costs the most.
func BenchmarkPacket(b *testing.B) {
	for _, name := range []string{"2Mbps", "moving.h264", "moving.h265"} {
		b.Run(name, func(b *testing.B) {
			c := bitrate()
			if name != "2Mbps" {
				c = openClip(b, filepath.Join(clips, name))
			}
			p, at := packets(b, c)
			d := motion.New(c.codec, usual)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				replay(d, c, p, at, n)
				n++
			}
			if name == "2Mbps" {
				b.ReportMetric(float64(n)/b.Elapsed().Seconds()/float64(len(p)), "streams/core")
			}
		})
	}
}

func TestPacketAllocatesNothing(t *testing.T) {
	c := openClip(t, filepath.Join(clips, "moving.h265"))
	p, at := packets(t, c)
	d := motion.New(c.codec, usual)
	n := 0
	if a := testing.AllocsPerRun(5*len(p), func() { replay(d, c, p, at, n); n++ }); a != 0 {
		t.Errorf("%v allocations a packet", a)
	}
}
