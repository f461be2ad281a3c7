package streams_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/sim"
	"sharpeyes/streams/source"
)

// patience is how long these tests wait for what must come.
const patience = 20 * time.Second

// site is a hub over simulated cameras, with the Source that the gateway has.
type site struct {
	*streams.Hub
	farm     *sim.Farm
	channels map[string]registry.Channel
	next     int
}

func newSite(t *testing.T) *site {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	farm, err := sim.Listen(t.Context(), sim.Options{Listen: ":0", Cameras: 400, Start: sim.Keyframe, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{farm: farm, channels: map[string]registry.Channel{}}
	s.Hub = streams.NewHub(streams.Options{
		Source:   &source.Source{StartTimeout: 5 * time.Second, StallTimeout: 2 * time.Second, UserAgent: "test"},
		Observer: new(log),
		Channel:  func(id string) (registry.Channel, bool) { ch, ok := s.channels[id]; return ch, ok },
		Linger:   time.Hour, StartTimeout: 10 * time.Second, Queue: 4 << 20, Log: quiet,
	})
	t.Cleanup(func() {
		s.Close()
		_ = farm.Close()
	})
	return s
}

// camera registers a camera with a quirk, and returns its number.
func (s *site) camera(t *testing.T, id string, traits sim.Traits) int {
	t.Helper()
	for ; ; s.next++ {
		if scene := sim.SceneOf(s.next); scene == (sim.Scene{Codec: sim.H264, Moving: true}) {
			break
		}
	}
	i := s.next
	s.next++
	if err := s.farm.SetTraits(i, traits); err != nil {
		t.Fatal(err)
	}
	s.channels[id] = registry.Channel{ID: id, URL: s.farm.URL(i, streams.Main), Transport: "tcp", Enabled: true}
	return i
}

// view joins a stream and plays it.
func (s *site) view(t *testing.T, id string) (*streams.Reader, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := s.Join(ctx, streams.Key{Channel: id, Profile: streams.Main}, streams.Who{Kind: "test"})
	if err != nil {
		return nil, err
	}
	if err := r.Wait(ctx); err != nil {
		r.Close()
		return nil, err
	}
	r.Play()
	t.Cleanup(r.Close)
	return r, nil
}

// watch reads n pictures, and returns their packets and the reports that came among them.
func watch(t *testing.T, r *streams.Reader, n int) (packets []rtp.Packet, reports []*rtcp.SenderReport) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var units []*streams.Unit
	for pictures := 0; pictures < n; {
		var err error
		if units, err = r.Next(ctx, units[:0]); err != nil {
			t.Fatalf("after %d pictures: %v", pictures, err)
		}
		for _, u := range units {
			if !u.Control {
				pictures++
			}
			for raw := range u.Packets() {
				if u.Control {
					report := new(rtcp.SenderReport)
					if err := report.Unmarshal(raw); err != nil {
						t.Fatal(err)
					}
					reports = append(reports, report)
					continue
				}
				var p rtp.Packet
				if err := p.Unmarshal(raw); err != nil {
					t.Fatal(err)
				}
				packets = append(packets, p)
			}
		}
	}
	return packets, reports
}

// Whatever a camera does to its numbers, and however often it hangs up, a reader sees one stream:
// one source, no gap, and a clock that goes forward with the time.
func TestReadersSeeOneStream(t *testing.T) {
	t.Parallel()
	// So many packets that a restart of their numbers is told from packets out of order.
	small := sim.Traits{Payload: 200}
	type quirk struct {
		name   string
		traits sim.Traits
		fault  sim.Fault
		plays  int // that the camera must have seen
	}
	quirks := []quirk{
		{"a camera like others", sim.Traits{}, sim.Fault{}, 1},
		{"wrong SSRC", sim.Traits{WrongSSRC: true}, sim.Fault{}, 1},
		{"SSRC changes", sim.Traits{}, sim.Fault{Kind: sim.NewSSRC, Seconds: 0.8}, 1},
		{"sequence restarts", small, sim.Fault{Kind: sim.Restart, Seconds: 1.4}, 1},
		{"timestamp jumps forward", sim.Traits{}, sim.Fault{Kind: sim.Jump, Seconds: 0.8, By: 3600}, 1},
		{"timestamp jumps back", sim.Traits{}, sim.Fault{Kind: sim.Jump, Seconds: 0.8, By: -3600}, 1},
		{"hangs up", sim.Traits{}, sim.Fault{Kind: sim.Hangup, Seconds: 1.5}, 2},
		{"large packets", sim.Traits{Payload: 8192}, sim.Fault{}, 1},
		{"packets that the SDP doesn't name", sim.Traits{Stray: true}, sim.Fault{}, 1},
		{"session time-out", sim.Traits{Timeout: 1, Auth: "sha256", QOP: true, NonceRequests: 4}, sim.Fault{}, 1},
	}
	s := newSite(t)
	var (
		cameras []int
		readers []*streams.Reader
	)
	for _, q := range quirks {
		i := s.camera(t, q.name, q.traits)
		if q.traits.Auth != "" {
			ch := s.channels[q.name]
			ch.Username, ch.Password = sim.Username, sim.Password
			s.channels[q.name] = ch
		}
		if err := s.farm.SetFault(i, q.fault); err != nil {
			t.Fatal(err)
		}
		cameras = append(cameras, i)
	}
	for _, q := range quirks {
		r, err := s.view(t, q.name)
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		readers = append(readers, r)
	}
	for n, q := range quirks {
		t.Run(q.name, func(t *testing.T) {
			packets, reports := watch(t, readers[n], 75)
			oneStream(t, packets, reports)
			if c := s.farm.Camera(cameras[n]); c.Plays < q.plays || c.MaxPlays != 1 {
				t.Errorf("the camera saw %+v, want %d plays or more, one at a time", c, q.plays)
			}
		})
	}
}

func oneStream(t *testing.T, packets []rtp.Packet, reports []*rtcp.SenderReport) {
	t.Helper()
	const clock = 90000
	bad := 0
	for i := 1; i < len(packets) && bad < 5; i++ {
		a, b := packets[i-1].Header, packets[i].Header
		step := int32(b.Timestamp - a.Timestamp)
		if a.SSRC != b.SSRC || b.SequenceNumber != a.SequenceNumber+1 || step < 0 || step > 5*clock {
			bad++
			t.Errorf("packet %d, %d, %d of %#x comes after %d, %d of %#x",
				i, b.SequenceNumber, b.Timestamp, b.SSRC, a.SequenceNumber, a.Timestamp, a.SSRC)
		}
	}
	first, last := packets[0], packets[len(packets)-1]
	for _, report := range reports {
		if report.SSRC != first.SSRC {
			t.Errorf("a report of %#x in a stream of %#x", report.SSRC, first.SSRC)
		}
		if int32(report.RTPTime-first.Timestamp) < -10*clock || int32(report.RTPTime-last.Timestamp) > 10*clock {
			t.Errorf("a report of %d in a stream from %d to %d", report.RTPTime, first.Timestamp, last.Timestamp)
		}
	}
}

// A camera that boots is away for a moment: its readers stay, and go on with the next keyframe.
func TestReadersStayOverAReboot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i := s.camera(t, "a", sim.Traits{})
	r, err := s.view(t, "a")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := watch(t, r, 20)
	if err := s.farm.SetFault(i, sim.Fault{Kind: sim.Reboot, Down: 0.2}); err != nil {
		t.Fatal(err)
	}
	after, _ := watch(t, r, 40)
	oneStream(t, append(before, after...), nil)
	if info, ok := s.Info(streams.Key{Channel: "a", Profile: streams.Main}); !ok || info.Reconnects == 0 || info.Failure == nil {
		t.Errorf("%+v, %v", info, ok)
	}
}

// A recorder that has no session to spare, however it says so, gives one to who needs it more; and
// that it says 401 or 403 locks nobody out.
func TestRecorderHasNoSessionToSpare(t *testing.T) {
	t.Parallel()
	for _, status := range []int{453, 503, 401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			i := s.camera(t, "a", sim.Traits{Auth: "md5"})
			for n, id := range []string{"a", "b"} {
				s.channels[id] = registry.Channel{
					ID: id, URL: s.farm.ChannelURL(i, n, streams.Main), Transport: "tcp", Enabled: true,
					Username: sim.Username, Password: sim.Password,
				}
			}
			if err := s.farm.SetFault(i, sim.Fault{Kind: sim.Sessions, Sessions: 1, Status: status}); err != nil {
				t.Fatal(err)
			}
			a, err := s.view(t, "a")
			if err != nil {
				t.Fatal(err)
			}
			watch(t, a, 5)
			_, err = s.view(t, "b")
			var failure *streams.Failure
			if !errors.As(err, &failure) || failure.Reason != event.SessionFull {
				t.Fatalf("beside a stream that is watched: %v, want session_full", err)
			}
			watch(t, a, 5) // it isn't harmed

			a.Close() // and lingers, which is worth less than a reader
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.After(patience); ; {
				b, err := s.view(t, "b")
				if err == nil {
					watch(t, b, 5)
					return
				}
				if !errors.As(err, &failure) || failure.Reason != event.SessionFull {
					t.Fatalf("beside a stream that lingers: %v", err)
				}
				select {
				case <-tick.C: // a camera that failed is left alone for a moment
				case <-deadline:
					t.Fatalf("beside a stream that lingers: %v", err)
				}
			}
		})
	}
}

// However many ask, a password that was refused isn't tried again.
func TestRefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i := s.camera(t, "a", sim.Traits{Auth: "basic md5 sha256", QOP: true})
	ch := s.channels["a"]
	ch.Username, ch.Password = sim.Username, "wrong"
	s.channels["a"] = ch
	for range 5 {
		_, err := s.view(t, "a")
		var failure *streams.Failure
		if !errors.As(err, &failure) || failure.Reason != event.Unauthorized {
			t.Errorf("%v, want unauthorized", err)
		}
	}
	if c := s.farm.Camera(i); c.Credentials != 1 || c.Conns != 1 {
		t.Errorf("the camera saw %+v, want the password once", c)
	}
}
