// Package probe asks one camera whether it is there: one RTSP OPTIONS on a fresh connection. On a slower
// turn it looks at the stream itself: see Deep.
//
// A city is probed thousands of times a second, so a probe is lean: the request is put together by
// hand in a pooled buffer, only the status line of the answer is read, and an address that is an IP
// needs no resolver.
//
// A probe sends no credentials. It can therefore neither leak a password nor lock an account, and
// 401 is a good answer: many cameras ask for credentials even for OPTIONS, and one that asks is
// there. Whether the password is right is seen by looks and when the channel is pulled.
//
// It ends the connection with a reset (SO_LINGER 0) once it has the status line. A usual close would
// leave each socket in TIME_WAIT for a minute on the side that closes first; at 3,540 probes a second
// these would be 212,400, more than Linux keeps by default, and a cheap camera runs out sooner. The
// answer is in hand by then, so nothing that matters is lost.
package probe

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Result is what one probe saw.
type Result struct {
	// State is online, degraded (it answers, and something is wrong) or offline; unknown when the
	// probe says nothing of the camera: it was cut short, or the gateway itself has no sockets left.
	State  event.State
	Reason event.Reason  // empty when online
	Detail string        // a sentence for an operator; empty when online; never holds a credential
	Took   time.Duration // the whole probe
}

// Prober probes cameras. Its methods may be called at the same time.
type Prober struct {
	timeout time.Duration
	dialer  net.Dialer
	tls     *tls.Config
	buffers sync.Pool // *[bufferSize]byte: first the request, then the answer
	look    Look      // no source: streams aren't looked at
}

// bufferSize holds any sensible request and, by far, a status line.
const bufferSize = 1024

// New makes a prober whose probes take at most the timeout when their context has no deadline.
func New(timeout time.Duration) *Prober {
	return &Prober{
		timeout: timeout,
		dialer:  net.Dialer{KeepAlive: -1}, // a probe is shorter than any keep-alive: spare the system calls
		// Cameras sign their own certificates. A probe tells them nothing and asks only whether they
		// are there, so it takes any certificate; those who send a password must look closer.
		tls:     &tls.Config{InsecureSkipVerify: true}, // #nosec G402: see above
		buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }},
	}
}

// Options asks the camera of the channel's main stream for its options, over rtsp or rtsps, and ends
// by the deadline of the context.
func (p *Prober) Options(ctx context.Context, ch registry.Channel) Result {
	began := time.Now()
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()
		ctx = bounded
	}
	r := p.options(ctx, ch.URL, began)
	r.Took = time.Since(began)
	return r
}

func (p *Prober) options(ctx context.Context, url string, began time.Time) Result {
	t, err := parseTarget(url)
	if err != nil {
		return Result{State: event.Offline, Reason: event.Unreachable, Detail: "the channel can't be probed: " + err.Error()}
	}
	conn, err := p.dial(ctx, t)
	if err != nil {
		return failure(ctx, t, false, err)
	}
	defer hangUp(conn)

	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return failure(ctx, t, true, err)
	}
	// A context that is cancelled, not timed out, must not wait for the deadline.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(began) })
	defer stop()

	stream := net.Conn(conn)
	if t.tls {
		secured, err := p.handshake(ctx, conn, t)
		if err != nil {
			return failure(ctx, t, true, err)
		}
		stream = secured
	}
	return p.ask(ctx, stream, t)
}

// dial connects to the camera; names are looked up only where there is one.
func (p *Prober) dial(ctx context.Context, t target) (*net.TCPConn, error) {
	if t.addr.IsValid() {
		return p.dialer.DialTCP(ctx, "tcp", noAddr, t.addr)
	}
	conn, err := p.dialer.DialContext(ctx, "tcp", t.host)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil // what a dialer gives for "tcp"
}

// handshake begins TLS on the connection.
func (p *Prober) handshake(ctx context.Context, conn net.Conn, t target) (*tls.Conn, error) {
	c := p.tls.Clone()
	c.ServerName = t.serverName()
	secured := tls.Client(conn, c)
	return secured, secured.HandshakeContext(ctx)
}

// ask sends the request and reads the status line of the answer.
func (p *Prober) ask(ctx context.Context, conn net.Conn, t target) Result {
	buf := p.buffers.Get().(*[bufferSize]byte)
	defer p.buffers.Put(buf)

	if _, err := conn.Write(appendRequest(buf[:0], t.uri)); err != nil {
		return failure(ctx, t, true, err)
	}
	for n := 0; ; {
		got, err := conn.Read(buf[n:])
		n += got
		line, whole := statusLine(buf[:n])
		switch {
		case whole, n == len(buf): // no status line is longer
			return verdict(t, line)
		case err != nil && n > 0 && !cancelled(ctx):
			return verdict(t, line) // that was all it had to say
		case err != nil:
			return failure(ctx, t, true, err)
		}
	}
}

// appendRequest appends an OPTIONS request.
func appendRequest(b []byte, uri string) []byte {
	b = append(b, "OPTIONS "...)
	b = append(b, uri...)
	return append(b, " RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: sharpeyes\r\n\r\n"...)
}

// hangUp closes the connection with a reset; the package's comment says why.
func hangUp(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
