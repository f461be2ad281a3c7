package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/gorilla/websocket"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// studio is cameras that send what a test tells them to.
type studio struct {
	mu    sync.Mutex
	sinks map[string]streams.Sink
	fail  map[string]error
	audio map[string]bool // those that have nothing but G.711
	begun chan string
	joins chan streams.Who
	hub   *streams.Hub
	warm  map[streams.Key]time.Duration
}

func (s *studio) Pull(ctx context.Context, ch registry.Channel, _ streams.Profile, sink streams.Sink) error {
	s.mu.Lock()
	err, audio := s.fail[ch.ID], s.audio[ch.ID]
	s.sinks[ch.ID] = sink
	s.mu.Unlock()
	if err != nil {
		return err
	}
	d := &streams.Description{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96}}}}}
	if audio {
		d.Medias = []*description.Media{{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8}}}}
	}
	sink.Describe(d)
	sink.Playing()
	s.begun <- ch.ID
	<-ctx.Done()
	return ctx.Err()
}

func (*studio) Started(registry.Channel, streams.Info)                            {}
func (*studio) Stopped(registry.Channel, streams.Info)                            {}
func (*studio) Failed(registry.Channel, streams.Info, *streams.Failure)           {}
func (*studio) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

func (s *studio) Join(ctx context.Context, key streams.Key, who streams.Who) (*streams.Reader, error) {
	select {
	case s.joins <- who:
	default:
	}
	return s.hub.Join(ctx, key, who)
}

func (s *studio) Prewarm(key streams.Key, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail[key.Channel]; err != nil {
		return err
	}
	s.warm[key] = d
	return nil
}

func newStudio(t *testing.T, queue int) (*studio, *bench) {
	s := &studio{
		sinks: map[string]streams.Sink{}, fail: map[string]error{}, audio: map[string]bool{}, warm: map[streams.Key]time.Duration{},
		begun: make(chan string, 10), joins: make(chan streams.Who, 1),
	}
	b := newBench(t, func(o *api.Options) { o.Live, o.Authenticator = s, door{} })
	s.hub = streams.NewHub(streams.Options{
		Source: s, Observer: s, Linger: time.Millisecond, Queue: queue, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) { return b.catalogue.Snapshot().Get(id) },
	})
	t.Cleanup(s.hub.Close)
	return s, b
}

// send delivers a picture of the clip from a camera.
func (s *studio) send(id string, u *streams.Unit) {
	s.mu.Lock()
	sink := s.sinks[id]
	s.mu.Unlock()
	sink.Deliver(u)
}

// film makes units of a clip, one after another, without an end; more is NAL units for one of them.
func film(t testing.TB) func(at time.Time, more ...[]byte) *streams.Unit {
	t.Helper()
	b, err := os.ReadFile("../../streams/sim/clips/moving-sub.h264")
	if err != nil {
		t.Fatal(err)
	}
	e := &rtph264.Encoder{PayloadType: 96, PacketizationMode: 1, PayloadMaxSize: 1400}
	if err := e.Init(); err != nil {
		t.Fatal(err)
	}
	nals := bytes.Split(b, []byte{0, 0, 1})[1:]
	i, ts := 0, uint32(0)
	return func(at time.Time, more ...[]byte) *streams.Unit {
		u := streams.NewUnit(0, false, 0)
		u.At = at
		au := more
		for picture := false; !picture; i++ {
			nal := bytes.TrimRight(nals[i%len(nals)], "\x00")
			au = append(au, nal)
			kind := nal[0] & 0x1f
			picture = kind == 1 || kind == 5
			u.Keyframe = u.Keyframe || kind == 5
		}
		packets, err := e.Encode(au)
		if err != nil {
			t.Error(err)
		}
		ts += 3600
		for _, p := range packets {
			p.Timestamp = ts
			if err := u.AppendRTP(p); err != nil {
				t.Error(err)
			}
		}
		return u
	}
}

var boss = http.Header{"Authorization": {"Basic Ym9zczpwdw=="}}

func TestWatch(t *testing.T) {
	s, b := newStudio(t, 4<<20)
	server := httptest.NewServer(b.api.Handler())
	defer server.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/api/v1/ws/live/"
	ws, _, err := websocket.DefaultDialer.Dial(url+northGate+"?profile=sub", boss)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if who := <-s.joins; who.Kind != "browser" || who.User != "boss" || !strings.HasPrefix(who.Remote, "127.0.0.1:") {
		t.Errorf("reads as %+v", who)
	}
	<-s.begun
	picture, playing := film(t), make(chan struct{})
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		keyframes := 0
		for range 60 {
			u := picture(time.Now())
			if u.Keyframe {
				keyframes++
			}
			if u.Keyframe && keyframes == 2 {
				<-playing // who joins later begins with this one
			}
			s.send(northGate, u)
		}
	})
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	kind, text, err := ws.ReadMessage()
	close(playing)
	var first struct{ Mime string }
	if err != nil || kind != websocket.TextMessage || json.Unmarshal(text, &first) != nil || !strings.HasPrefix(first.Mime, `video/mp4; codecs="avc1.`) {
		t.Fatalf("first %d %s, %v", kind, text, err)
	}
	for i := range 60 {
		kind, b, err := ws.ReadMessage()
		want := "moof"
		if i == 0 {
			want = "ftyp"
		}
		if err != nil || kind != websocket.BinaryMessage || string(b[4:8]) != want {
			t.Fatalf("message %d: %d %.8q, %v", i, kind, b, err)
		}
	}
	b.api.Close()
	for err == nil {
		_, _, err = ws.ReadMessage()
	}
	if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("ended with %v", err)
	}
}

// TestWatchRefused says why, before the upgrade, and to who asks without one.
func TestWatchRefused(t *testing.T) {
	s, b := newStudio(t, 4<<20)
	s.fail["kitchen-1"] = &streams.Failure{Reason: event.ConnectRefused, Detail: "10.0.0.3:554 refused the connection"}
	s.audio[southGate] = true
	server := httptest.NewServer(b.api.Handler())
	defer server.Close()
	defer b.api.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/api/v1/ws/live/"
	foreign := http.Header{"Authorization": boss["Authorization"], "Origin": {"http://elsewhere.example"}}
	for _, c := range []struct {
		path   string
		header http.Header
		status int
		detail string
	}{
		{northGate, http.Header{}, http.StatusUnauthorized, ""},
		{northGate, foreign, http.StatusForbidden, "another site"},
		{northGate + "?profile=third", boss, http.StatusBadRequest, "main or sub"},
		{northGate + "?colour=red", boss, http.StatusBadRequest, "profile"},
		{"nobody", boss, http.StatusNotFound, "no such channel"},
		{"kitchen-1?profile=sub", boss, http.StatusNotFound, "no such stream"},
		{"shop", boss, http.StatusConflict, "disabled"},
		{southGate, boss, http.StatusUnsupportedMediaType, "G711"},
		{"kitchen-1", boss, http.StatusServiceUnavailable, "connect_refused"},
	} {
		_, res, err := websocket.DefaultDialer.Dial(url+c.path, c.header)
		if err == nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, %v; want %d", c.path, res, err, c.status)
			continue
		}
		if c.path == northGate {
			continue
		}
		p := wantProblem(t, b.ask("GET", "/api/v1/ws/live/"+c.path, "", "Authorization", "Basic Ym9zczpwdw=="), c.status)
		if !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s: %q", c.path, p.Detail)
		}
	}
	wantProblem(t, b.ask("GET", "/api/v1/ws/live/"+northGate, "", "Authorization", "Basic ZXllOnB3"), http.StatusUpgradeRequired)
}

// TestWatchSlowly has one who reads nothing while GOP after GOP goes by, and who then finds the
// newest picture and not all that went before.
func TestWatchSlowly(t *testing.T) {
	s, b := newStudio(t, 64<<20) // the hub itself drops nothing
	server := httptest.NewServer(b.api.Handler())
	defer server.Close()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return c, err
	}}
	ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/api/v1/ws/live/"+northGate, boss)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	<-s.begun
	picture := film(t)
	const pictures = 50 * 50
	const late = 8 * time.Second // as if all of it had waited
	for i, start := 0, time.Now().Add(-late); i < pictures; i++ {
		s.send(northGate, picture(start.Add(late*time.Duration(i)/pictures)))
	}
	const mark = "\x06\x05the last one\x80" // SEI
	s.send(northGate, picture(time.Now(), []byte(mark)))
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	fragments := 0
	for found := false; !found; {
		kind, m, err := ws.ReadMessage()
		if err != nil {
			t.Fatalf("after %d: %v", fragments, err)
		}
		if kind == websocket.BinaryMessage && string(m[4:8]) == "moof" {
			fragments++
			found = bytes.Contains(m, []byte(mark))
		}
	}
	if fragments >= pictures*3/4 {
		t.Errorf("%d of %d pictures came: nothing was skipped", fragments, pictures)
	}
	b.api.Close()
}

// TestCloseWhileOneTakesNothing: a browser that takes nothing doesn't hold up the gateway's end for as
// long as a message may take to leave.
func TestCloseWhileOneTakesNothing(t *testing.T) {
	s, b := newStudio(t, 64<<20)
	server := httptest.NewServer(b.api.Handler())
	defer server.Close()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/api/v1/ws/live/"+northGate, boss)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	<-s.begun
	picture := film(t)
	for range 4000 { // more than the kernel holds
		s.send(northGate, picture(time.Now(), make([]byte, 8<<10)))
	}
	closed := make(chan struct{})
	go func() { b.api.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(8 * time.Second): // a message has 10 s, the last one 1 s
		t.Error("still waiting")
		<-closed
	}
}

func TestPrewarm(t *testing.T) {
	s, b := newStudio(t, 4<<20)
	s.fail["kitchen-1"] = &streams.Failure{Reason: event.Unauthorized, Detail: "the camera refused the password"}
	eye := []string{"Authorization", "Basic ZXllOnB3"} // may look, not edit
	var out struct {
		Items []struct {
			ID, Profile string
			OK          bool
			Problem     *struct {
				Status         int
				Detail, Reason string
			}
		}
	}
	w := b.ask("POST", "/api/v1/streams:prewarm", fmt.Sprintf(`{"ids":[%q,"kitchen-1"],"profile":"sub","for":"2m"}`, northGate), eye...)
	decode(t, w, http.StatusOK, &out)
	if len(out.Items) != 2 || !out.Items[0].OK || out.Items[0].ID != northGate || out.Items[0].Profile != "sub" || out.Items[0].Problem != nil {
		t.Fatalf("%s", w.Body)
	}
	if p := out.Items[1].Problem; out.Items[1].OK || p == nil || p.Status != http.StatusServiceUnavailable || p.Reason != "unauthorized" {
		t.Errorf("%s", w.Body)
	}
	if d := s.warm[streams.Key{Channel: northGate, Profile: streams.Sub}]; d != 2*time.Minute {
		t.Errorf("for %v", d)
	}
	many := `"x"` + strings.Repeat(`,"x"`, 256)
	for _, body := range []string{`{}`, `{"ids":[` + many + `]}`, `{"ids":["x"],"for":"11m"}`, `{"ids":["x"],"for":"-1s"}`, `{"ids":["x"],"profile":"third"}`, `{"ids":["x"],"colour":1}`} {
		wantProblem(t, b.ask("POST", "/api/v1/streams:prewarm", body, eye...), http.StatusUnprocessableEntity)
	}
	wantProblem(t, b.ask("POST", "/api/v1/streams:prewarm", `{"ids":["x"]}`), http.StatusUnauthorized)
}
