package sim

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long tests wait for what must come.
const patience = 10 * time.Second

// testFrameTime is how fast the encoders of test farms run, so that tests needn't wait.
const testFrameTime = 8 * time.Millisecond

// farm is a farm of 1,000 cameras that ends with the test.
func farm(t testing.TB, change ...func(*Options)) *Farm {
	t.Helper()
	o := Options{Listen: "127.0.0.1:0", Cameras: 1000, Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	f, err := newFarm(o)
	if err != nil {
		t.Fatal(err)
	}
	f.frameTime = testFrameTime
	if err := f.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// find is the first camera with the scene.
func find(t testing.TB, s Scene) int {
	t.Helper()
	for i := range 1000 {
		if SceneOf(i) == s {
			return i
		}
	}
	t.Fatalf("no camera has the scene %+v", s)
	return 0
}

// plain is the first camera that sends H.264 and nothing else, at once and to everybody.
func plain(t testing.TB) int { return find(t, Scene{Codec: H264}) }

// viewer plays a stream.
type viewer struct {
	client  *gortsplib.Client
	desc    *description.Session
	packets chan *rtp.Packet // of video
	sound   chan *rtp.Packet
	reports chan *rtcp.SenderReport
	lost    atomic.Uint64
	ended   chan error
}

// connect describes a stream.
func connect(t testing.TB, url string, transport gortsplib.Transport) (*viewer, error) {
	t.Helper()
	u, err := base.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{
		packets: make(chan *rtp.Packet, 10_000),
		sound:   make(chan *rtp.Packet, 10_000),
		reports: make(chan *rtcp.SenderReport, 100),
		ended:   make(chan error, 1),
	}
	v.client = &gortsplib.Client{
		Scheme:            u.Scheme,
		Host:              u.Host,
		Transport:         &transport,
		ReadTimeout:       patience,
		OnPacketsLost:     func(n uint64) { v.lost.Add(n) },
		OnDecodeError:     func(error) {},
		OnTransportSwitch: func(error) { t.Error("UDP doesn't work") },
	}
	if err := v.client.Start2(); err != nil {
		return nil, err
	}
	t.Cleanup(v.client.Close)
	v.desc, _, err = v.client.Describe(u)
	return v, err
}

// play begins to play what connect has described.
func (v *viewer) play() error {
	if err := v.client.SetupAll(v.desc.BaseURL, v.desc.Medias); err != nil {
		return err
	}
	v.client.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		if m.Type == description.MediaTypeAudio {
			v.sound <- p
		} else {
			v.packets <- p
		}
	})
	v.client.OnPacketRTCPAny(func(_ *description.Media, p rtcp.Packet) {
		if sr, ok := p.(*rtcp.SenderReport); ok {
			v.reports <- sr
		}
	})
	if _, err := v.client.Play(nil); err != nil {
		return err
	}
	go func() { v.ended <- v.client.Wait() }()
	return nil
}

// watch plays a stream.
func watch(t testing.TB, url string, transport gortsplib.Transport) *viewer {
	t.Helper()
	v, err := connect(t, url, transport)
	if err == nil {
		err = v.play()
	}
	if err != nil {
		t.Fatalf("play %s: %v", url, err)
	}
	return v
}

// unit is the packets of one picture, as they came.
type unit []*rtp.Packet

func (u unit) payload() (b []byte) {
	for _, p := range u {
		b = append(b, p.Payload...)
	}
	return b
}

// units is the next n pictures that come whole: the first one may have begun earlier.
func (v *viewer) units(t testing.TB, n int) []unit {
	t.Helper()
	var all []unit
	var u unit
	timeout := time.After(patience)
	for len(all) < n {
		select {
		case p := <-v.packets:
			if u = append(u, p); p.Marker {
				all = append(all, u)
				u = nil
			}
		case err := <-v.ended:
			t.Fatalf("the stream ended after %d pictures: %v", len(all), err)
		case <-timeout:
			t.Fatalf("%d pictures in %v, want %d", len(all), patience, n)
		}
	}
	return all
}

// keyframe reports whether a picture begins with parameter sets, as every keyframe here does.
func (u unit) keyframe(c Codec) bool {
	p := u[0].Payload
	if c == H265 {
		t := p[0] >> 1 & 0x3f
		if t == 48 { // aggregation packet
			t = p[4] >> 1 & 0x3f
		}
		return t == 32
	}
	t := p[0] & 0x1f
	if t == 24 { // STAP-A
		t = p[3] & 0x1f
	}
	return t == 7
}

func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s in %v", what, patience)
		panic("unreachable")
	}
}

// eventually waits until the farm's counters say so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not %s in %v", what, patience)
		}
	}
}
