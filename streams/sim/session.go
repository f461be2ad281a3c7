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
	number  int // 0 video, 1 audio
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

// session is one viewer's use of one stream of a camera.
type session struct {
	conn    *conn
	id      string
	profile streams.Profile
	tcp     bool
	tracks  []*track

	first int64         // picture that play begins with
	quit  chan struct{} // closed to stop sending; nil while nothing is sent
	done  chan struct{} // closed when sending has stopped

	listening sync.WaitGroup // readers of RTCP over UDP
}

// newSession counts a session in, or returns nil if the camera has limit of them; no limit below 0.
func newSession(c *conn, p streams.Profile, limit int) *session {
	if !c.farm.cameras[c.camera].sessions.tryAdd(limit) {
		return nil
	}
	c.farm.sessions.add(1)
	return &session{conn: c, id: fmt.Sprintf("%08x", rand.Uint32()), profile: p}
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
	for i, t := range s.tracks {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, "url="...)
		out = append(out, c.farm.URL(c.camera, s.profile)...)
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
	if cam.playing[profileIndex(s.profile)].add(1) > 1 && cam.overcounted.CompareAndSwap(false, true) {
		f.overpulled.Add(1)
	}
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
	s.conn.farm.cameras[s.conn.camera].playing[profileIndex(s.profile)].add(-1)
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
