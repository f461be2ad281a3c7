package relay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
)

// connection is one reader's TCP connection, with at most one session.
type connection struct {
	server *Server
	nc     net.Conn
	br     *bufio.Reader
	out    *outlet
	udp    bool // it may choose UDP
	remote netip.AddrPort

	caller    atomic.Pointer[Caller] // who reads; nil: nobody
	ungranted atomic.Bool            // closed because it may not read any more

	// The rest belongs to the goroutine of serve.
	by      time.Time // until then it must have come to the next state, unless it plays
	late    Reason    // why it is sent away otherwise
	reader  *streams.Reader
	key     streams.Key
	session string
	nonce   string  // of digests; empty: none was asked for
	tracks  []track // by index of the media; those not set up have no transport
	ports   *ports  // nil: it has not chosen UDP
	player  *player // nil: not playing
}

func newConnection(s *Server, nc net.Conn, udp bool) *connection {
	c := &connection{server: s, nc: nc, br: bufio.NewReaderSize(nc, readBuffer), out: newOutlet(nc), udp: udp}
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		c.remote = plain(a.AddrPort())
	}
	c.within(s.bounds.join, NoStream)
	return c
}

// within bounds the time until the next state.
func (c *connection) within(d time.Duration, late Reason) { c.by, c.late = time.Now().Add(d), late }

// serve answers requests until the reader leaves, is silent for too long, or ctx ends.
func (c *connection) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { c.nc.Close() })()
	defer c.leave()
	defer c.nc.Close() // first, so that a write to a reader that takes nothing holds nobody up
	defer func() {
		switch {
		case c.out.stuck.Load():
			c.away(WriteTimeout, nil)
		case c.ungranted.Load():
			c.away(Ungranted, nil)
		}
	}()
	for {
		req, err := c.next()
		if err != nil {
			if ctx.Err() == nil {
				c.bye(err)
			}
			return
		}
		if req == nil {
			continue
		}
		res, begin := c.handle(ctx, req)
		b, err := marshal(req, res)
		if err != nil {
			c.server.o.Log.Error("an answer can't be written", "error", err)
			return
		}
		if begin != nil {
			err = begin.start(ctx, cancel, b)
		} else {
			err = c.out.write(b)
		}
		if err != nil {
			return
		}
	}
}

// lateness is a bound that a reader has broken.
type lateness Reason

func (l lateness) Error() string { return string(l) }

// next waits for a request; nil without an error is something else.
func (c *connection) next() (*request, error) {
	for {
		until, late := c.until()
		if !until.IsZero() && !time.Now().Before(until) { // whatever is in the buffer already
			return nil, lateness(late)
		}
		c.nc.SetReadDeadline(until)
		_, err := c.br.Peek(1)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		if !c.alive() {
			return nil, lateness(late)
		}
	}
	c.nc.SetReadDeadline(time.Now().Add(c.server.bounds.request))
	req, err := readRequest(c.br)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = lateness(SlowRequest)
	}
	return req, err
}

// until is when a reader that says nothing is sent away, and why. One that plays over TCP needs to
// say nothing: whether it lives is told by what it takes.
func (c *connection) until() (time.Time, Reason) {
	if c.player != nil && !c.overUDP() {
		return time.Time{}, ""
	}
	idle := time.Now().Add(c.server.bounds.idle)
	if c.player == nil && c.by.Before(idle) {
		return c.by, c.late
	}
	return idle, Silent
}

// alive reports whether a reader over UDP was heard from although its connection is silent.
func (c *connection) alive() bool {
	return c.player != nil && c.overUDP() && c.ports.silent() < c.server.bounds.idle
}

// bye tells why the connection ends when it is not the reader that has left.
func (c *connection) bye(err error) {
	var late lateness
	switch {
	case errors.As(err, &late):
		c.away(Reason(late), nil)
	case errors.Is(err, errRequest):
		c.away(BadRequest, err)
		if b, err := marshal(nil, status(base.StatusBadRequest, err.Error())); err == nil {
			c.out.write(b)
		}
	case !gone(err) && !c.out.stuck.Load():
		c.server.o.Log.Debug("a reader's connection failed", "remote", c.remote, "error", err)
	}
}

// away counts and logs a reader that is sent away.
func (c *connection) away(r Reason, err error) {
	c.server.stats.count(r)
	level := c.server.o.Log.Debug
	if r == Behind || r == WriteTimeout {
		level = c.server.o.Log.Warn
	}
	level("a reader was sent away", "remote", c.remote, "stream", c.key, "reason", string(r), "error", err)
}

func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// leave stops playing and gives the stream back.
func (c *connection) leave() {
	if c.ports != nil { // first: a write to a host that has gone may wait for seconds
		c.ports.close()
	}
	c.pause()
	c.caller.Store(nil)
	if c.reader != nil {
		c.reader.Close()
		c.reader = nil
		c.within(c.server.bounds.join, NoStream)
	}
	c.tracks, c.session, c.ports = nil, "", nil
}

// errLeft is the end of a wait for a reader that has gone meanwhile.
var errLeft = errors.New("the reader has left")

// watched runs f, which may wait long, with a context that ends when the reader goes away.
func (c *connection) watched(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	ctx, left := context.WithCancelCause(ctx)
	defer left(nil)
	var stop atomic.Bool
	done := make(chan struct{})
	c.nc.SetReadDeadline(time.Time{})
	go func() {
		defer close(done)
		// What comes meanwhile stays in the buffer, as far as there is room.
		for n := c.br.Buffered() + 1; n <= readBuffer; n = c.br.Buffered() + 1 {
			if _, err := c.br.Peek(n); err != nil {
				if !stop.Load() {
					left(errLeft)
				}
				return
			}
		}
	}()
	err := f(ctx)
	stop.Store(true)
	c.nc.SetReadDeadline(time.Unix(1, 0))
	<-done
	return err
}
