package probe_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/probe"
	"sharpeyes/streams/quality"
	"sharpeyes/streams/sim"
	"sharpeyes/streams/source"
)

// lookTime is what a look may take here. A test of a camera that keeps silent waits for a part of it.
const lookTime = 6500 * time.Millisecond

func looking(accepted func(registry.Channel) bool) *probe.Prober {
	return probe.NewDeep(lookTime, probe.Look{
		Source:   &source.Source{StartTimeout: 2 * time.Second, StallTimeout: time.Second, UserAgent: "test"},
		Eye:      func(d *streams.Description) probe.Eye { return quality.NewLook(d, 5*time.Second) },
		Accepted: accepted,
	})
}

func TestDeep(t *testing.T) {
	t.Parallel()
	f, err := sim.Listen(t.Context(), sim.Options{Listen: ":0", Cameras: 2000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	tests := []struct {
		name     string
		scene    sim.Scene
		fault    sim.Fault
		traits   sim.Traits
		password string
		accepted bool
		state    event.State
		reason   event.Reason
		detail   string
	}{
		{name: "well", state: event.Online},
		{name: "well and locked", scene: sim.Scene{Locked: true}, password: sim.Password, state: event.Online},
		{name: "well, H.265 and quiet", scene: sim.Scene{Codec: sim.H265}, state: event.Online},
		{name: "well, over UDP", traits: sim.Traits{Transport: "udp"}, state: event.Online},
		{name: "no password", scene: sim.Scene{Locked: true}, state: event.Offline, reason: event.Unauthorized, detail: "has none"},
		{name: "wrong password", scene: sim.Scene{Locked: true}, password: "s3cret-word", state: event.Offline, reason: event.Unauthorized, detail: "refused the password"},
		{name: "password changed", scene: sim.Scene{Locked: true}, password: "s3cret-word", accepted: true, state: event.Offline, reason: event.Unauthorized, detail: "it took before"},
		{name: "locked out", fault: sim.Fault{Kind: sim.Sessions, Status: 403}, password: "s3cret-word", accepted: true, state: event.Offline, reason: event.LockedOut, detail: "locked the account"},
		{name: "forbidden", fault: sim.Fault{Kind: sim.Sessions, Status: 403}, password: "s3cret-word", state: event.Offline, reason: event.Unauthorized},
		{name: "session full", fault: sim.Fault{Kind: sim.Sessions}, state: event.Degraded, reason: event.SessionFull},
		{name: "mute", fault: sim.Fault{Kind: sim.Mute}, state: event.Offline, reason: event.NoAnswer},
		{name: "dead", fault: sim.Fault{Kind: sim.Die}, state: event.Offline, reason: event.NoAnswer},
		{name: "silent", fault: sim.Fault{Kind: sim.Silent}, state: event.Offline, reason: event.NoPackets},
		{name: "stuck", fault: sim.Fault{Kind: sim.Stuck}, state: event.Offline, reason: event.NoPackets},
		{name: "frozen", fault: sim.Fault{Kind: sim.Freeze}, state: event.Degraded, reason: event.Frozen, detail: "stands still"},
		{name: "frozen, H.265", scene: sim.Scene{Codec: sim.H265}, fault: sim.Fault{Kind: sim.Freeze}, state: event.Degraded, reason: event.Frozen},
		{name: "no keyframes", fault: sim.Fault{Kind: sim.NoKeyframes}, state: event.Degraded, reason: event.NoKeyframe},
		{name: "low rate", scene: sim.Scene{Moving: true}, fault: sim.Fault{Kind: sim.LowRate, FPS: 8}, state: event.Degraded, reason: event.LowFPS},
		{name: "loss", scene: sim.Scene{Moving: true}, fault: sim.Fault{Kind: sim.Loss, Percent: 25}, state: event.Degraded, reason: event.PacketLoss},
		{name: "clock", fault: sim.Fault{Kind: sim.ClockSkew, By: -3600}, state: event.Degraded, reason: event.ClockSkew, detail: "1h0m0s behind"},
		{name: "hangs up", fault: sim.Fault{Kind: sim.Hangup, Seconds: 0.2}, state: event.Offline, reason: event.NoAnswer},
	}
	next := 0
	results := make([]chan probe.Result, len(tests)) // all at once: each takes its time
	for n, tt := range tests {
		if tt.scene.Codec == "" {
			tt.scene.Codec = sim.H264
		}
		for sim.SceneOf(next) != tt.scene {
			next++
		}
		ch := registry.Channel{ID: "gate", URL: f.URL(next, streams.Main), Transport: "auto", Enabled: true}
		if tt.password != "" {
			ch.Username, ch.Password = sim.Username, registry.Secret(tt.password)
		}
		if err := f.SetTraits(next, tt.traits); err != nil {
			t.Fatal(err)
		}
		if err := f.SetFault(next, tt.fault); err != nil {
			t.Fatal(err)
		}
		next++
		results[n] = make(chan probe.Result, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), lookTime)
			defer cancel()
			results[n] <- looking(func(registry.Channel) bool { return tt.accepted }).Deep(ctx, ch)
		}()
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := <-results[n]
			if r.State != tt.state || r.Reason != tt.reason || !strings.Contains(r.Detail, tt.detail) || r.Took <= 0 {
				t.Errorf("got %+v, want %s %s saying %q", r, tt.state, tt.reason, tt.detail)
			}
			if strings.Contains(r.Detail, "s3cret") || (r.Detail == "") != (r.State == event.Online) {
				t.Errorf("detail %q", r.Detail)
			}
			t.Logf("%v: %s", r.Took.Round(time.Millisecond), r.Detail)
		})
	}
}

// TestDeepGivesWay shows that a look that is cut short says nothing of the camera.
func TestDeepGivesWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := probe.NewDeep(time.Second, probe.Look{Source: playing{cancel}, Eye: func(*streams.Description) probe.Eye { return blind{} }})
	if r := p.Deep(ctx, registry.Channel{URL: "rtsp://127.0.0.1/main"}); r.State != event.Unknown || r.Reason != "" {
		t.Errorf("got %+v, want unknown", r)
	}
	if r := probe.New(time.Second).Deep(t.Context(), registry.Channel{URL: "rtsp://127.0.0.1/main"}); r.State != event.Unknown {
		t.Errorf("without a source: %+v, want unknown", r)
	}
	if r := p.Deep(t.Context(), registry.Channel{URL: "http://127.0.0.1/main"}); r.Reason != event.Unreachable {
		t.Errorf("of no RTSP URL: %+v, want unreachable", r)
	}
}

// playing is a source whose camera grants the stream, and then somebody else wants it.
type playing struct{ cancel func() }

func (s playing) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	sink.Describe(&streams.Description{})
	sink.Playing()
	s.cancel()
	<-ctx.Done()
	return ctx.Err()
}

type blind struct{}

func (blind) Unit(*streams.Unit) bool         { return false }
func (blind) Verdict() (event.Reason, string) { return "", "" }
