//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// talk is the serving side of one RTSP connection: of a camera, or of the reference relay.
type talk struct {
	conn *net.TCPConn
	br   *bufio.Reader
}

func newTalk(c *net.TCPConn) *talk { return &talk{conn: c, br: bufio.NewReaderSize(c, 4<<10)} }

// next is the next request; RTCP in between is passed over.
func (t *talk) next() (*base.Request, error) {
	for {
		head, err := t.br.Peek(4)
		if err != nil {
			return nil, err
		}
		if head[0] != '$' {
			var r base.Request
			return &r, r.Unmarshal(t.br)
		}
		if _, err := t.br.Discard(4 + int(binary.BigEndian.Uint16(head[2:]))); err != nil {
			return nil, err
		}
	}
}

// session is the id that every session has: there is one a connection.
const session = "1"

// answer makes the answer to a request; extra is pairs of header names and values.
func answer(r *base.Request, status base.StatusCode, body []byte, extra ...string) []byte {
	h := base.Header{"CSeq": r.Header["CSeq"], "Session": base.HeaderValue{session + ";timeout=60"}}
	if r.Method == base.Describe || r.Method == base.Options {
		delete(h, "Session")
	}
	for i := 0; i+1 < len(extra); i += 2 {
		h[extra[i]] = base.HeaderValue{extra[i+1]}
	}
	b, err := base.Response{StatusCode: status, Header: h, Body: body}.Marshal()
	if err != nil {
		panic(err) // of a message that was made here
	}
	return b
}

const methods = "DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"

// setupAnswer accepts a track over TCP, on the channels that are asked for.
func setupAnswer(r *base.Request) []byte {
	transport := strings.Join(r.Header["Transport"], ",")
	if !strings.Contains(transport, "interleaved=0-1") {
		return answer(r, base.StatusUnsupportedTransport, nil)
	}
	return answer(r, base.StatusOK, nil, "Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")
}

// listenLoopback listens on all of the loopback network, and nowhere else.
func listenLoopback() (*net.TCPListener, int, error) {
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{})
	if err != nil {
		return nil, 0, fmt.Errorf("listen for cameras: %w", err)
	}
	return ln, ln.Addr().(*net.TCPAddr).Port, nil
}

// outlet writes to a socket without ever waiting: what the other side doesn't take yet is kept for
// the next time, up to a bound.
type outlet struct {
	raw syscall.RawConn

	mu      sync.Mutex
	pending []byte
	broken  error
}

// pendingMost is the bytes that the other side may be behind before the connection is given up.
const pendingMost = 4 << 20

var errBehind = errors.New("the other side doesn't take what it is sent")

func newOutlet(c *net.TCPConn) (*outlet, error) {
	raw, err := c.SyscallConn()
	return &outlet{raw: raw}, err
}

// write sends b, or keeps it.
func (o *outlet) write(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken != nil {
		return o.broken
	}
	if len(o.pending) > 0 {
		n := o.try(o.pending)
		o.pending = append(o.pending[:0], o.pending[n:]...)
	}
	n := 0
	if len(o.pending) == 0 {
		n = o.try(b)
	}
	o.pending = append(o.pending, b[n:]...)
	if len(o.pending) > pendingMost && o.broken == nil {
		o.broken = errBehind
	}
	return o.broken
}

// try writes what can be written at once. The lock is held.
func (o *outlet) try(b []byte) (n int) {
	err := o.raw.Write(func(fd uintptr) bool {
		for n < len(b) {
			m, err := syscall.Write(int(fd), b[n:])
			switch {
			case err == nil:
				n += m
			case errors.Is(err, syscall.EINTR):
			case errors.Is(err, syscall.EAGAIN):
				return true
			default:
				o.broken = err
				return true
			}
		}
		return true
	})
	if err != nil {
		o.broken = err
	}
	return n
}
