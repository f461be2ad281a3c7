package source

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"sharpeyes/streams"
)

const (
	// writeTimeout is how long a camera may not take what it is told once it sends.
	writeTimeout = time.Second
	// goodbyeTimeout is how long a camera has to answer TEARDOWN. Recorders count sessions, and
	// some see the end of a connection late.
	goodbyeTimeout = 300 * time.Millisecond
	// maxGarbage is how many bytes that are neither packets nor messages are passed over.
	maxGarbage = 256 << 10
)

var (
	errTLS       = errors.New("the camera did not agree on TLS")
	errSpeaksTLS = errors.New("the camera speaks TLS on this port")
	errEnded     = errors.New("the camera ended the session")
	errGarbage   = errors.New("what the camera sends is no longer understood")
)

// statusError is an answer that says no.
type statusError struct {
	method string
	code   int
}

func (e *statusError) Error() string { return fmt.Sprintf("%s: status %d", e.method, e.code) }

// session is one connection to a camera.
type session struct {
	source *Source
	target target
	sink   streams.Sink
	nc     net.Conn
	own    uint32 // our SSRC
	name   string // our CNAME
	udp    *sockets

	// What belongs to the goroutine of the connection.
	auth       credentials
	sequence   int    // CSeq of the last request
	id         string // of the session; empty: none
	timeout    time.Duration
	methods    string // what the camera says that it understands; empty: not known
	url        string // of all tracks together
	keptAlive  time.Time
	heartbeat  string // the method of the keep-alive that is under way; empty: none
	retried    bool   // the keep-alive was repeated with a new nonce
	garbage    int    // bytes passed over since the last that were understood
	mute       bool   // the camera no longer takes what it is told
	reportedAt time.Time
	due        time.Time // when there is something to do besides reading

	// mu guards what packets touch: over UDP they come on several goroutines.
	mu      sync.Mutex
	in      *intake
	tracks  []*track
	routes  [256]route // by interleaved channel
	armed   bool       // packets may come
	playing bool       // the sink was told
	heard   time.Time  // when the last packet came
}

// route is what an interleaved channel carries: twice the index of a track, and 1 for RTCP, and 1
// for there being anything; 0 when it is nothing that was asked for.
type route byte

func newRoute(track int, control bool) route {
	r := 2*track + 1
	if control {
		r++
	}
	return route(r)
}

func (r route) track() int    { return int(r-1) / 2 }
func (r route) control() bool { return r&1 == 0 }

// connect dials the camera and pulls until the stream ends.
func (s *Source) connect(ctx context.Context, t target, udp bool, until time.Time, sink streams.Sink) error {
	ss := &session{
		source: s, target: t, sink: sink, in: newIntake(), name: rand.Text(),
		auth: credentials{user: t.user, password: t.password},
	}
	var own [4]byte
	rand.Read(own[:])
	ss.own = binary.BigEndian.Uint32(own[:])
	if err := ss.dial(ctx, until); err != nil {
		return ss.explain(ctx, err)
	}
	defer ss.nc.Close()
	err := func() error {
		// The end of ctx wakes the goroutine, which then says goodbye. Whoever sets a deadline looks
		// at ctx afterwards.
		defer context.AfterFunc(ctx, func() { ss.nc.SetReadDeadline(time.Unix(1, 0)) })()
		if err := ss.nc.SetDeadline(until); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := ss.open(ctx, udp); err != nil {
			return err
		}
		return ss.stream(ctx)
	}()
	if ctx.Err() != nil { // whatever its end has interrupted, the camera is still there
		err = ctx.Err()
	}
	ss.goodbye(err)
	if ss.udp != nil {
		ss.udp.close()
	}
	return ss.explain(ctx, err)
}

func (s *session) dial(ctx context.Context, until time.Time) error {
	d := net.Dialer{Deadline: until}
	nc, err := d.DialContext(ctx, "tcp", s.target.address)
	if err != nil {
		return err
	}
	s.nc = nc
	if !s.target.secure {
		return nil
	}
	// Cameras sign their own certificates; what TLS gives here is that nobody listens.
	c := tls.Client(nc, &tls.Config{ServerName: s.target.host, InsecureSkipVerify: true}) // #nosec G402: see above
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		nc.Close()
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: %w", errTLS, err)
	}
	s.nc = c
	return nil
}

// send writes a request, with what the camera wants to know to let us in.
func (s *session) send(method, url string, fields ...string) error {
	s.sequence++
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s RTSP/1.0\r\nCSeq: %d\r\nUser-Agent: %s\r\n", method, url, s.sequence, s.source.UserAgent)
	if s.id != "" {
		fmt.Fprintf(&b, "Session: %s\r\n", s.id)
	}
	if a := s.auth.authorization(method, url); a != "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", a)
	}
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("\r\n")
	_, err := s.nc.Write([]byte(b.String()))
	return err
}

// request sends a request and waits for the answer 200. It answers the camera's challenge, and takes
// a new nonce when the old one is out of date.
func (s *session) request(method, url string, fields ...string) (*message, error) {
	for try := 0; ; try++ {
		sent := s.auth.asked
		if err := s.send(method, url, fields...); err != nil {
			return nil, err
		}
		m, err := s.await()
		if err != nil {
			return nil, err
		}
		s.note(m)
		switch {
		case m.status == 200:
			s.auth.proven = s.auth.proven || s.auth.asked
			return m, nil
		case m.status == 401:
			if err := s.auth.challenge(m, sent, try); err != nil {
				return nil, err
			}
		case m.status >= 300 && m.status < 400 && m.get("location") != "":
			return nil, &redirect{m.get("location")}
		default:
			return nil, &statusError{method, m.status}
		}
	}
}

// note keeps what any answer may tell.
func (s *session) note(m *message) {
	if v := m.get("session"); v != "" && m.status == 200 {
		id, timeout := parseSession(v)
		if s.id == "" {
			s.id = id
		}
		if timeout > 0 {
			s.timeout = time.Duration(timeout) * time.Second
		}
	}
	if v := m.header["public"]; len(v) > 0 {
		s.methods = strings.ToUpper(strings.Join(v, ","))
	}
}

// await reads until the answer to the last request is there. Packets that come before it are
// delivered: the first keyframe is often among them.
func (s *session) await() (*message, error) {
	for now := time.Now(); ; {
		m, err := s.next(now)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			if now, err = s.receive(); err != nil {
				return nil, err
			}
		case m.method != "":
			if err := s.serve(m); err != nil {
				return nil, err
			}
		case s.late(m):
		default:
			return m, nil
		}
	}
}

// late reports whether an answer is to a request before the last one.
func (s *session) late(m *message) bool {
	n, err := strconv.Atoi(m.get("cseq"))
	return err == nil && s.heartbeat != "" && n < s.sequence
}

// receive reads once.
func (s *session) receive() (time.Time, error) {
	n, err := s.nc.Read(s.in.room())
	now := time.Now()
	if n > 0 {
		err = nil // it comes again
		s.in.took(n, now)
	}
	return now, err
}

// serve answers a request of the camera.
func (s *session) serve(m *message) error {
	status := "200 OK"
	switch m.method {
	case "OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE":
	case "TEARDOWN":
		return errEnded
	default:
		status = "501 Not Implemented"
	}
	s.write([]byte("RTSP/1.0 " + status + "\r\nCSeq: " + m.get("cseq") + "\r\n\r\n"))
	return nil
}

// write tells the camera something that it needn't hear. A camera that reads nothing is not told
// any more: what was cut short could not be understood.
func (s *session) write(b []byte) {
	if s.mute || len(b) == 0 {
		return
	}
	if s.armed {
		s.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	if _, err := s.nc.Write(b); err != nil {
		s.mute = true
	}
}

// goodbye ends the session at a camera that is still there.
func (s *session) goodbye(why error) {
	if s.id == "" || s.mute || !stillThere(why) {
		return
	}
	if s.nc.SetDeadline(time.Now().Add(goodbyeTimeout)) != nil {
		return
	}
	s.mu.Lock()
	s.armed, s.tracks = false, nil // nothing is delivered any more
	clear(s.routes[:])
	s.in.open = nil
	s.mu.Unlock()
	s.heartbeat = "TEARDOWN" // answers to what was asked before are passed over
	if s.send("TEARDOWN", s.url) == nil {
		s.await()
	}
}
