package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// script is a camera that does as it is told for one connection.
type script struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

// camera lets a script play the camera of a channel, and waits for its end with the test.
func camera(t *testing.T, play func(*script)) registry.Channel {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		play(&script{t: t, c: c, r: bufio.NewReader(c)})
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return registry.Channel{ID: "a", URL: "rtsp://" + l.Addr().String() + "/s", Transport: "tcp"}
}

// request reads the next request and its header; RTCP before it is passed over.
func (s *script) request() (method string, h textproto.MIMEHeader) {
	for {
		b, err := s.r.Peek(1)
		if err != nil {
			return "", nil
		}
		if b[0] != '$' {
			break
		}
		s.rtcp()
	}
	r := textproto.NewReader(s.r)
	line, err := r.ReadLine()
	if err != nil {
		return "", nil
	}
	h, _ = r.ReadMIMEHeader()
	method, _, _ = strings.Cut(line, " ")
	return method, h
}

// rtcp reads an interleaved frame.
func (s *script) rtcp() (channel byte, b []byte) {
	h := make([]byte, frameHeader)
	if _, err := io.ReadFull(s.r, h); err != nil {
		return 0, nil
	}
	b = make([]byte, binary.BigEndian.Uint16(h[2:]))
	io.ReadFull(s.r, b)
	return h[1], b
}

func (s *script) send(b []byte) { s.c.Write(b) }

func (s *script) answer(h textproto.MIMEHeader, status string, fields ...string) {
	s.send([]byte("RTSP/1.0 " + status + "\r\nCSeq: " + h.Get("CSeq") + "\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"))
}

// open goes through the handshake, by the book.
func (s *script) open(sdp string) {
	_, h := s.request()
	s.answer(h, "200 OK", "Content-Length: "+strconv.Itoa(len(sdp)))
	s.send([]byte(sdp))
	for {
		method, h := s.request()
		switch method {
		case "SETUP":
			s.answer(h, "200 OK", "Session: 7;timeout=1", "Transport: "+h.Get("Transport"))
		case "PLAY":
			s.answer(h, "200 OK", "Session: 7")
			return
		default:
			return
		}
	}
}

// signal is a sink that says when a keyframe has come.
type signal struct {
	tally
	keyframe chan struct{}
	told     bool
}

func (s *signal) Deliver(u *streams.Unit) {
	if u.Keyframe && !s.told {
		s.told = true
		close(s.keyframe)
	}
}

var quick = &Source{StartTimeout: 5 * time.Second, StallTimeout: 5 * time.Second, UserAgent: "test"}

func TestAsksForKeyframe(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]func([]byte) bool{
		"nack pli": func(b []byte) bool { return new(rtcp.PictureLossIndication).Unmarshal(b) == nil },
		"ccm fir":  func(b []byte) bool { return new(rtcp.FullIntraRequest).Unmarshal(b) == nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := camera(t, func(s *script) {
				s.open(head + videoLines + "a=rtcp-fb:96 " + name + "\r\n")
				e := &encoder{kind: 96, ssrc: 77}
				s.send(bytes.Join(e.h264(false, 3000), nil))
				channel, b := s.rtcp()
				if channel != 1 || !want(b) || binary.BigEndian.Uint32(b[8:]) != 77 && name == "nack pli" {
					t.Errorf("channel %d: % x", channel, b)
					return
				}
				s.send(bytes.Join(e.h264(true, 3000), nil))
				s.request() // TEARDOWN
			})
			ctx, cancel := context.WithCancel(t.Context())
			sink := &signal{keyframe: make(chan struct{})}
			go func() {
				select {
				case <-sink.keyframe:
					cancel()
				case <-ctx.Done():
				}
			}()
			if err := quick.Pull(ctx, ch, streams.Main, sink); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		})
	}
}

func TestSaysGoodbye(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer bool
	}{{"to one that answers", true}, {"to one that doesn't", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			last := make(chan string, 1)
			ch := camera(t, func(s *script) {
				s.open(head + videoLines)
				s.send(bytes.Join((&encoder{kind: 96}).h264(true, 3000), nil))
				method, h := s.request()
				last <- method + " " + h.Get("Session")
				if c.answer {
					s.answer(h, "200 OK")
				}
				s.request()
			})
			ctx, cancel := context.WithCancel(t.Context())
			sink := &signal{keyframe: make(chan struct{})}
			go func() { <-sink.keyframe; cancel() }()
			if err := quick.Pull(ctx, ch, streams.Main, sink); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if got := <-last; got != "TEARDOWN 7" {
				t.Fatalf("the last request is %q", got)
			}
		})
	}
}

// A camera begins to send before it has answered PLAY: nothing of it may be lost.
func TestPacketsBeforeAnswer(t *testing.T) {
	t.Parallel()
	ch := camera(t, func(s *script) {
		_, h := s.request()
		s.answer(h, "200 OK", "Content-Length: "+strconv.Itoa(len(head+videoLines)))
		s.send([]byte(head + videoLines))
		_, h = s.request()
		s.answer(h, "200 OK", "Session: 7", "Transport: RTP/AVP/TCP;interleaved=8-9")
		_, h = s.request()
		s.send(bytes.Join((&encoder{kind: 96, channel: 8}).h264(true, 3000), nil))
		s.send([]byte("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
		if line, err := s.r.ReadString('\n'); err != nil || line != "RTSP/1.0 200 OK\r\n" {
			t.Errorf("the camera's own request got %q", line)
		}
		s.answer(h, "200 OK")
	})
	sink := &record{}
	err := quick.Pull(t.Context(), ch, streams.Main, sink)
	if failure, ok := errors.AsType[*streams.Failure](err); !ok || failure.Reason != event.NoAnswer {
		t.Fatal(err)
	}
	if len(sink.units) != 1 || !sink.units[0].Keyframe || sink.playing != 1 {
		t.Fatalf("%d units, playing %d", len(sink.units), sink.playing)
	}
}

func TestRefusesAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		want         event.Reason
	}{
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", event.BadAnswer},
		{"binary", "\x00\x01\x02", event.BadAnswer},
		{"TLS", "\x15\x03\x01\x00\x02\x02\x46", event.TLS},
		{"no description", "RTSP/1.0 200 OK\r\n\r\n", event.BadAnswer},
		{"not found", "RTSP/1.0 404 p4ssw0rd\r\n\r\n", event.NotFound},
		{"refused", "RTSP/1.0 401 p4ssw0rd\r\nWWW-Authenticate: Digest realm=\"p4ssw0rd\"\r\n\r\n", event.Unauthorized},
		{"elsewhere", "RTSP/1.0 302 Moved\r\nLocation: rtsp://admin:p4ssw0rd@192.0.2.1/\r\n\r\n", event.BadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := camera(t, func(s *script) {
				s.request()
				s.send([]byte(c.answer))
				s.request()
			})
			ch.Username, ch.Password = "admin", "p4ssw0rd"
			err := quick.Pull(t.Context(), ch, streams.Main, &record{})
			failure, ok := errors.AsType[*streams.Failure](err)
			if !ok || failure.Reason != c.want {
				t.Fatalf("%v", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "p4ssw0rd") {
					t.Fatalf("the password is told: %v", e)
				}
			}
		})
	}
}

func TestReceiverReport(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	defer here.Close()
	s := player(&record{}, &format.H264{PayloadTyp: 96})
	s.nc, s.own, s.name, s.source, s.tracks[0].control = here, 5, "name", quick, 11
	e := &encoder{kind: 96, ssrc: 77, sequence: 65535, channel: 10}
	s.feed(t, bytes.Join(e.h264(true, 3000), nil), func() int { return 1 << 20 })
	report, err := rtcp.SenderReport{SSRC: 77, NTPTime: 0x1122334455667788, RTPTime: 9}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s.feed(t, append([]byte{'$', 11, 0, byte(len(report))}, report...), func() int { return 1 << 20 })
	got := make(chan []byte)
	go func() {
		defer close(got)
		b := make([]byte, 1000)
		n, _ := there.Read(b)
		got <- b[:n]
	}()
	now := time.Now()
	s.keptAlive, s.reportedAt = now, now.Add(-reportEvery)
	if err := s.upkeep(now); err != nil {
		t.Fatal(err)
	}
	b := <-got
	all, err := rtcp.Unmarshal(b[frameHeader:])
	if err != nil || b[0] != '$' || b[1] != 11 || len(all) != 2 {
		t.Fatalf("% x: %v", b, err)
	}
	r, ok := all[0].(*rtcp.ReceiverReport)
	if !ok || r.SSRC != 5 || len(r.Reports) != 1 {
		t.Fatalf("%+v", all[0])
	}
	if x := r.Reports[0]; x.SSRC != 77 || x.LastSenderReport != 0x33445566 || x.TotalLost != 0 || x.LastSequenceNumber>>16 != 1 {
		t.Fatalf("%+v", x)
	}
}

// The camera's clock goes to readers as the camera says it.
func TestSenderReport(t *testing.T) {
	t.Parallel()
	sink := &record{}
	s := player(sink, &format.H264{PayloadTyp: 96})
	want, err := rtcp.SenderReport{SSRC: 77, NTPTime: 0x1122334455667788, RTPTime: 9}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	compound := append(receiverReport(1, "x"), want...)
	s.feed(t, append([]byte{'$', 11, 0, byte(len(compound))}, compound...), func() int { return 1 << 20 })
	if len(sink.units) != 1 || !sink.units[0].Control || !bytes.Equal(sink.units[0].Interleaved()[frameHeader:], want) || sink.units[0].Channel() != 1 {
		t.Fatalf("%+v", sink.units)
	}
}

// A reader that leaves while the camera thinks about PLAY: the session is there, and is ended.
func TestSaysGoodbyeDuringPlay(t *testing.T) {
	t.Parallel()
	last := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ch := camera(t, func(s *script) {
		_, h := s.request()
		s.answer(h, "200 OK", "Content-Length: "+strconv.Itoa(len(head+videoLines)))
		s.send([]byte(head + videoLines))
		_, h = s.request()
		s.answer(h, "200 OK", "Session: 7", "Transport: "+h.Get("Transport"))
		s.request()
		cancel()
		method, h := s.request()
		last <- method + " " + h.Get("Session")
	})
	if err := quick.Pull(ctx, ch, streams.Main, &record{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := <-last; got != "TEARDOWN 7" {
		t.Fatalf("the last request is %q", got)
	}
}
