package relay_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// camera is a Source with two tracks that the test feeds by hand.
type camera struct {
	mu   sync.Mutex
	sink streams.Sink
	seq  uint16
}

func (c *camera) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	c.mu.Lock() // before the reader is answered, which is when the test may send
	c.sink = sink
	c.mu.Unlock()
	sink.Describe(&streams.Description{Medias: []*description.Media{
		{Type: description.MediaTypeVideo, Control: "trackID=0", Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}},
		{Type: description.MediaTypeAudio, Control: "trackID=1", Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}},
	}})
	sink.Playing()
	<-ctx.Done()
	return ctx.Err()
}

func (c *camera) send(keyframe bool, packets, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := streams.NewUnit(0, false, 0)
	for i := range packets {
		payload := make([]byte, size)
		payload[0] = 5
		c.seq++
		if err := u.AppendRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: c.seq, SSRC: 7, Marker: i == packets-1},
			Payload: payload,
		}); err != nil {
			panic(err)
		}
	}
	u.Keyframe, u.At = keyframe, time.Now()
	c.sink.Deliver(u)
}

type observer struct{}

func (observer) Started(registry.Channel, streams.Info)                            {}
func (observer) Stopped(registry.Channel, streams.Info)                            {}
func (observer) Failed(registry.Channel, streams.Info, *streams.Failure)           {}
func (observer) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

type anyone struct{ err error }

func (a anyone) Authorize(_ context.Context, c relay.Caller) (string, error) { return c.User, a.err }

// deadHub fails every join.
type deadHub struct{ err error }

func (d deadHub) Join(context.Context, streams.Key, streams.Who) (*streams.Reader, error) {
	return nil, d.err
}

func serve(t *testing.T, o relay.Options) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Log, o.StartTimeout = slog.New(slog.DiscardHandler), 5*time.Second
	if o.Authorizer == nil {
		o.Authorizer = anyone{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := relay.New(o)
	go func() { done <- s.Serve(ctx, ln, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func newHub(c *camera) *streams.Hub {
	return streams.NewHub(streams.Options{
		Source: c, Observer: observer{}, Linger: time.Minute, Queue: 4 << 20, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://127.0.0.1/x", Transport: "auto", Enabled: true}, id == "a"
		},
	})
}

func serveCamera(t *testing.T) (*camera, string) {
	c := &camera{}
	h := newHub(c)
	t.Cleanup(h.Close) // after the server's, which is registered later and so runs first
	return c, serve(t, relay.Options{Hub: h, UDP: true})
}

func TestPlay(t *testing.T) {
	for _, transport := range []gortsplib.Transport{gortsplib.TransportTCP, gortsplib.TransportUDP} {
		t.Run(transport.String(), func(t *testing.T) {
			camera, addr := serveCamera(t)
			c := &gortsplib.Client{Scheme: "rtsp", Host: addr, Transport: &transport}
			if err := c.Start2(); err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			u, _ := base.ParseURL("rtsp://" + addr + "/a")
			desc, _, err := c.Describe(u)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.SetupAll(desc.BaseURL, desc.Medias); err != nil {
				t.Fatal(err)
			}
			camera.send(true, 3, 1000) // waits in the cache
			got := make(chan *rtp.Packet, 10)
			c.OnPacketRTPAny(func(_ *description.Media, _ format.Format, p *rtp.Packet) { got <- p })
			if _, err := c.Play(nil); err != nil {
				t.Fatal(err)
			}
			for want := uint16(1); want <= 3; want++ {
				if p := <-got; p.SequenceNumber != want || p.SSRC != 7 || len(p.Payload) != 1000 {
					t.Fatalf("got packet %d of %x, want %d untouched", p.SequenceNumber, p.SSRC, want)
				}
			}
			camera.send(false, 1, 20)
			if p := <-got; p.SequenceNumber != 4 {
				t.Fatalf("got packet %d, want the live one", p.SequenceNumber)
			}
		})
	}
}

// raw speaks RTSP line by line.
type raw struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
	n  int
}

func dial(t *testing.T, addr string) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return &raw{t: t, nc: nc, r: bufio.NewReader(nc)}
}

func (r *raw) ask(method, url string, headers ...string) *base.Response {
	r.t.Helper()
	r.n++
	fmt.Fprintf(r.nc, "%s %s RTSP/1.0\r\nCSeq: %d\r\n%s\r\n", method, url, r.n, strings.Join(append(headers, ""), "\r\n"))
	for {
		if b, err := r.r.Peek(1); err != nil {
			r.t.Fatal(err)
		} else if b[0] == '$' {
			var f base.InterleavedFrame
			if err := f.Unmarshal(r.r); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		var res base.Response
		if err := res.Unmarshal(r.r); err != nil {
			r.t.Fatal(err)
		}
		return &res
	}
}

func TestAnswers(t *testing.T) {
	failure := &streams.Failure{Reason: event.ConnectRefused, Detail: "it is off"}
	for _, c := range []struct {
		name string
		o    relay.Options
		want base.StatusCode
		text string
	}{
		{"unknown", relay.Options{Hub: deadHub{streams.ErrNoChannel}}, 404, ""},
		{"dead", relay.Options{Hub: deadHub{failure}}, 503, "connect_refused"},
		{"quota", relay.Options{Hub: deadHub{streams.ErrQuota}}, 453, ""},
		{"camera full", relay.Options{Hub: deadHub{&streams.Failure{Reason: event.SessionFull, Detail: "it serves others"}}}, 453, "session_full"},
		{"redescribed", relay.Options{Hub: deadHub{streams.ErrRedescribed}}, 503, "describe again"},
		{"disabled", relay.Options{Hub: deadHub{streams.ErrDisabled}}, 503, "disabled"},
		{"nobody", relay.Options{Hub: deadHub{}, Authorizer: anyone{relay.ErrUnauthenticated}}, 401, ""},
		{"not granted", relay.Options{Hub: deadHub{}, Authorizer: anyone{relay.ErrForbidden}}, 403, ""},
		{"store down", relay.Options{Hub: deadHub{}, Authorizer: anyone{errors.New("x")}}, 503, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := serve(t, c.o)
			res := dial(t, addr).ask("DESCRIBE", "rtsp://"+addr+"/a")
			if res.StatusCode != c.want || !strings.Contains(string(res.Body), c.text) {
				t.Fatalf("got %d %s %q", res.StatusCode, res.StatusMessage, res.Body)
			}
		})
	}
}

func TestDialogue(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	want := func(res *base.Response, code base.StatusCode) *base.Response {
		t.Helper()
		if res.StatusCode != code {
			t.Fatalf("got %d %s, want %d", res.StatusCode, res.StatusMessage, code)
		}
		return res
	}
	want(r.ask("OPTIONS", "*"), 200)
	want(r.ask("PLAY", u), 455)
	want(r.ask("RECORD", u), 501)
	want(r.ask("DESCRIBE", u+"/other"), 404)
	want(r.ask("DESCRIBE", u), 200)
	want(r.ask("SETUP", u+"/trackID=7", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"), 404)
	want(r.ask("SETUP", u+"/trackID=0", "Transport: RTP/AVP;multicast"), 461)
	res := want(r.ask("SETUP", u+"/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5"), 200)
	if tr := res.Header["Transport"][0]; !strings.Contains(tr, "interleaved=4-5") {
		t.Fatalf("Transport: %s", tr)
	}
	session := "Session: " + strings.Split(res.Header["Session"][0], ";")[0]
	want(r.ask("SETUP", u+"/trackID=1", session, "Transport: RTP/AVP/TCP;unicast;interleaved=5-6"), 461)
	want(r.ask("PLAY", u, "Session: another"), 454)
	want(r.ask("PLAY", u, session), 200)
	camera.send(true, 1, 10)
	var f base.InterleavedFrame
	if err := f.Unmarshal(r.r); err != nil || f.Channel != 4 {
		t.Fatalf("channel %d, %v; want the one that was asked for", f.Channel, err)
	}
	want(r.ask("PAUSE", u, session), 200)
	want(r.ask("GET_PARAMETER", u, session), 200)
	want(r.ask("PLAY", u, session), 200)
	camera.send(true, 1, 10)
	if err := f.Unmarshal(r.r); err != nil {
		t.Fatal(err)
	}
	want(r.ask("TEARDOWN", u, session), 200)
	want(r.ask("PLAY", u), 455)
	want(r.ask("DESCRIBE", u), 200)
}

func TestReaderThatTakesNothingHarmsNobody(t *testing.T) {
	camera, addr := serveCamera(t)
	u := "rtsp://" + addr + "/a"
	play := func() *raw {
		r := dial(t, addr)
		r.ask("SETUP", u+"/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
		if res := r.ask("PLAY", u); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
		return r
	}
	play() // and never reads
	quick := play()
	var f base.InterleavedFrame
	for i := range 400 { // 40 MB, more than any socket holds
		camera.send(i%10 == 0, 100, 1000)
		for range 100 {
			if err := f.Unmarshal(quick.r); err != nil {
				t.Fatalf("picture %d: %v", i, err)
			}
		}
	}
}

func FuzzDialogue(f *testing.F) {
	f.Add([]byte("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
	f.Add([]byte("SETUP rtsp://h/a/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\nPLAY rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\n\r\n"))
	f.Add([]byte("$\x00\x00\x04abcdDESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 9\r\n\r\n"))
	h := newHub(&camera{})
	f.Cleanup(h.Close)
	s := relay.New(relay.Options{
		Hub: h, Authorizer: anyone{}, StartTimeout: time.Second, Log: slog.New(slog.DiscardHandler),
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		ln := &pipes{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
		client, server := net.Pipe()
		ln.conns <- server
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, ln, nil) }()
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			buf := make([]byte, 4096)
			for {
				if _, err := client.Read(buf); err != nil {
					return
				}
			}
		}()
		client.SetWriteDeadline(time.Now().Add(time.Second))
		client.Write(b)
		client.Close()
		<-drained
		cancel()
		<-served
	})
}
