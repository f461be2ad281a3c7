package source_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/sim"
	"sharpeyes/streams/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink counts what it is handed.
type sink struct {
	mu        sync.Mutex
	desc      *streams.Description
	playing   bool
	units     int
	keyframes int
	first     *streams.Unit
	lost      uint64
	enough    chan struct{} // closed after a keyframe and 30 units
}

func newSink() *sink { return &sink{enough: make(chan struct{})} }

func (s *sink) Describe(d *streams.Description) { s.mu.Lock(); s.desc = d; s.mu.Unlock() }
func (s *sink) Playing()                        { s.mu.Lock(); s.playing = true; s.mu.Unlock() }
func (s *sink) Lost(n uint64)                   { s.mu.Lock(); s.lost += n; s.mu.Unlock() }

func (s *sink) Deliver(u *streams.Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Control || u.Track != 0 {
		return
	}
	if s.first == nil {
		s.first = u
	}
	s.units++
	if u.Keyframe {
		s.keyframes++
	}
	if s.units == 60 {
		close(s.enough)
	}
}

func farm(t *testing.T) *sim.Farm {
	t.Helper()
	f, err := sim.Listen(t.Context(), sim.Options{Listen: ":0", Cameras: 64, Start: sim.Keyframe, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// find is a camera of the wanted kind.
func find(t *testing.T, want func(sim.Scene) bool) int {
	for i := range 64 {
		if want(sim.SceneOf(i)) {
			return i
		}
	}
	t.Fatal("no such camera")
	return 0
}

func channel(f *sim.Farm, i int) registry.Channel {
	ch := registry.Channel{ID: "a", URL: f.URL(i, streams.Main), SubURL: f.URL(i, streams.Sub), Transport: "auto", Enabled: true}
	if sim.SceneOf(i).Locked {
		ch.Username, ch.Password = sim.Username, sim.Password
	}
	return ch
}

var pull = source.Source{StartTimeout: 2 * time.Second, StallTimeout: 2 * time.Second, UserAgent: "test"}

func TestPull(t *testing.T) {
	t.Parallel()
	f := farm(t)
	for _, c := range []struct {
		name      string
		transport string
		profile   streams.Profile
		want      func(sim.Scene) bool
	}{
		{"H.264 over TCP", "auto", streams.Main, func(s sim.Scene) bool { return s.Codec == sim.H264 && !s.Locked }},
		{"H.265 over TCP", "tcp", streams.Main, func(s sim.Scene) bool { return s.Codec == sim.H265 && !s.Locked }},
		{"H.264 over UDP", "udp", streams.Main, func(s sim.Scene) bool { return s.Codec == sim.H264 && !s.Locked }},
		{"sub stream", "auto", streams.Sub, func(s sim.Scene) bool { return !s.Locked }},
		{"with a password", "auto", streams.Main, func(s sim.Scene) bool { return s.Locked }},
		{"with audio", "auto", streams.Main, func(s sim.Scene) bool { return s.Audio && !s.Locked }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := channel(f, find(t, c.want))
			ch.Transport = c.transport
			s := newSink()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- pull.Pull(ctx, ch, c.profile, s) }()
			select {
			case <-s.enough:
			case err := <-ended:
				t.Fatalf("ended early: %v", err)
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatalf("ended with %v", err)
			}
			if !s.playing || s.desc == nil || s.lost != 0 {
				t.Fatalf("playing %v, description %v, %d lost", s.playing, s.desc, s.lost)
			}
			if !s.first.Keyframe {
				t.Fatal("the keyframe that the camera sent first is not the first unit")
			}
			if s.keyframes < 2 || s.keyframes > 3 {
				t.Fatalf("%d keyframes in %d pictures, want one in 50", s.keyframes, s.units)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	f := farm(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	free.Close()
	open := func(s sim.Scene) bool { return !s.Locked }
	first := find(t, open)
	next := first
	for _, c := range []struct {
		name  string
		fault sim.Fault
		edit  func(*registry.Channel)
		want  event.Reason
	}{
		{name: "refused", edit: func(ch *registry.Channel) { ch.URL = "rtsp://" + closed + "/" }, want: event.ConnectRefused},
		{name: "dead", fault: sim.Fault{Kind: sim.Die}, want: event.NoAnswer},
		{name: "mute", fault: sim.Fault{Kind: sim.Mute}, want: event.NoAnswer},
		{name: "password", fault: sim.Fault{Kind: sim.Unauthorized}, edit: func(ch *registry.Channel) {
			ch.Username, ch.Password = "admin", "wrong"
		}, want: event.Unauthorized},
		{name: "silent", fault: sim.Fault{Kind: sim.Silent}, want: event.NoPackets},
		{name: "full", fault: sim.Fault{Kind: sim.Sessions}, want: event.SessionFull},
		{name: "not found", edit: func(ch *registry.Channel) { ch.URL += "-not" }, want: event.NotFound},
	} {
		i := next
		for next++; sim.SceneOf(next).Locked; next++ {
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.fault.Kind != "" {
				if err := f.SetFault(i, c.fault); err != nil {
					t.Fatal(err)
				}
			}
			ch := channel(f, i)
			if c.edit != nil {
				c.edit(&ch)
			}
			err := pull.Pull(t.Context(), ch, streams.Main, newSink())
			var failure *streams.Failure
			if !errors.As(err, &failure) || failure.Reason != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
		})
	}
}
