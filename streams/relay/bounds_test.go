package relay_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

// pipes is a listener of connections within this process, whose time synctest rules.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.close.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// bubble runs f with a server in a synctest bubble; dial connects to it.
func bubble(t *testing.T, hub func(*camera) relay.Joiner, f func(t *testing.T, s *relay.Server, c *camera, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		o := relay.Options{Authorizer: anyone{}, StartTimeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler)}
		if hub != nil {
			o.Hub = hub(c)
		} else {
			h := newHub(c)
			defer h.Close()
			o.Hub = h
		}
		s := relay.New(o)
		ctx, cancel := context.WithCancel(context.Background())
		ln := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, ln, nil) }()
		var open []net.Conn
		f(t, s, c, func() net.Conn {
			client, server := net.Pipe()
			open = append(open, client)
			ln.conns <- server
			synctest.Wait()
			return client
		})
		cancel()
		for _, c := range open {
			c.Close()
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// ask sends one request and returns the answer's status line and headers.
func ask(t *testing.T, c net.Conn, lines ...string) string {
	t.Helper()
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

const setUp = "SETUP rtsp://h/a/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1"

// TestSentAway is each way for a reader to be a burden, when it is sent away, and why.
func TestSentAway(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason relay.Reason
		after  time.Duration // about
		do     func(t *testing.T, camera *camera, c net.Conn)
	}{
		{"says nothing", relay.NoStream, 20 * time.Second, func(*testing.T, *camera, net.Conn) {}},
		{"asks for nothing", relay.NoStream, 20 * time.Second, func(t *testing.T, _ *camera, c net.Conn) {
			for range 9 {
				ask(t, c, "OPTIONS * RTSP/1.0", "CSeq: 1")
				ask(t, c, "TEARDOWN rtsp://h/a RTSP/1.0", "CSeq: 1")
				time.Sleep(2 * time.Second)
			}
		}},
		{"asks for what isn't there", relay.NoStream, 20 * time.Second, func(t *testing.T, _ *camera, c net.Conn) {
			for range 9 {
				ask(t, c, "DESCRIBE rtsp://h/other RTSP/1.0", "CSeq: 1")
				time.Sleep(2 * time.Second)
			}
		}},
		{"never ends its request", relay.SlowRequest, 10 * time.Second, func(_ *testing.T, _ *camera, c net.Conn) {
			for range 6 {
				io.WriteString(c, "X")
				time.Sleep(2 * time.Second)
			}
		}},
		{"says nonsense", relay.BadRequest, 0, func(t *testing.T, _ *camera, c net.Conn) {
			if got := ask(t, c, "GET / HTTP/1.1"); !strings.HasPrefix(got, "RTSP/1.0 400 ") {
				t.Errorf("got %q", got)
			}
		}},
		{"sends a line without an end", relay.BadRequest, 0, func(_ *testing.T, _ *camera, c net.Conn) {
			go io.WriteString(c, strings.Repeat("x", 1<<20))
			io.Copy(io.Discard, c)
		}},
		{"sends headers without an end", relay.BadRequest, 0, func(_ *testing.T, _ *camera, c net.Conn) {
			go io.WriteString(c, "OPTIONS * RTSP/1.0\r\n"+strings.Repeat("A: b\r\n", 1<<16))
			io.Copy(io.Discard, c)
		}},
		{"announces a body without an end", relay.BadRequest, 0, func(t *testing.T, _ *camera, c net.Conn) {
			ask(t, c, "SET_PARAMETER * RTSP/1.0", "Content-Length: 100000000")
		}},
		{"has always begun one more request", relay.NoStream, 20 * time.Second, func(_ *testing.T, _ *camera, c net.Conn) {
			go io.Copy(io.Discard, c)
			io.WriteString(c, "O")
			for range 20 {
				time.Sleep(3 * time.Second)
				if _, err := io.WriteString(c, "PTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nO"); err != nil {
					return
				}
			}
		}},
		{"never plays", relay.NoPlay, 30 * time.Second, func(t *testing.T, _ *camera, c net.Conn) {
			ask(t, c, setUp)
			for range 14 {
				time.Sleep(2 * time.Second)
				ask(t, c, "GET_PARAMETER rtsp://h/a RTSP/1.0", "CSeq: 1")
			}
		}},
		{"pauses for ever", relay.Paused, 5 * time.Minute, func(t *testing.T, _ *camera, c net.Conn) {
			ask(t, c, setUp)
			ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 1")
			ask(t, c, "PAUSE rtsp://h/a RTSP/1.0", "CSeq: 1")
			for range 14 {
				time.Sleep(20 * time.Second)
				ask(t, c, "OPTIONS * RTSP/1.0", "CSeq: 1")
			}
		}},
		{"pauses and is silent", relay.Silent, 60 * time.Second, func(t *testing.T, _ *camera, c net.Conn) {
			ask(t, c, setUp)
			ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 1")
			ask(t, c, "PAUSE rtsp://h/a RTSP/1.0", "CSeq: 1")
		}},
		{"takes nothing", relay.WriteTimeout, 10 * time.Second, func(t *testing.T, camera *camera, c net.Conn) {
			ask(t, c, setUp)
			ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 1")
			camera.send(true, 1, 1000)
		}},
		{"takes too little", relay.Behind, 20 * time.Second, func(t *testing.T, camera *camera, c net.Conn) {
			ask(t, c, setUp)
			ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 1")
			b := make([]byte, 100<<10)
			for range 30 { // 1 MB comes a second, and 100 kB are taken
				for range 10 {
					camera.send(true, 100, 1000)
				}
				time.Sleep(time.Second)
				if _, err := c.Read(b); err != nil {
					return
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, s *relay.Server, camera *camera, dial func() net.Conn) {
				nc := dial()
				began := time.Now()
				c.do(t, camera, nc)
				for i := 0; s.Stats().Connections > 0; i++ {
					if i > 400 {
						t.Fatalf("still there after %v", time.Since(began))
					}
					time.Sleep(time.Second)
				}
				if took := time.Since(began); took < c.after-5*time.Second || took > c.after+5*time.Second {
					t.Errorf("sent away after %v, want %v", took, c.after)
				}
				if got := s.Stats().SentAway; got[c.reason] != 1 || len(got) != 1 {
					t.Errorf("reasons %v, want %s", got, c.reason)
				}
			})
		})
	}
}

// TestPlaysInSilence is a reader over TCP that says nothing more, as most do.
func TestPlaysInSilence(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *relay.Server, camera *camera, dial func() net.Conn) {
		c := dial()
		ask(t, c, setUp)
		ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 1")
		got := make(chan int64)
		go func() { n, _ := io.Copy(io.Discard, c); got <- n }()
		for range 600 {
			camera.send(true, 1, 1000)
			time.Sleep(time.Second)
		}
		if s := s.Stats(); s.Playing != 1 || len(s.SentAway) != 0 {
			t.Errorf("after ten minutes: %+v", s)
		}
		c.Close()
		if n := <-got; n < 600*1000 {
			t.Errorf("got %d bytes", n)
		}
	})
}

// waiting is a hub whose camera never answers.
type waiting struct{ given atomic.Int32 }

func (w *waiting) Join(ctx context.Context, _ streams.Key, _ streams.Who) (*streams.Reader, error) {
	<-ctx.Done()
	w.given.Add(1)
	return nil, ctx.Err()
}

// TestLeavesWhileItWaits: who hangs up while a camera is dialled is no burden for the rest of the time.
func TestLeavesWhileItWaits(t *testing.T) {
	w := &waiting{}
	bubble(t, func(*camera) relay.Joiner { return w }, func(t *testing.T, s *relay.Server, _ *camera, dial func() net.Conn) {
		c := dial()
		began := time.Now()
		io.WriteString(c, "DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n")
		time.Sleep(2 * time.Second)
		if w.given.Load() != 0 {
			t.Error("the wait ended by itself")
		}
		io.WriteString(c, "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n") // waits for its turn
		c.Close()
		synctest.Wait()
		if w.given.Load() != 1 || s.Stats().Connections != 0 {
			t.Errorf("%v later %d waits have ended and %d connections are left", time.Since(began), w.given.Load(), s.Stats().Connections)
		}

		// Who stays is told.
		if got := ask(t, dial(), "DESCRIBE rtsp://h/a RTSP/1.0", "CSeq: 1"); !strings.HasPrefix(got, "RTSP/1.0 503 ") || !strings.Contains(got, "no_answer") {
			t.Errorf("got %q", got)
		}
		if d := time.Since(began); d > 14*time.Second {
			t.Errorf("told after %v", d)
		}
	})
}

// TestPipelined: what is said while a camera is dialled is answered after it.
func TestPipelined(t *testing.T) {
	w := &waiting{}
	bubble(t, func(*camera) relay.Joiner { return w }, func(t *testing.T, _ *relay.Server, _ *camera, dial func() net.Conn) {
		c := dial()
		io.WriteString(c, "DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n")
		time.Sleep(time.Second)
		io.WriteString(c, "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n")
		for _, want := range []string{"CSeq: 1", "CSeq: 2"} {
			b := make([]byte, 4096)
			n, err := c.Read(b)
			if err != nil || !strings.Contains(string(b[:n]), want) {
				t.Fatalf("%v, %q; want %s", err, b[:n], want)
			}
		}
	})
}
