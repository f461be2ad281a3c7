package sim

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sharpeyes/streams"
)

const (
	// sessionTimeout is how long a session lives without a request or RTCP from the other side,
	// and a connection without a request.
	sessionTimeout = 60 * time.Second
	// writeTimeout is how long one write may wait for a peer that doesn't read.
	writeTimeout = 5 * time.Second
)

// buffers is what a connection reads into and writes answers from.
type buffers struct {
	in  [4096]byte // the longest request that is understood
	out [2048]byte
}

// conn is one connection to a camera. It has at most one session.
type conn struct {
	farm    *Farm
	tcp     *net.TCPConn
	camera  int
	traits  *Traits
	nonce   nonce
	asked   bool // for OPTIONS
	more    bool // for anything else
	session *session
	begin   bool         // the session plays as soon as the answer is out
	heard   atomic.Int64 // when RTCP last came over UDP, ns since the farm's epoch
	asks    atomic.Int64 // when the last request was granted, the same
	writing sync.Mutex   // the dialogue and the session's packets share the connection
}

// cut resets the connection; whoever reads or writes it fails at once.
func (c *conn) cut() {
	_ = c.tcp.SetLinger(0)
	_ = c.tcp.Close()
}

// serve is the connection's dialogue, until either side ends it.
func (c *conn) serve() {
	b := c.farm.buffers.Get().(*buffers)
	c.converse(b)
	c.farm.buffers.Put(b)
	c.farm.forget(c)
	if c.session != nil {
		c.session.end()
	}
	if c.asked && !c.more {
		c.farm.cameras[c.camera].probes.Add(1)
		c.farm.probes.Add(1)
	}
}

func (c *conn) converse(b *buffers) {
	n := 0
	for {
		c.arm()
		m, err := c.tcp.Read(b.in[n:])
		n += m
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && c.aliveUDP() {
				continue
			}
			return
		}
		fault := c.farm.fault(c.camera)
		if fault.dead(time.Since(c.farm.epoch)) {
			c.cut()
			return
		}
		switch fault.Kind {
		case Mute:
			n = 0
			continue
		case Garbage:
			n = 0
			if c.write([]byte(garbage)) != nil {
				return
			}
			continue
		}
		used := 0
		for used < n {
			took, ok := c.consume(b.in[used:n], b.out[:0], fault)
			if !ok {
				return
			}
			if took == 0 {
				break
			}
			used += took
		}
		n = copy(b.in[:], b.in[used:n])
		if n == len(b.in) {
			return // longer than any request that makes sense
		}
	}
}

// arm gives the next read its deadline, and the answer to it.
func (c *conn) arm() {
	t := time.Now().Add(c.farm.timeout + time.Duration(c.traits.Timeout)*time.Second)
	if c.session == nil {
		_ = c.tcp.SetDeadline(t)
	} else {
		_ = c.tcp.SetReadDeadline(t) // the deadline for writes is the session's
	}
}

// aliveUDP reports whether the session's other side was heard over UDP in time.
func (c *conn) aliveUDP() bool {
	heard := c.heard.Load()
	return c.session != nil && heard > 0 && time.Since(c.farm.epoch)-time.Duration(heard) < c.farm.timeout
}

// consume takes one request or one interleaved frame from the start of b, and answers it. It
// returns how many bytes that was, 0 if more must come first, and false if the dialogue is over.
func (c *conn) consume(b, out []byte, fault condition) (int, bool) {
	if b[0] == '$' { // RTCP that the other side sends; that it does is all we want to know
		if len(b) < frameHeader {
			return 0, true
		}
		n := frameHeader + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return 0, n <= len(buffers{}.in)
		}
		return n, true
	}
	if b[0] == '\r' || b[0] == '\n' { // some send empty lines between requests
		return 1, true
	}
	r, n, err := parse(b)
	if err != nil {
		_ = c.write([]byte("RTSP/1.0 400 Bad Request\r\n\r\n"))
		return 0, false
	}
	if n == 0 {
		return 0, true
	}
	c.note(r)
	late, never := c.lateness(fault)
	out, ok := c.answer(r, out, fault)
	if late > 0 && !c.farm.pause(late) {
		return 0, false
	}
	if !never && c.write(out) != nil {
		return 0, false
	}
	if c.begin {
		c.begin = false
		c.session.play()
	}
	return n, ok
}

// write sends b whole.
func (c *conn) write(b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.session != nil {
		_ = c.tcp.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	_, err := c.tcp.Write(b)
	return err
}

// answer appends the answer to a request to out, and reports whether the dialogue goes on.
func (c *conn) answer(r request, out []byte, fault condition) ([]byte, bool) {
	if string(r.method) == "OPTIONS" {
		c.asked = true
		if c.misanswers(fault) {
			return c.wrong(r, out, fault), true
		}
		if fault.Kind == Unauthorized {
			return c.challenge(r, out, false), true
		}
		if c.session != nil && c.traits.Auth != "" {
			if ok, stale := c.authorized(r, fault); !ok {
				return c.challenge(r, out, stale), true
			}
		}
		c.granted()
		out = head(out, "200 OK", r)
		return append(out, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN\r\n\r\n"...), true
	}
	c.more = true
	if c.misanswers(fault) {
		return c.wrong(r, out, fault), true
	}
	if ok, stale := c.authorized(r, fault); !ok {
		return c.challenge(r, out, stale), true
	}
	c.granted()
	profile, channel, track := r.path()
	p := streams.Profile(profile)
	if p != streams.Main && p != streams.Sub {
		return status(out, "404 Not Found", r), true
	}
	switch string(r.method) {
	case "DESCRIBE":
		if fault.Kind == Redirect && string(r.url) != fault.To {
			return c.redirect(r, out, fault), true
		}
		return c.describe(r, out, p, channel), true
	case "SETUP":
		return c.setup(r, out, stream{p, channel}, track, fault), true
	case "PLAY", "PAUSE", "TEARDOWN":
		if c.session == nil || string(r.session) != c.session.id {
			return status(out, "454 Session Not Found", r), true
		}
		if c.session.stream != (stream{p, channel}) {
			return status(out, "459 Aggregate Operation Not Allowed", r), true
		}
	case "GET_PARAMETER", "SET_PARAMETER":
		out = head(out, "200 OK", r)
		return append(c.sessionLine(out), "\r\n"...), true
	default:
		return status(out, "501 Not Implemented", r), true
	}
	switch string(r.method) {
	case "PLAY":
		return c.play(r, out), true
	case "PAUSE":
		c.session.pause()
		out = head(out, "200 OK", r)
		return append(c.sessionLine(out), "\r\n"...), true
	}
	c.session.end()
	c.session = nil
	return status(out, "200 OK", r), true
}

// head appends the lines that every answer begins with.
func head(out []byte, code string, r request) []byte {
	out = append(out, "RTSP/1.0 "...)
	out = append(out, code...)
	out = append(out, "\r\nCSeq: "...)
	out = append(out, r.cseq...)
	return append(out, "\r\n"...)
}

// status appends an answer that is a status and no more.
func status(out []byte, code string, r request) []byte {
	return append(head(out, code, r), "\r\n"...)
}

// sessionLine appends the Session header, if there is a session.
func (c *conn) sessionLine(out []byte) []byte {
	if c.session == nil {
		return out
	}
	out = append(out, "Session: "...)
	out = append(out, c.session.id...)
	out = append(out, ";timeout="...)
	out = strconv.AppendInt(out, int64(c.traits.timeout()/time.Second), 10)
	return append(out, "\r\n"...)
}
