package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// camera listens on loopback, serves each connection, and is gone when the test ends.
func camera(t testing.TB, serve func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		conns.Wait()
	})
	return l.Addr().String()
}

// answers is a camera that reads the request and writes the parts, one segment each.
func answers(parts ...string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := textproto.NewReader(bufio.NewReader(c)).ReadLine(); err != nil {
			return
		}
		for _, p := range parts {
			if _, err := io.WriteString(c, p); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, c) // until the prober hangs up
	}
}

func channel(url string) registry.Channel {
	return registry.Channel{ID: "gate", URL: url, Username: "admin", Password: "s3cret-word", Enabled: true}
}

func ask(t testing.TB, url string, timeout time.Duration) Result {
	t.Helper()
	r := New(timeout).Options(t.Context(), channel(url))
	if strings.Contains(r.Detail, "s3cret") || strings.Contains(r.Detail, "admin") {
		t.Errorf("the detail holds credentials: %q", r.Detail)
	}
	if r.Took <= 0 {
		t.Errorf("took %v", r.Took)
	}
	if (r.Detail == "") != (r.State == event.Online) || (r.Reason == "") != (r.State == event.Online || r.State == event.Unknown) {
		t.Errorf("incomplete result: %+v", r)
	}
	return r
}

func expect(t testing.TB, r Result, state event.State, reason event.Reason) {
	t.Helper()
	if r.State != state || r.Reason != reason {
		t.Errorf("got %s %q (%s), want %s %q", r.State, r.Reason, r.Detail, state, reason)
	}
}

func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		serve  func(*net.TCPConn)
		state  event.State
		reason event.Reason
	}{
		"200":             {answers("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), event.Online, ""},
		"200 in pieces":   {answers("\r\nRT", "SP/1.0 2", "00 OK\r", "\nCSeq: 1\r\n\r\n"), event.Online, ""},
		"200 and no more": {answers("RTSP/1.0 200 OK\n"), event.Online, ""},
		"200, cut": {func(c *net.TCPConn) {
			_, _ = io.CopyN(io.Discard, c, 10)
			_, _ = io.WriteString(c, "RTSP/1.0 200 OK")
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}, event.Online, ""},
		"asks for credentials":     {answers("RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\"\r\n\r\n"), event.Online, ""},
		"knows no OPTIONS":         {answers("RTSP/1.0 501 Not Implemented\r\n\r\n"), event.Online, ""},
		"knows no such stream":     {answers("RTSP/1.0 404 Not Found\r\n\r\n"), event.Offline, event.NotFound},
		"no session left":          {answers("RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n"), event.Degraded, event.SessionFull},
		"overloaded":               {answers("RTSP/1.0 503 Service Unavailable\r\n\r\n"), event.Degraded, event.SessionFull},
		"bad request":              {answers("RTSP/1.0 400 Bad Request\r\n\r\n"), event.Degraded, event.BadAnswer},
		"session not found":        {answers("RTSP/1.0 454 Session Not Found\r\n\r\n"), event.Degraded, event.BadAnswer},
		"broken":                   {answers("RTSP/1.0 500 Internal Server Error\r\n\r\n"), event.Degraded, event.BadAnswer},
		"redirects":                {answers("RTSP/1.0 302 Moved\r\nLocation: rtsp://other/\r\n\r\n"), event.Degraded, event.BadAnswer},
		"speaks HTTP":              {answers("HTTP/1.1 400 Bad Request\r\n\r\n"), event.Offline, event.BadAnswer},
		"never ends its line":      {answers(strings.Repeat("RTSP/1.0 ", 1000)), event.Offline, event.BadAnswer},
		"hangs up":                 {func(*net.TCPConn) {}, event.Offline, event.NoAnswer},
		"resets":                   {func(c *net.TCPConn) { _ = c.SetLinger(0) }, event.Offline, event.NoAnswer},
		"hangs up when asked":      {func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 999)) }, event.Offline, event.NoAnswer},
		"greets in another tongue": {func(c *net.TCPConn) { _, _ = io.WriteString(c, "SSH-2.0-dropbear\r\n"); _, _ = io.Copy(io.Discard, c) }, event.Offline, event.BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, ask(t, "rtsp://"+camera(t, tc.serve)+"/main", 10*time.Second), tc.state, tc.reason)
		})
	}
}

func TestNoAnswerWithinTheTimeout(t *testing.T) {
	mute := camera(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	r := ask(t, "rtsp://"+mute+"/main", 50*time.Millisecond)
	expect(t, r, event.Offline, event.NoAnswer)
	if r.Took > 5*time.Second {
		t.Errorf("took %v with a timeout of 50ms", r.Took)
	}
	// A context that has a deadline decides.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	expect(t, New(time.Hour).Options(ctx, channel("rtsp://"+mute+"/main")), event.Offline, event.NoAnswer)
}

func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	expect(t, ask(t, "rtsp://"+address+"/main", 10*time.Second), event.Offline, event.ConnectRefused)
}

func TestCancelledSaysNothing(t *testing.T) {
	asked := make(chan struct{})
	mute := camera(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 10))
		close(asked)
		_, _ = io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	expect(t, New(time.Hour).Options(ctx, channel("rtsp://"+mute+"/main")), event.Unknown, "")
}

func TestErrors(t *testing.T) {
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	t0 := target{host: "192.0.2.1:554"}
	for name, tc := range map[string]struct {
		r      Result
		state  event.State
		reason event.Reason
	}{
		"timeout":        {failure(t.Context(), t0, false, context.DeadlineExceeded), event.Offline, event.ConnectTimeout},
		"kernel timeout": {failure(t.Context(), t0, false, syscall.ETIMEDOUT), event.Offline, event.ConnectTimeout},
		"no route":       {failure(t.Context(), t0, false, syscall.EHOSTUNREACH), event.Offline, event.Unreachable},
		"no network":     {failure(t.Context(), t0, false, syscall.ENETUNREACH), event.Offline, event.Unreachable},
		"no such name":   {failure(t.Context(), t0, false, &net.DNSError{IsNotFound: true}), event.Offline, event.Unreachable},
		"reset":          {failure(t.Context(), t0, false, syscall.ECONNRESET), event.Offline, event.NoAnswer},
		"our own limit":  {failure(t.Context(), t0, false, syscall.EMFILE), event.Unknown, ""},
		"our own ports":  {failure(t.Context(), t0, false, syscall.EADDRNOTAVAIL), event.Unknown, ""},
		"cancelled":      {failure(cut, t0, false, context.Canceled), event.Unknown, ""},
		"route lost":     {failure(t.Context(), t0, true, syscall.EHOSTUNREACH), event.Offline, event.Unreachable},
		"tls alert":      {failure(t.Context(), target{tls: true}, true, errors.New("remote error")), event.Offline, event.TLS},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tc.r, tc.state, tc.reason) })
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its self-signed certificate
	certificates := server.TLS.Certificates
	server.Close()
	secured := camera(t, func(c *net.TCPConn) {
		s := tls.Server(c, &tls.Config{Certificates: certificates})
		if _, err := textproto.NewReader(bufio.NewReader(s)).ReadLine(); err == nil {
			_, _ = io.WriteString(s, "RTSP/1.0 200 OK\r\n\r\n")
			_, _ = io.Copy(io.Discard, s)
		}
	})
	expect(t, ask(t, "rtsps://"+secured+"/main", 10*time.Second), event.Online, "")

	plain := camera(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 10))
		_, _ = io.WriteString(c, "RTSP/1.0 400 Bad Request\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	expect(t, ask(t, "rtsps://"+plain+"/main", 10*time.Second), event.Offline, event.TLS)

	mute := camera(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	expect(t, ask(t, "rtsps://"+mute+"/main", 50*time.Millisecond), event.Offline, event.NoAnswer)
}

// The camera sees one whole request without credentials, and its connection ends with a reset, so
// that neither side is left with a socket in TIME_WAIT.
func TestRequestAndReset(t *testing.T) {
	request := make(chan string, 1)
	end := make(chan error, 1)
	address := camera(t, func(c *net.TCPConn) {
		r := textproto.NewReader(bufio.NewReader(c))
		line, _ := r.ReadLine()
		header, _ := r.ReadMIMEHeader()
		request <- line + " CSeq " + header.Get("CSeq") + " Authorization " + header.Get("Authorization")
		_, _ = io.WriteString(c, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
		_, err := c.Read(make([]byte, 1))
		end <- err
	})
	expect(t, ask(t, "rtsp://admin:s3cret@"+address+"/main?x=1#part", 10*time.Second), event.Online, "")
	if got, want := <-request, "OPTIONS rtsp://"+address+"/main?x=1 RTSP/1.0 CSeq 1 Authorization "; got != want {
		t.Errorf("the request is %q, want %q", got, want)
	}
	if err := <-end; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ended with %v, want a reset", err)
	}
}

func TestTargets(t *testing.T) {
	for url, want := range map[string]string{
		"rtsp://10.0.0.1/a":                    "10.0.0.1:554 rtsp://10.0.0.1/a",
		"rtsps://10.0.0.1/a":                   "10.0.0.1:322 rtsps://10.0.0.1/a",
		"rtsp://[fe80::1]:8554/":               "[fe80::1]:8554 rtsp://[fe80::1]:8554/",
		"rtsp://gate.example:8554/a?b=c":       "gate.example:8554 rtsp://gate.example:8554/a?b=c",
		"rtsp://u:s3cret%40@10.0.0.1/a":        "10.0.0.1:554 rtsp://10.0.0.1/a",
		"":                                     errNotRTSP.Error(),
		"http://10.0.0.1/":                     errNotRTSP.Error(),
		"rtsp:///a":                            errNoHost.Error(),
		"rtsp://10.0.0.1:0/":                   errBadPort.Error(),
		"rtsp://10.0.0.1:65536/":               errBadPort.Error(),
		"rtsp://u:s3cret^#@10.0.0.1/":          errNotURL.Error(),
		"rtsp://10.0.0.1/a b":                  errNotURL.Error(),
		"rtsp://10.0.0.1/a\r\nTEARDOWN x":      errNotURL.Error(),
		"rtsp://h/" + strings.Repeat("a", 600): errLongProbe.Error(),
	} {
		target, err := parseTarget(url)
		got := target.host + " " + target.uri
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", url, got, want)
		}
	}
	expect(t, ask(t, "http://admin:s3cret@10.0.0.1/", time.Second), event.Offline, event.Unreachable)
}
