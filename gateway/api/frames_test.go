package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sharpeyes/gateway/api"
)

// Whatever comes over a WebSocket of events, the gateway reads it or hangs up: a listener has nothing to say.
func FuzzFrames(f *testing.F) {
	for _, frames := range []string{
		"", "\x81\x80\x00\x00\x00\x00", "\x81\x85\x01\x02\x03\x04hello", "\x89\x80\x00\x00\x00\x00", "\x88\x82\x00\x00\x00\x00\x03\xe8", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x82\xfe\xff\xff\x00\x00\x00\x00x", "\x01\x80\x00\x00\x00\x00\x80\x80\x00\x00\x00\x00", "\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(frames))
	}
	events := &ear{}
	b := newBench(f, func(o *api.Options) { o.Events = events })
	s := httptest.NewServer(b.api.Handler())
	f.Cleanup(s.Close)
	addr := strings.TrimPrefix(s.URL, "http://")
	upgrade := "GET /api/v1/ws/events HTTP/1.1\r\nHost: " + addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	f.Fuzz(func(t *testing.T, frames []byte) {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, upgrade); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%v, %v", res, err)
		}
		_, _ = nc.Write(frames) // it may have hung up in the middle
		_ = nc.(*net.TCPConn).CloseWrite()
		n, err := io.Copy(io.Discard, r)
		if n > 1<<16 {
			t.Errorf("%d bytes of answer", n)
		}
		if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Error("it never hangs up")
		}
	})
}

// ear hears nothing.
type ear struct{ past }

func (ear) Subscribe(string, func(string, []byte)) (func(), error) { return func() {}, nil }
