package relay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
)

// connection is one reader's TCP connection, with at most one session.
type connection struct {
	server *Server
	nc     net.Conn
	br     *bufio.Reader
	udp    *ports // nil: TCP only
	remote netip.AddrPort
	heard  atomic.Int64 // last sign of life over UDP, Unix ns

	write sync.Mutex // answers and packets come from two goroutines

	// The rest belongs to the goroutine of serve.
	joinBy  time.Time // until then it must have asked for a stream that it gets
	reader  *streams.Reader
	key     streams.Key
	session string
	tracks  []track // by index of the media; those not set up have no transport
	player  *player // nil: not playing
}

func newConnection(s *Server, nc net.Conn, udp *ports) *connection {
	c := &connection{server: s, nc: nc, br: bufio.NewReaderSize(nc, 4<<10), udp: udp, joinBy: time.Now().Add(joinTimeout)}
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		c.remote = plain(a.AddrPort())
	}
	return c
}

// serve answers requests until the reader leaves, is silent for too long, or ctx ends.
func (c *connection) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { c.nc.Close() })()
	defer c.leave()
	defer c.nc.Close() // first, so that a write to a reader that takes nothing holds nobody up
	for {
		c.setReadDeadline()
		req, err := c.read()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && c.alive() {
				continue
			}
			if !gone(err) && ctx.Err() == nil {
				c.server.o.Log.Debug("a reader's connection failed", "remote", c.remote, "error", err)
				c.answer(&base.Request{}, status(base.StatusBadRequest, "this is not RTSP 1.0"))
			}
			return
		}
		if req == nil {
			continue
		}
		res := c.handle(ctx, req)
		if err := c.answer(req, res); err != nil {
			return
		}
		if req.Method == base.Play && res.StatusCode == base.StatusOK {
			c.start(ctx, cancel) // after the answer, which must come before the first packet
		}
	}
}

// read reads a request; nil stands for what needs no answer: receiver reports, and answers to what
// was never asked.
func (c *connection) read() (*base.Request, error) {
	first, err := c.br.Peek(2)
	if err != nil {
		return nil, err
	}
	switch {
	case first[0] == '$':
		var f base.InterleavedFrame
		return nil, f.Unmarshal(c.br)
	case string(first) == "RT":
		var res base.Response
		return nil, res.Unmarshal(c.br)
	}
	var req base.Request
	return &req, req.Unmarshal(c.br)
}

// setReadDeadline bounds the silence. A reader over TCP that plays needs to say nothing: whether it
// lives is told by what it takes.
func (c *connection) setReadDeadline() {
	if c.player != nil && !c.overUDP() {
		c.nc.SetReadDeadline(time.Time{})
		return
	}
	if c.reader == nil {
		c.nc.SetReadDeadline(c.joinBy)
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(idleTimeout))
}

// alive reports whether a reader over UDP was heard from although its connection is silent.
func (c *connection) alive() bool {
	return c.player != nil && c.overUDP() && time.Since(time.Unix(0, c.heard.Load())) < idleTimeout
}

func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}

// answer completes and sends a response.
func (c *connection) answer(req *base.Request, res *base.Response) error {
	if res.Header == nil {
		res.Header = base.Header{}
	}
	if seq, ok := req.Header["CSeq"]; ok {
		res.Header["CSeq"] = seq
	}
	res.Header["Server"] = base.HeaderValue{"sharpeyes"}
	b, err := res.Marshal()
	if err != nil {
		return err
	}
	return c.send(b)
}

// send writes bytes of one kind, whole.
func (c *connection) send(b ...[]byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if len(b) == 1 {
		_, err := c.nc.Write(b[0])
		return err
	}
	bufs := net.Buffers(b)
	_, err := bufs.WriteTo(c.nc)
	return err
}

// leave stops playing and gives the stream back.
func (c *connection) leave() {
	c.pause()
	if c.reader != nil {
		c.reader.Close()
		c.reader = nil
	}
	for _, t := range c.tracks {
		c.release(t)
	}
	c.tracks, c.session = nil, ""
	c.joinBy = time.Now().Add(joinTimeout)
}

// release forgets the addresses of a track over UDP.
func (c *connection) release(t track) {
	if t.setUp && t.udp {
		c.udp.forget(t.rtp, &c.heard)
		c.udp.forget(t.rtcp, &c.heard)
	}
}
