package relay_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/pion/rtp"

	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

// sound sends one packet of the audio track.
func (c *camera) sound(seq uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := streams.NewUnit(1, false, 0)
	if err := u.AppendRTP(&rtp.Packet{
		Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: seq, SSRC: 8}, Payload: []byte{1, 2, 3},
	}); err != nil {
		panic(err)
	}
	u.At = time.Now()
	c.sink.Deliver(u)
}

// must asks and wants an answer of the code.
func (r *raw) must(code base.StatusCode, method, url string, headers ...string) *base.Response {
	r.t.Helper()
	res := r.ask(method, url, headers...)
	if res.StatusCode != code {
		r.t.Fatalf("%s: got %d %s, want %d", method, res.StatusCode, res.StatusMessage, code)
	}
	return res
}

func (r *raw) frame() base.InterleavedFrame {
	r.t.Helper()
	var f base.InterleavedFrame
	if err := f.Unmarshal(r.r); err != nil {
		r.t.Fatal(err)
	}
	return f
}

// tcp is a Transport header.
func tcp(channel int) string {
	return fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d", channel, channel+1)
}

func TestTracksInAnyOrder(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	r.must(200, "DESCRIBE", u)
	r.must(200, "SETUP", u+"/trackID=1", tcp(0)) // where the other is by nature
	r.must(200, "SETUP", u+"/trackID=0", tcp(8))
	r.must(200, "SETUP", u+"/trackID=0", tcp(2)) // and once more, elsewhere
	r.must(461, "SETUP", u+"/trackID=0", tcp(1))
	r.must(200, "PLAY", u)
	camera.send(true, 2, 100)
	camera.sound(1)
	for i, want := range []struct{ channel, bytes int }{{2, 112}, {2, 112}, {0, 15}} {
		if f := r.frame(); f.Channel != want.channel || len(f.Payload) != want.bytes {
			t.Fatalf("packet %d: %d bytes on channel %d, want %d on %d", i, len(f.Payload), f.Channel, want.bytes, want.channel)
		}
	}
	r.must(455, "SETUP", u+"/trackID=1", tcp(4))
	r.must(200, "PLAY", u) // while it plays: a sign of life
	r.must(200, "OPTIONS", u)
	r.must(200, "GET_PARAMETER", u)
	r.must(200, "SET_PARAMETER", u)
	r.must(455, "DESCRIBE", strings.Replace(u, "/a", "/a/sub", 1))
	r.must(551, "DESCRIBE", u, "Require: www.onvif.org/ver20/backchannel")
	r.must(400, "DESCRIBE", "not-a-url")
}

func TestOneTrackAlone(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	r.must(200, "SETUP", u+"/trackID=1", tcp(0))
	r.must(200, "PLAY", u)
	camera.send(true, 1, 100)
	camera.sound(77)
	if f := r.frame(); f.Channel != 0 || binary.BigEndian.Uint16(f.Payload[2:]) != 77 {
		t.Fatalf("got %v on channel %d, want the audio packet alone", f.Payload, f.Channel)
	}
}

// TestRTPInfo compares what PLAY says of the first packet with the first packet.
func TestRTPInfo(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	r.must(200, "SETUP", u+"/trackID=0", tcp(0))
	r.must(200, "SETUP", u+"/trackID=1", tcp(2))
	if res := r.must(200, "PLAY", u); res.Header["RTP-Info"] != nil {
		t.Errorf("RTP-Info of packets that don't exist: %s", res.Header["RTP-Info"])
	}
	camera.send(true, 1, 10)
	r.frame()
	camera.send(false, 1, 10)
	r.frame()
	for range 2 {
		r.must(200, "PAUSE", u)
		res := r.must(200, "PLAY", u)
		f := r.frame()
		want := fmt.Sprintf("url=%s/trackID=0;seq=%d;rtptime=%d", u, binary.BigEndian.Uint16(f.Payload[2:]), binary.BigEndian.Uint32(f.Payload[4:]))
		if got := res.Header["RTP-Info"]; len(got) != 1 || got[0] != want {
			t.Errorf("RTP-Info %q, want %q", got, want)
		}
	}
}

func TestAgainOnTheSameConnection(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	for range 3 {
		r.must(200, "DESCRIBE", u+"/")
		res := r.must(200, "SETUP", u+"/trackID=0", tcp(0))
		session := "Session: " + strings.Split(res.Header["Session"][0], ";")[0]
		r.must(200, "PLAY", u+"/", session)
		camera.send(true, 1, 10)
		r.must(200, "TEARDOWN", u, session)
		r.must(454, "PLAY", u, session)
	}
}

// TestIPv6AndTLS plays over a listener of each kind.
func TestIPv6AndTLS(t *testing.T) {
	for _, c := range []struct {
		name, listen string
		secure       bool
	}{{"IPv6", "[::1]:0", false}, {"TLS", "127.0.0.1:0", true}} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", c.listen)
			if err != nil {
				t.Skip(err) // a machine without IPv6
			}
			camera := &camera{}
			h := newHub(camera)
			defer h.Close()
			s := relay.New(relay.Options{Hub: h, Authorizer: anyone{}, UDP: true, StartTimeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			var conf *tls.Config
			if c.secure {
				conf = certificate(t)
			}
			go func() { done <- s.Serve(ctx, ln, conf) }()
			defer func() { cancel(); <-done }()

			addr := ln.Addr().String()
			r := dial(t, addr)
			u := "rtsp://" + addr + "/a"
			if c.secure {
				u = "rtsps://" + addr + "/a"
				nc := tls.Client(r.nc, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own
				r.nc = nc
				r.r.Reset(nc)
				r.must(461, "SETUP", u+"/trackID=0", "Transport: RTP/AVP;unicast;client_port=5000-5001")
			}
			r.must(200, "DESCRIBE", u)
			r.must(200, "SETUP", u+"/trackID=0", tcp(0))
			r.must(200, "PLAY", u)
			for i := range 50 {
				camera.send(i == 0, 30, 1000)
				for range 30 {
					if f := r.frame(); len(f.Payload) != 1012 {
						t.Fatalf("%d bytes", len(f.Payload))
					}
				}
			}
		})
	}
}

// certificate is a fresh one for 127.0.0.1.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// narrow is a listener whose connections hold little in the kernel.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		c.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return c, err
}

// TestNothingIsCut sends more than the kernel takes at once, so that units go out in pieces, from the
// delivering goroutine and from the reader's, and looks at every byte.
func TestNothingIsCut(t *testing.T) {
	for _, channel := range []int{0, 6} {
		t.Run(fmt.Sprint("channel ", channel), func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			camera := &camera{}
			h := newHub(camera)
			defer h.Close()
			s := relay.New(relay.Options{Hub: h, Authorizer: anyone{}, StartTimeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- s.Serve(ctx, narrow{ln}, nil) }()
			defer func() { cancel(); <-done }()

			u := "rtsp://" + ln.Addr().String() + "/a"
			r := dial(t, ln.Addr().String())
			r.must(200, "SETUP", u+"/trackID=0", tcp(channel))
			r.must(200, "PLAY", u)
			go func() {
				for i := range 200 {
					camera.send(i == 0, 1+i%17, 1+(i*7919)%1400)
				}
			}()
			seq := uint16(0)
			for i := range 200 {
				for range 1 + i%17 {
					seq++
					f := r.frame()
					if got := binary.BigEndian.Uint16(f.Payload[2:]); got != seq || f.Channel != channel || len(f.Payload) != 12+1+(i*7919)%1400 {
						t.Fatalf("unit %d: packet %d of %d bytes on channel %d, want %d", i, got, len(f.Payload), f.Channel, seq)
					}
				}
			}
			if s := s.Stats(); s.Skipped != 0 || s.Bytes == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}
