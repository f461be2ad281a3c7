package sim

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"sharpeyes/streams"
)

// track is how one media of a session is sent.
type track struct {
	number  int // of the constants below
	ssrc    uint32
	seq     uint16
	base    uint32 // timestamp of the camera's picture 0
	packets uint32
	octets  uint32

	channel      byte // TCP: of RTP; RTCP has the next one
	rtp, rtcp    *net.UDPConn
	rtpTo        netip.AddrPort
	rtcpTo       netip.AddrPort
	reportsAfter int64 // picture from which on a sender report is due
}

// The numbers of tracks.
const (
	videoTrack = iota
	audioTrack
	brokenTrack // of the media that Traits.BrokenMedia adds
	backTrack   // to talk to the camera
)

// stream is what a session is of.
type stream struct {
	profile streams.Profile
	channel string // of a recorder; empty for the camera itself
}

// session is one viewer's use of one stream of a camera.
type session struct {
	conn *conn
	id   string
	stream
	clips  clips
	tcp    bool
	tracks []*track

	began time.Duration // when it last began to play, by the farm's clock
	first int64         // picture that play begins with
	quit  chan struct{} // closed to stop sending; nil while nothing is sent
	done  chan struct{} // closed when sending has stopped

	listening sync.WaitGroup // readers of RTCP over UDP
}

// newSession counts a session in, or returns nil if the camera has limit of them; no limit below 0.
func newSession(c *conn, of stream, limit int) *session {
	all, err := c.farm.clipsOf(c.traits.Payload) // made when the traits were set
	if err != nil {
		return nil
	}
	if !c.farm.cameras[c.camera].sessions.tryAdd(limit) {
		return nil
	}
	c.farm.sessions.add(1)
	return &session{conn: c, id: fmt.Sprintf("%08x", rand.Uint32()), stream: of, clips: all}
}

// track is the session's track of that number, or nil.
func (s *session) track(number int) *track {
	for _, t := range s.tracks {
		if t.number == number {
			return t
		}
	}
	return nil
}

// channelTaken reports whether a track is sent on the interleaved channel already.
func (s *session) channelTaken(id byte) bool {
	for _, t := range s.tracks {
		if id == t.channel || id == t.channel+1 || id+1 == t.channel {
			return true
		}
	}
	return false
}

// playing reports whether packets are sent. Like play, pause and end it belongs to the goroutine
// of the connection's dialogue.
func (s *session) playing() bool { return s.quit != nil }

// play appends the answer to a PLAY request. Sending begins once the answer is out.
func (c *conn) play(r request, out []byte) []byte {
	s := c.session
	out = head(out, "200 OK", r)
	out = c.sessionLine(out)
	if s.playing() {
		return append(out, "\r\n"...)
	}
	c.farm.cameras[c.camera].plays.Add(1)
	c.farm.plays.Add(1)
	s.first = c.farm.frame(c.camera, time.Now()) + 1
	out = append(out, "RTP-Info: "...)
	comma := false
	for _, t := range s.tracks {
		if t.number > audioTrack {
			continue
		}
		if comma {
			out = append(out, ',')
		}
		comma = true
		out = append(out, "url="...)
		out = append(out, c.url(s.stream)...)
		out = append(out, "/trackID="...)
		out = strconv.AppendInt(out, int64(t.number), 10)
		out = append(out, ";seq="...)
		out = strconv.AppendUint(out, uint64(t.seq), 10)
		out = append(out, ";rtptime="...)
		out = strconv.AppendUint(out, uint64(t.timestamp(s.first)), 10)
	}
	c.begin = true
	return append(out, "\r\n\r\n"...)
}

// play begins to send.
func (s *session) play() {
	f, cam := s.conn.farm, &s.conn.farm.cameras[s.conn.camera]
	if s.channel == "" && cam.playing[profileIndex(s.profile)].add(1) > 1 && cam.overcounted.CompareAndSwap(false, true) {
		f.overpulled.Add(1)
	}
	s.began = time.Since(f.epoch)
	s.quit, s.done = make(chan struct{}), make(chan struct{})
	f.running.Go(func() { s.send(s.first, s.quit, s.done) })
}

// pause stops sending, and returns when it has stopped.
func (s *session) pause() {
	if s.quit == nil {
		return
	}
	close(s.quit)
	<-s.done
	s.quit, s.done = nil, nil
	if s.channel == "" {
		s.conn.farm.cameras[s.conn.camera].playing[profileIndex(s.profile)].add(-1)
	}
}

// end stops sending, closes what the session has open, and counts it out.
func (s *session) end() {
	s.pause()
	for _, t := range s.tracks {
		if t.rtp != nil {
			_ = t.rtp.Close()
			_ = t.rtcp.Close()
		}
	}
	s.listening.Wait()
	s.conn.farm.cameras[s.conn.camera].sessions.add(-1)
	s.conn.farm.sessions.add(-1)
}

// listen notes that the other side sends RTCP, until the socket is closed.
func (s *session) listen(t *track) {
	var b [1500]byte
	for {
		_, from, err := t.rtcp.ReadFromUDPAddrPort(b[:])
		if err != nil {
			return
		}
		if from.Addr().Unmap() == t.rtcpTo.Addr() {
			s.conn.heard.Store(int64(time.Since(s.conn.farm.epoch)))
		}
	}
}
