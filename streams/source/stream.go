package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"time"

	"sharpeyes/streams"
)

const (
	reportEvery = 10 * time.Second
	// defaultTimeout is how long a session lives whose camera doesn't say (RFC 2326, 12.37).
	defaultTimeout = 60 * time.Second
)

// next hands the packets that have come to their tracks, and returns the message behind them, if it
// is there whole.
func (s *session) next(now time.Time) (*message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in
	in.need = 0
	for {
		b := in.unread()
		switch {
		case len(b) == 0:
			return nil, nil
		case b[0] == '\r' || b[0] == '\n': // some send empty lines between messages, and none is kept
			in.r += len(b) - len(bytes.TrimLeft(b, "\r\n"))
		case b[0] == '$':
			if len(b) < frameHeader {
				return nil, nil
			}
			n := frameHeader + int(binary.BigEndian.Uint16(b[2:]))
			if len(b) < n {
				in.need = n
				return nil, nil
			}
			at := in.r
			in.r += n
			s.frame(b[:n:n], at, now)
		default:
			m, n, err := parseMessage(b)
			if err != nil {
				if !s.playing {
					if len(b) > 1 && b[0] == 0x15 && b[1] == 3 { // a TLS alert
						return nil, errSpeaksTLS
					}
					return nil, err
				}
				if err := s.resync(); err != nil {
					return nil, err
				}
				continue
			}
			if n == 0 {
				return nil, nil
			}
			in.r += n
			s.garbage = 0
			return m, nil
		}
	}
}

// resync passes over what can't be understood, up to the next packet or answer.
func (s *session) resync() error {
	b := s.in.unread()
	n := 1
	for n < len(b) && !s.begins(b[n:]) {
		n++
	}
	s.in.r += n
	if s.garbage == 0 {
		s.sink.Lost(1)
	}
	if s.garbage += n; s.garbage > maxGarbage {
		return errGarbage
	}
	return nil
}

// begins reports whether b looks like the beginning of a packet or an answer.
func (s *session) begins(b []byte) bool {
	const version = "RTSP/"
	if b[0] != '$' {
		return bytes.HasPrefix(b, []byte(version)[:min(len(b), len(version))])
	}
	return len(b) < 2 || s.routes[b[1]] != 0 && (len(b) <= frameHeader || b[frameHeader]>>6 == 2)
}

// frame takes an interleaved frame that lies in the block. The lock is held.
func (s *session) frame(b []byte, at int, now time.Time) {
	r := s.routes[b[1]]
	if r == 0 || !s.armed {
		return
	}
	s.garbage = 0
	t := s.tracks[r.track()]
	if r.control() {
		s.control(t, b[frameHeader:], now)
		return
	}
	s.packet(t, b, at, now)
}

// packet takes an RTP packet. The lock is held.
func (s *session) packet(t *track, frame []byte, at int, now time.Time) {
	s.play()
	s.heard = now
	t.packet(s.in, frame, at, now)
	if t.feedback != noFeedback && t.waits(now) {
		t.asked = now
		t.requests++
		s.tell(t, keyframeRequest(t.feedback, s.own, t.reception.ssrc, t.requests))
	}
}

// control takes a compound RTCP packet: the camera's clock goes to the readers as it is. The lock is
// held.
func (s *session) control(t *track, b []byte, now time.Time) {
	report := senderReport(b)
	if report == nil {
		return
	}
	t.reception.senderReport(binary.BigEndian.Uint64(report[8:]), now)
	s.play()
	u := streams.NewUnit(t.index, true, frameHeader+len(report))
	u.Append(report)
	u.At = now
	s.sink.Deliver(u)
}

// stream reads until the stream ends, and does on the way what is due. The deadline of reads is only
// moved then: setting it for each would cost more than the read.
func (s *session) stream(ctx context.Context) error {
	now := time.Now()
	s.keptAlive, s.reportedAt = now, now
	s.mu.Lock()
	if s.heard.IsZero() {
		s.heard = now
	}
	s.mu.Unlock()
	tick := min(max(min(s.source.StallTimeout, s.lifetime())/8, 20*time.Millisecond), time.Second)
	inlet := newInlet(s)
	if err := s.digest(now); err != nil { // what came with the last answer
		return err
	}
	for {
		if !now.Before(s.due) {
			if err := s.upkeep(now); err != nil {
				return err
			}
			s.due = now.Add(tick)
			if err := s.nc.SetReadDeadline(s.due); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		err := inlet.read()
		now = time.Now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.due = now
			if ctx.Err() != nil {
				return ctx.Err()
			}
		case err != nil:
			return err
		}
	}
}

// digest takes all that has come and is whole.
func (s *session) digest(now time.Time) error {
	for {
		m, err := s.next(now)
		if err != nil || m == nil {
			return err
		}
		if err := s.hear(m); err != nil {
			return err
		}
	}
}

// hear takes what comes between packets: a request of the camera, or the answer to a keep-alive. No
// answer to one does the stream any harm; only a new nonce is taken.
func (s *session) hear(m *message) error {
	if m.method != "" {
		return s.serve(m)
	}
	s.note(m)
	method := s.heartbeat
	if method == "" {
		return nil
	}
	s.heartbeat = ""
	if m.status == 401 && !s.retried && s.auth.challenge(m, s.auth.asked, 0) == nil {
		s.retried = true
		s.beat(method)
	}
	return nil
}

// lifetime is how long the session lives without a sign of ours.
func (s *session) lifetime() time.Duration {
	if s.timeout > 0 {
		return s.timeout
	}
	return defaultTimeout
}

// heartbeatEvery is two thirds of the lifetime, and sooner when little would be left then for a
// keep-alive that comes late.
func (s *session) heartbeatEvery() time.Duration {
	const spare = 5 * time.Second
	t := s.lifetime()
	return max(min(t*2/3, t-spare), t/3)
}

// upkeep does what is due from time to time.
func (s *session) upkeep(now time.Time) error {
	s.mu.Lock()
	silent := now.Sub(s.heard)
	s.mu.Unlock()
	switch {
	case silent > s.source.StallTimeout:
		return errStalled
	case s.udp != nil && !s.udp.heard() && silent > min(udpProbation, s.source.StallTimeout/2):
		return errNoUDP
	}
	if now.Sub(s.keptAlive) >= s.heartbeatEvery() {
		s.keptAlive, s.retried = now, false
		// What a camera understands is found out when it is first needed, and asking keeps the
		// session alive as well.
		method := "OPTIONS"
		if strings.Contains(s.methods, "GET_PARAMETER") {
			method = "GET_PARAMETER"
		}
		s.beat(method)
	}
	report := now.Sub(s.reportedAt) >= reportEvery
	if report {
		s.reportedAt = now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if s.udp != nil {
			s.udp.expire(t, now)
		}
		if report && t.reception.known {
			s.tell(t, receiverReport(s.own, s.name, t.reception.block(now)))
		}
	}
	return nil
}

// beat sends a keep-alive, and waits for nothing.
func (s *session) beat(method string) {
	if s.mute {
		return
	}
	s.heartbeat = method
	s.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if s.send(method, s.url) != nil {
		s.mute = true
	}
}

// tell sends RTCP to the sender of a track.
func (s *session) tell(t *track, b []byte) {
	if s.udp != nil {
		s.udp.tell(t, b)
	} else if len(b) > 0 {
		s.write(append([]byte{'$', t.control, byte(len(b) >> 8), byte(len(b))}, b...))
	}
}
