package relay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// FuzzRequest reads whatever a stranger may say: nothing may panic, be set aside without bound, or
// come out half understood.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"\r\n\r\nDESCRIBE rtsp://u:p@h/a%20b/sub?x=y RTSP/1.0\nCSeq:1\nContent-Length: 3\n\nabcTEARDOWN",
		"$\x00\x00\x04abcd$\x01\x00\x00GET_PARAMETER rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nab",
		"GET / HTTP/1.1\r\n\r\n",
		"SETUP rtsp://[::1]:8554//a//trackID=1 RTSP/1.0\r\nCSeq : 1\r\nTransport: a\r\nTransport: b\r\n\r\n",
		"SET_PARAMETER * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"A " + strings.Repeat("x", readBuffer) + " RTSP/1.0\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		br := bufio.NewReaderSize(bytes.NewReader(b), readBuffer)
		for {
			req, err := readRequest(br)
			if err != nil {
				if !errors.Is(err, errRequest) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an error of another kind: %v", err)
				}
				return
			}
			if req == nil {
				continue
			}
			size := 0
			for key, values := range req.header {
				for _, v := range values {
					size += len(key) + len(v)
					if strings.ContainsAny(v, "\n") {
						t.Fatalf("a line end in %q: %q", key, v)
					}
				}
			}
			if size > maxHead {
				t.Fatalf("%d bytes of headers", size)
			}
			if req.url != nil {
				if key, track, ok := parsePath(req.url); ok && (key.Channel == "" || track < -1 || track > 255) {
					t.Fatalf("%v: %v, track %d", req.url, key, track)
				}
				plainURL(req.url)
			}
			basicAuth(req.header["Authorization"])
		}
	})
}

// FuzzTransport reads Transport headers.
func FuzzTransport(f *testing.F) {
	for _, s := range []string{
		"RTP/AVP/TCP;unicast;interleaved=0-1",
		"RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=254-255;mode=play",
		"rtp/avp/udp;multicast;ttl=1", "RTP/AVP/TCP;interleaved=255", "RTP/SAVP;client_port=1-0", ";;,;=,", "RTP/AVP;client_port=70000-70001",
		"RTP/AVP/TCP;unicast;interleaved=-1--2",
	} {
		f.Add(s, 0)
	}
	p, err := listenPorts(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.close)
	remote := netip.MustParseAddrPort("127.0.0.1:9")
	f.Fuzz(func(t *testing.T, s string, index int) {
		index &= 0xff
		c := &connection{server: New(Options{}), tracks: make([]track, 256), udp: true, ports: p, remote: remote}
		got, answer, ok := c.transport(base.HeaderValue{s}, index)
		if !ok {
			return
		}
		if got.channel < 0 || got.channel > 254 || got.udp && (got.rtp.Addr() != remote.Addr() || got.rtp.Port() == 0 || got.rtcp.Port() == 0) {
			t.Fatalf("%q: %+v", s, got)
		}
		if answer.Marshal() == nil {
			t.Fatal("no answer")
		}
	})
}

// TestHeaders is what of a request is understood, and what is refused.
func TestHeaders(t *testing.T) {
	req, err := readRequest(bufio.NewReader(strings.NewReader(
		"\r\nSETUP rtsp://h/a RTSP/1.0\r\ncseq:7\r\nTRANSPORT:  x \r\nrequire: a\r\nRequire: b\r\n\r\n")))
	if err != nil || req.method != base.Setup || req.url.Host != "h" {
		t.Fatalf("%+v, %v", req, err)
	}
	if h := req.header; h["CSeq"][0] != "7" || h["Transport"][0] != "x" || len(h["Require"]) != 2 {
		t.Errorf("headers %v", h)
	}
	for _, bad := range []string{
		"SETUP rtsp://h/a RTSP/2.0\r\n\r\n", "SETUP rtsp://h/a\r\n\r\n", "x\r\n\r\n", "OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", "OPTIONS * RTSP/1.0\r\nContent-Length: 70000\r\n\r\n",
	} {
		if _, err := readRequest(bufio.NewReader(strings.NewReader(bad))); !errors.Is(err, errRequest) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestOutletAfterAnError: what a try finds out is told by the next write.
func TestOutletAfterAnError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o := newOutlet(nc)
	nc.Close()
	if !o.ready() {
		t.Skip("this machine has no short way")
	}
	if took, left := o.try([]byte("x")); !took || !left {
		t.Errorf("took %v, left %v; want both, so that somebody looks", took, left)
	}
	if o.ready() {
		t.Error("ready after an error")
	}
	if err := o.write([]byte("y")); err == nil {
		t.Error("no error")
	}
	o.overdue(time.Now()) // nothing is under way
	if o.stuck.Load() {
		t.Error("stuck without a write")
	}
}

// Whatever is sent as a digest proves nothing unless it was made of the password.
func FuzzDigest(f *testing.F) {
	for _, s := range []string{
		"", "Digest", `Digest username="bus", realm="sharpeyes", nonce="n", uri="/a", response="r"`,
		`Digest username="bus", realm="sharpeyes", nonce="n", uri="/a", response="", algorithm=SHA-256`,
		`Digest username="", realm="sharpeyes", nonce="n", uri="", response="r", qop=auth, nc=1`, "Basic YTpi",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		d := digestOf(base.HeaderValue{header}, base.Describe, "n")
		if d.Proves(Secret("bus", "right")) {
			t.Errorf("%q proves the password", header)
		}
	})
}
