package sim

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"sharpeyes/streams"
)

func TestListenRefuses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for name, o := range map[string]Options{
		"no port":          {Listen: "127.0.0.1", Log: log},
		"public address":   {Listen: "192.0.2.1:0", Log: log},
		"public base":      {Listen: ":0", Base: netip.MustParseAddr("10.0.0.0"), Log: log},
		"IPv6 base":        {Listen: ":0", Base: netip.MustParseAddr("::1"), Log: log},
		"too many cameras": {Listen: ":0", Base: netip.MustParseAddr("127.255.255.0"), Cameras: 256, Log: log},
		"unknown start":    {Listen: ":0", Start: "later", Log: log},
		"public control":   {Listen: ":0", Control: ":0", Log: log},
		"no logger":        {Listen: ":0"},
	} {
		if f, err := Listen(t.Context(), o); err == nil {
			t.Errorf("%s: listens on %d", name, f.Port())
			_ = f.Close()
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Listen(ctx, Options{Listen: ":0", Cameras: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, f, 0)
	if _, err := ask(c, options); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.Read(make([]byte, 1)); !reset(err) {
		t.Errorf("a connection outlives the farm: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp4", address(f, 0)); err == nil {
		t.Error("the socket outlives the farm")
	}
}

func TestEveryCameraHasItsAddress(t *testing.T) {
	t.Parallel()
	f := farm(t, func(o *Options) { o.Cameras = 300; o.Base = netip.MustParseAddr("127.9.0.0") })
	for _, i := range []int{0, 255, 256, 299} {
		if _, err := ask(dial(t, f, i), options); err != nil {
			t.Error(err)
		}
		if c := f.Camera(i); c.Conns != 1 {
			t.Errorf("camera %d: %+v", i, c)
		}
	}
	if u := f.URL(256, streams.Sub); address(f, 256)[:9] != "127.9.1.0" || u[len(u)-4:] != "/sub" {
		t.Errorf("camera 256 is %s", u)
	}
	// Beyond the last camera nobody answers.
	beyond := "127.9.2.0:" + strconv.Itoa(f.Port())
	c, err := net.Dial("tcp4", beyond)
	if err == nil {
		defer func() { _ = c.Close() }()
		_, err = ask(c, options)
	}
	if !reset(err) {
		t.Errorf("camera 512 of 300: %v", err)
	}
}

func TestProbesAreCounted(t *testing.T) {
	t.Parallel()
	f := farm(t)
	c := dial(t, f, 3)
	if _, err := ask(c, options); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	eventually(t, "a probe", func() bool { return f.Camera(3).Probes == 1 && f.Stats().Probes == 1 && f.Stats().Open == 0 })
}

func TestIdleSessionsEnd(t *testing.T) {
	t.Parallel()
	o := Options{Listen: ":0", Cameras: 1000, Log: slog.New(slog.DiscardHandler)}
	f, err := newFarm(o)
	if err != nil {
		t.Fatal(err)
	}
	f.timeout = 300 * time.Millisecond
	if err := f.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	i := plain(t)
	c := dial(t, f, i)
	answer, err := ask(c, "SETUP "+f.URL(i, streams.Main)+" RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")
	if err != nil || f.Camera(i).Sessions != 1 {
		t.Fatalf("%q, %v", answer, err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("an idle session ended with %v", err)
	}
	eventually(t, "without sessions", func() bool { return f.Camera(i).Sessions == 0 })
}

// full is a listener of a process without file descriptors.
type full struct {
	net.Listener
	refusals int
	err      error
}

func (l *full) Accept() (net.Conn, error) {
	if l.refusals > 0 {
		l.refusals--
		return nil, l.err
	}
	return l.Listener.Accept()
}

func TestSurvivesAFullProcess(t *testing.T) {
	f, err := newFarm(Options{Listen: ":0", Cameras: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.listener = &full{Listener: f.listener, refusals: 3, err: errors.New("too many open files")}
	f.run(t.Context())
	defer func() { _ = f.Close() }()
	if _, err := ask(dial(t, f, 0), options); err != nil {
		t.Error(err)
	}
}
