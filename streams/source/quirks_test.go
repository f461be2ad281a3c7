package source_test

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/sim"
	"sharpeyes/streams/source"
)

// oddPassword has everything that a URL, a quoted string and a header make something of.
const oddPassword = `p@ss:w/ö rd"\%20?#,=&`

// quirk is a camera that isn't as the book says.
type quirk struct {
	name      string
	traits    sim.Traits
	fault     sim.Fault
	transport string // "tcp" if empty
	codec     sim.Codec
	edit      func(*sim.Farm, int, *registry.Channel, *sim.Fault)
	units     int          // of video that must come; 30 if 0
	want      event.Reason // of the failure, in place of units
	check     func(*testing.T, *sim.Farm, int, *quirkSink)
	skip      string // why it doesn't work yet
}

// quirkSink keeps what is delivered until it is enough.
type quirkSink struct {
	mu      sync.Mutex
	desc    *streams.Description
	units   []*streams.Unit // of video
	sound   int
	reports int
	keys    int
	lost    uint64
	want    int
	enough  chan struct{}
}

func (s *quirkSink) Describe(d *streams.Description) { s.mu.Lock(); s.desc = d; s.mu.Unlock() }
func (s *quirkSink) Playing()                        {}
func (s *quirkSink) Lost(n uint64)                   { s.mu.Lock(); s.lost += n; s.mu.Unlock() }

func (s *quirkSink) Deliver(u *streams.Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case u.Control:
		s.reports++
		return
	case u.Track != 0:
		s.sound++
		return
	}
	if s.units = append(s.units, u); u.Keyframe {
		s.keys++
	}
	if len(s.units) == s.want {
		close(s.enough)
	}
}

// packets is the RTP packets of all video units.
func (s *quirkSink) packets(t *testing.T) []*rtp.Packet {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*rtp.Packet
	for _, u := range s.units {
		for raw := range u.Packets() {
			p := new(rtp.Packet)
			if err := p.Unmarshal(raw); err != nil {
				t.Fatalf("a packet of %d bytes: %v", len(raw), err)
			}
			all = append(all, p)
		}
	}
	return all
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	const cameras = 2000
	f, err := sim.Listen(t.Context(), sim.Options{Listen: ":0", Cameras: cameras, Start: sim.Keyframe, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	next := 0
	take := func(codec sim.Codec) int { // a camera that no other test has
		for ; next < cameras; next++ {
			if s := sim.SceneOf(next); s.Codec == codec && !s.Locked && s.Audio == (next%2 == 0) {
				next++
				return next - 1
			}
		}
		t.Fatal("no camera left")
		return 0
	}
	// All at once: each takes its time, and next to nothing of the processor's.
	var running []*attempt
	for _, q := range quirks() {
		if q.codec == "" {
			q.codec = sim.H264
		}
		running = append(running, q.start(t, f, take(q.codec)))
	}
	for _, a := range running {
		t.Run(a.name, func(t *testing.T) { a.judge(t, f) })
	}
}

// attempt is a pull from a camera with a quirk.
type attempt struct {
	quirk
	camera int
	sink   *quirkSink
	err    error
	done   chan struct{} // closed when the pull has returned err
}

// start pulls until there are enough units.
func (q quirk) start(t *testing.T, f *sim.Farm, i int) *attempt {
	t.Helper()
	ch := registry.Channel{ID: "a", URL: f.URL(i, streams.Main), SubURL: f.URL(i, streams.Sub), Transport: "tcp", Enabled: true}
	if q.transport != "" {
		ch.Transport = q.transport
	}
	if q.traits.Auth != "" {
		ch.Username, ch.Password = sim.Username, sim.Password
		if q.traits.Password != "" {
			ch.Password = registry.Secret(q.traits.Password)
		}
	}
	if q.edit != nil {
		q.edit(f, i, &ch, &q.fault)
	}
	if err := errors.Join(f.SetTraits(i, q.traits), f.SetFault(i, q.fault)); err != nil {
		t.Fatal(err)
	}
	a := &attempt{quirk: q, camera: i, done: make(chan struct{})}
	a.sink = &quirkSink{want: q.units, enough: make(chan struct{})}
	if a.sink.want == 0 {
		a.sink.want = 30
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		defer close(a.done)
		a.err = pull.Pull(ctx, ch, streams.Main, a.sink)
		if a.err != nil && context.Cause(ctx) == errEnough {
			a.err = errors.Join(errEnough, a.err)
		}
		cancel(nil)
	}()
	go func() {
		select {
		case <-a.sink.enough:
			cancel(errEnough)
		case <-ctx.Done():
		}
	}()
	return a
}

var errEnough = errors.New("enough")

// judge waits for the end of the pull and looks at what came of it.
func (a *attempt) judge(t *testing.T, f *sim.Farm) {
	<-a.done
	if a.skip != "" {
		t.Skip(a.skip)
	}
	s := a.sink
	if a.want == "" {
		if !errors.Is(a.err, errEnough) || !errors.Is(a.err, context.Canceled) {
			t.Fatalf("ended after %d units: %v", len(s.units), a.err)
		}
		if s.keys == 0 || !s.units[0].Keyframe {
			t.Errorf("%d keyframes in %d units", s.keys, len(s.units))
		}
	} else {
		var failure *streams.Failure
		if !errors.As(a.err, &failure) || failure.Reason != a.want {
			t.Errorf("ended after %d units with %v, want %s", len(s.units), a.err, a.want)
		}
	}
	if a.check != nil {
		a.check(t, f, a.camera, s)
	}
}

func quirks() []quirk {
	var all []quirk
	for _, qs := range [][]quirk{passwords(), redirects(), transports(), numbers(), keepAlives(), descriptions(), pictures(), refusals()} {
		all = append(all, qs...)
	}
	return all
}

func passwords() []quirk {
	wrong := func(_ *sim.Farm, _ int, ch *registry.Channel, _ *sim.Fault) { ch.Password = "wrong" }
	once := func(t *testing.T, f *sim.Farm, i int, _ *quirkSink) {
		// Cameras lock accounts after a few wrong passwords.
		if n := f.Camera(i).Credentials; n != 1 {
			t.Errorf("the password was tried %d times, want once", n)
		}
	}
	return []quirk{
		{name: "basic", traits: sim.Traits{Auth: "basic"}},
		{name: "digest MD5", traits: sim.Traits{Auth: "md5"}},
		{name: "digest SHA-256", traits: sim.Traits{Auth: "sha256"}},
		{name: "digest MD5 with qop", traits: sim.Traits{Auth: "md5", QOP: true}},
		{name: "digest SHA-256 with qop", traits: sim.Traits{Auth: "sha256", QOP: true}},
		{name: "several challenges in one header", traits: sim.Traits{Auth: "basic md5 sha256", QOP: true, OneHeader: true}},
		{name: "several challenges in several headers", traits: sim.Traits{Auth: "basic md5 sha256"}},
		{name: "MD5 before Basic in one header", traits: sim.Traits{Auth: "md5 basic", OneHeader: true}},
		{name: "odd password, basic", traits: sim.Traits{Auth: "basic", Password: oddPassword}},
		{name: "odd password, digest", traits: sim.Traits{Auth: "sha256 md5", QOP: true, Password: oddPassword}},
		{name: "nonce that is good for one request", traits: sim.Traits{Auth: "md5", NonceRequests: 1}},
		{name: "nonce that goes stale while playing", traits: sim.Traits{Auth: "sha256", QOP: true, NonceRequests: 3, Timeout: 1}, units: 90},
		{name: "nonce that goes stale with time", traits: sim.Traits{Auth: "md5", NonceSeconds: 0.5, Timeout: 1}, units: 90},
		{
			name: "nonce that is stale at once", traits: sim.Traits{Auth: "md5", NonceSeconds: 1e-9}, want: event.Unauthorized,
			check: func(t *testing.T, f *sim.Farm, i int, _ *quirkSink) {
				if n := f.Camera(i).Credentials; n > 5 {
					t.Errorf("%d attempts", n)
				}
			},
		},
		{name: "wrong password, digest", traits: sim.Traits{Auth: "md5"}, edit: wrong, want: event.Unauthorized, check: once},
		{name: "wrong password, digest with qop", traits: sim.Traits{Auth: "sha256", QOP: true}, edit: wrong, want: event.Unauthorized, check: once},
		{name: "wrong password, basic", traits: sim.Traits{Auth: "basic"}, edit: wrong, want: event.Unauthorized, check: once},
		{name: "wrong password, several challenges", traits: sim.Traits{Auth: "basic md5 sha256"}, edit: wrong, want: event.Unauthorized, check: once},
		{name: "no password", traits: sim.Traits{Auth: "md5"}, edit: func(_ *sim.Farm, _ int, ch *registry.Channel, _ *sim.Fault) {
			ch.Username, ch.Password = "", ""
		}, want: event.Unauthorized},
	}
}

// elsewhere is a camera that nobody plays.
const elsewhere = 1999

func redirects() []quirk {
	toSub := func(f *sim.Farm, i int, _ *registry.Channel, fault *sim.Fault) { fault.To = f.URL(i, streams.Sub) }
	away := func(f *sim.Farm, _ int, _ *registry.Channel, fault *sim.Fault) {
		fault.To = f.URL(elsewhere, streams.Main)
	}
	alone := func(t *testing.T, f *sim.Farm, _ int, _ *quirkSink) {
		if c := f.Camera(elsewhere); c.Credentials != 0 || c.Plays != 0 {
			t.Errorf("another host saw %+v", c)
		}
	}
	few := func(t *testing.T, f *sim.Farm, i int, _ *quirkSink) {
		if c := f.Camera(i); c.Conns > 4 || c.Requests > 12 {
			t.Errorf("followed without end: %+v", c)
		}
	}
	return []quirk{
		{name: "redirect to the same host", fault: sim.Fault{Kind: sim.Redirect}, edit: toSub},
		{name: "permanent redirect to the same host", fault: sim.Fault{Kind: sim.Redirect, Status: 301}, edit: toSub},
		{name: "redirect to the same host with a password", traits: sim.Traits{Auth: "md5", QOP: true}, fault: sim.Fault{Kind: sim.Redirect}, edit: toSub},
		{name: "redirect to another host", fault: sim.Fault{Kind: sim.Redirect}, edit: away, want: event.BadAnswer, check: alone},
		{name: "redirect to another host with a password", traits: sim.Traits{Auth: "basic"}, fault: sim.Fault{Kind: sim.Redirect}, edit: away, want: event.BadAnswer, check: alone},
		{name: "redirect without end", fault: sim.Fault{Kind: sim.Redirect}, want: event.BadAnswer, check: few},
	}
}

func transports() []quirk {
	return []quirk{
		{name: "only UDP", traits: sim.Traits{Transport: "udp"}, transport: "auto"},
		{name: "only UDP, with a password", traits: sim.Traits{Transport: "udp", Auth: "sha256", QOP: true}, transport: "auto"},
		{name: "only UDP, and TCP is wanted", traits: sim.Traits{Transport: "udp"}, want: event.BadAnswer},
		{name: "only TCP, and UDP is wanted", traits: sim.Traits{Transport: "tcp"}, transport: "udp"}, // better than nothing
		{name: "channels of the camera's own", traits: sim.Traits{OwnChannels: true}, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			for _, u := range s.units {
				for b := u.Interleaved(); len(b) > 0; b = b[4+int(binary.BigEndian.Uint16(b[2:])):] {
					if b[1] != 0 {
						t.Fatalf("a frame of channel %d in a unit of track 0", b[1])
					}
				}
			}
		}},
		{name: "other UDP ports than announced", traits: sim.Traits{WrongPorts: true}, transport: "udp"},
		{name: "time-out over UDP", traits: sim.Traits{Timeout: 1}, transport: "udp", units: 90},
	}
}

// numbers is quirks of SSRC, sequence numbers and timestamps.
func numbers() []quirk {
	ssrcs := func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
		seen := map[uint32]bool{}
		for _, p := range s.packets(t) {
			seen[p.SSRC] = true
		}
		if len(seen) < 3 {
			t.Errorf("%d sources came through, want every one", len(seen))
		}
	}
	return []quirk{
		{name: "wrong SSRC", traits: sim.Traits{WrongSSRC: true}},
		{name: "wrong SSRC over UDP", traits: sim.Traits{WrongSSRC: true}, transport: "udp"},
		{name: "SSRC changes", fault: sim.Fault{Kind: sim.NewSSRC, Seconds: 0.4}, units: 60, check: ssrcs},
		{name: "SSRC changes over UDP", fault: sim.Fault{Kind: sim.NewSSRC, Seconds: 0.4}, transport: "udp", units: 60, check: ssrcs},
		{name: "sequence restarts", fault: sim.Fault{Kind: sim.Restart, Seconds: 0.4}, units: 60},
		{name: "sequence restarts over UDP", fault: sim.Fault{Kind: sim.Restart, Seconds: 0.4}, transport: "udp", units: 60},
		{name: "timestamp jumps forward", fault: sim.Fault{Kind: sim.Jump, Seconds: 0.4, By: 3600}, units: 60},
		{name: "timestamp jumps back", fault: sim.Fault{Kind: sim.Jump, Seconds: 0.4, By: -3600}, units: 60},
		{name: "packets get lost", fault: sim.Fault{Kind: sim.Loss, Percent: 5}, units: 90, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			if s.lost == 0 {
				t.Error("no loss was told")
			}
		}},
		{name: "packets get lost over UDP", fault: sim.Fault{Kind: sim.Loss, Percent: 5}, transport: "udp", units: 90, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			if s.lost == 0 {
				t.Error("no loss was told")
			}
		}},
		{name: "no RTCP", traits: sim.Traits{NoReports: true}, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			if s.reports != 0 {
				t.Errorf("%d reports from a camera that sends none", s.reports)
			}
		}},
	}
}

func keepAlives() []quirk {
	return []quirk{
		{name: "session time-out held strictly", traits: sim.Traits{Timeout: 1}, units: 90},
		{name: "keep-alives unanswered", traits: sim.Traits{Timeout: 1}, fault: sim.Fault{Kind: sim.KeepAlive}, units: 120},
		{name: "keep-alives answered late", traits: sim.Traits{Timeout: 2}, fault: sim.Fault{Kind: sim.KeepAlive, Seconds: 1}, units: 120},
		{name: "slow answers", fault: sim.Fault{Kind: sim.Slow, Seconds: 0.2}},
	}
}

func descriptions() []quirk {
	medias := func(want int) func(*testing.T, *sim.Farm, int, *quirkSink) {
		return func(t *testing.T, f *sim.Farm, i int, s *quirkSink) {
			n := want
			if sim.SceneOf(i).Audio {
				n++
			}
			if len(s.desc.Medias) != n {
				t.Errorf("%d medias, want %d", len(s.desc.Medias), n)
			}
			if c := f.Camera(i); c.Talks != 0 {
				t.Error("a back channel was set up")
			}
		}
	}
	return []quirk{
		{name: "one broken media", traits: sim.Traits{BrokenMedia: true}},
		{name: "a back channel", traits: sim.Traits{BackChannel: true}, check: medias(1)},
		{name: "absolute control URLs", traits: sim.Traits{AbsoluteControl: true}, check: medias(1)},
		{name: "absolute control URLs with a password", traits: sim.Traits{AbsoluteControl: true, Auth: "md5", QOP: true}},
		{name: "payload type that the SDP doesn't name", traits: sim.Traits{PayloadType: 103}},
		{name: "packets of a payload type that the SDP doesn't name", traits: sim.Traits{Stray: true}},
		{name: "the same over UDP", traits: sim.Traits{Stray: true}, transport: "udp"},
	}
}

func pictures() []quirk {
	// small looks for what readers over UDP can't take.
	small := func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
		packets := s.packets(t)
		for n, p := range packets {
			if len(p.Payload) > 1460 {
				t.Fatalf("a payload of %d bytes", len(p.Payload))
			}
			if n > 0 && p.SequenceNumber != packets[n-1].SequenceNumber+1 {
				t.Fatalf("packet %d comes after %d", p.SequenceNumber, packets[n-1].SequenceNumber)
			}
		}
		if s.lost != 0 {
			t.Errorf("%d packets are told lost", s.lost)
		}
	}
	return []quirk{
		{name: "keyframes a minute apart", traits: sim.Traits{GOP: 1500}, units: 60, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			if s.keys != 1 {
				t.Errorf("%d keyframes, want the first alone", s.keys)
			}
		}},
		{name: "packets of 8 KB, H.264", traits: sim.Traits{Payload: 8192}, check: small},
		{name: "packets of 8 KB, H.265", traits: sim.Traits{Payload: 8192}, codec: sim.H265, check: small},
		{name: "packets of 60 KB, H.264", traits: sim.Traits{Payload: 60000}, check: small},
		{name: "packets of 60 KB, H.265", traits: sim.Traits{Payload: 60000}, codec: sim.H265, check: small},
		{name: "no markers", traits: sim.Traits{NoMarkers: true}},
		{name: "one frozen image", fault: sim.Fault{Kind: sim.Freeze}},
		{name: "few pictures a second", fault: sim.Fault{Kind: sim.LowRate, FPS: 10}},
		{name: "a clock of another century", fault: sim.Fault{Kind: sim.ClockSkew, By: -50 * 365 * 86400}},
		{name: "no picture, only reports", fault: sim.Fault{Kind: sim.Stuck}, want: event.NoPackets},
		{name: "nothing", fault: sim.Fault{Kind: sim.Silent}, want: event.NoPackets},
	}
}

func refusals() []quirk {
	full := func(status int) sim.Fault { return sim.Fault{Kind: sim.Sessions, Status: status} }
	return []quirk{
		{name: "full, 453", fault: full(0), want: event.SessionFull},
		{name: "full, 503", fault: full(503), want: event.SessionFull},
		{name: "full, 401", fault: full(401), traits: sim.Traits{Auth: "md5"}, want: event.Unauthorized},
		{name: "full, 403", fault: full(403), want: event.Unauthorized},
		{name: "garbage", fault: sim.Fault{Kind: sim.Garbage}, want: event.BadAnswer},
		{name: "wrong answers", fault: sim.Fault{Kind: sim.Wrong, Percent: 100}, want: event.BadAnswer},
		{name: "reboot", fault: sim.Fault{Kind: sim.Reboot, Down: 3600}, want: event.NoAnswer},
		{name: "hangs up", fault: sim.Fault{Kind: sim.Hangup, Seconds: 1}, want: event.NoAnswer, check: func(t *testing.T, _ *sim.Farm, _ int, s *quirkSink) {
			if len(s.units) < 10 {
				t.Errorf("%d units in a second", len(s.units))
			}
		}},
	}
}

// What isn't RTSP is told at once, not when the time for an answer is over.
func TestGarbageIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := find(t, func(s sim.Scene) bool { return !s.Locked })
	if err := f.SetFault(i, sim.Fault{Kind: sim.Garbage}); err != nil {
		t.Fatal(err)
	}
	patient := source.Source{StartTimeout: time.Minute, StallTimeout: time.Minute, UserAgent: "test"}
	var failure *streams.Failure
	if err := patient.Pull(t.Context(), channel(f, i), streams.Main, newSink()); !errors.As(err, &failure) || failure.Reason != event.BadAnswer {
		t.Errorf("ended with %v", err)
	}
}

// A camera that was away for a moment is pulled again, with the same Source.
func TestAfterReboot(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := find(t, func(s sim.Scene) bool { return !s.Locked })
	if err := f.SetFault(i, sim.Fault{Kind: sim.Reboot, Down: 0.3}); err != nil {
		t.Fatal(err)
	}
	for {
		s := newSink()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- pull.Pull(ctx, channel(f, i), streams.Main, s) }()
		select {
		case <-s.enough:
			cancel()
			<-ended
			return
		case err := <-ended:
			cancel()
			var failure *streams.Failure
			if !errors.As(err, &failure) || failure.Reason != event.NoAnswer {
				t.Fatalf("ended with %v", err)
			}
		}
	}
}
