package source

import (
	"bytes"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// tally counts, and keeps nothing.
type tally struct{ units, packets int }

func (*tally) Describe(*streams.Description) {}
func (*tally) Playing()                      {}
func (*tally) Lost(uint64)                   {}
func (t *tally) Deliver(u *streams.Unit) {
	if !u.Control {
		t.units++
		t.packets += u.Len()
	}
}

// BenchmarkPackets is what a packet costs between the kernel and the sink: a stream of 2 Mbit/s.
func BenchmarkPackets(b *testing.B) {
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	frames := e.h264(false, 10_000)
	picture := bytes.Join(frames, nil)
	sink := &tally{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	s.in.size, s.in.since = 64<<10, time.Now().Add(time.Hour)
	now := time.Now()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.SetBytes(int64(len(picture)) / int64(len(frames)))
	for sink.packets < b.N {
		for off := 0; off < len(picture); { // times and numbers don't matter here: they go on
			room := s.in.room()
			n := copy(room, picture[off:])
			s.in.took(n, time.Now())
			off += n
			if err := s.digest(now); err != nil {
				b.Fatal(err)
			}
		}
		for i, at := 0, 0; i < len(frames); i++ { // the next picture
			picture[at+frameHeader+7] += 10
			number := picture[at+frameHeader+2 : at+frameHeader+4]
			if number[1] += byte(len(frames)); number[1] < byte(len(frames)) {
				number[0]++
			}
			at += len(frames[i])
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(sink.packets), "allocs/packet")
}

// BenchmarkPull is a whole pull from a camera that sends as fast as it is read, both on this machine.
func BenchmarkPull(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		serveCamera(l, b.N)
	}()
	sink := &tally{}
	s := Source{StartTimeout: 10 * time.Second, StallTimeout: 10 * time.Second, UserAgent: "bench"}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	err = s.Pull(b.Context(), registry.Channel{URL: "rtsp://" + l.Addr().String() + "/s", Transport: "tcp"}, streams.Main, sink)
	b.StopTimer()
	runtime.ReadMemStats(&after)
	<-served
	if sink.packets < b.N {
		b.Fatalf("%d of %d packets: %v", sink.packets, b.N, err)
	}
	b.SetBytes(1400)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(sink.packets), "allocs/packet")
	b.ReportMetric(float64(sink.packets)/float64(sink.units), "packets/unit")
}

// serveCamera is a camera that answers one connection by the book, sends at least n packets and
// hangs up.
func serveCamera(l net.Listener, n int) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	sdp := head + videoLines
	buf := make([]byte, 4096)
	for _, answer := range []string{
		"Content-Type: application/sdp\r\n", "Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=10-11\r\n", "Session: 1\r\n",
	} {
		if _, err := c.Read(buf); err != nil {
			return
		}
		body := ""
		if answer[0] == 'C' {
			body = sdp
			answer += "Content-Length: " + strconv.Itoa(len(sdp)) + "\r\n"
		}
		if _, err := c.Write([]byte("RTSP/1.0 200 OK\r\n" + answer + "\r\n" + body)); err != nil {
			return
		}
	}
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	var pictures [][]byte
	packets := 0
	for i := range 50 {
		frames := e.h264(i == 0, 10_000)
		packets += len(frames)
		pictures = append(pictures, bytes.Join(frames, nil))
	}
	for sent := 0; sent < n; sent += packets {
		for _, p := range pictures {
			if _, err := c.Write(p); err != nil {
				return
			}
		}
	}
}
