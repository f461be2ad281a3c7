package sim

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/pion/rtp"

	"sharpeyes/streams"
)

func traits(t *testing.T, f *Farm, i int, want Traits) {
	t.Helper()
	if err := f.SetTraits(i, want); err != nil {
		t.Fatal(err)
	}
	if got := f.Traits(i); got != want {
		t.Fatalf("the traits are %+v, want %+v", got, want)
	}
}

func TestSetTraitsRefusesNonsense(t *testing.T) {
	t.Parallel()
	f := farm(t)
	for i, bad := range map[int]Traits{
		-1: {}, 1000: {}, 0: {Auth: "md5 kerberos"}, 1: {Transport: "multicast"}, 2: {NonceRequests: -1}, 3: {NonceSeconds: math.NaN()},
		4: {Timeout: -1}, 5: {GOP: 49}, 6: {Payload: 100}, 7: {Payload: 70000}, 8: {PayloadType: 128},
	} {
		if err := f.SetTraits(i, bad); err == nil {
			t.Errorf("camera %d: %+v was taken", i, bad)
		}
	}
}

// rawly plays camera i with the traits and the fault, and returns what came.
func rawly(t *testing.T, tr Traits, fault Fault, n int) ([]*rtp.Packet, answer) {
	t.Helper()
	f := farm(t, func(o *Options) { o.Start = Keyframe })
	i := plain(t)
	traits(t, f, i, tr)
	if err := f.SetFault(i, fault); err != nil {
		t.Fatal(err)
	}
	r := newRaw(t, f, i)
	a := r.play(t, f.URL(i, streams.Main))
	packets, _ := r.packets(t, n)
	return packets, a
}

func TestPackets(t *testing.T) {
	t.Parallel()
	// count is how many packets differ from the one before.
	count := func(ps []*rtp.Packet, differ func(a, b *rtp.Packet) bool) (n int) {
		for i := 1; i < len(ps); i++ {
			if differ(ps[i-1], ps[i]) {
				n++
			}
		}
		return n
	}
	every := 5 * testFrameTime.Seconds()
	for name, c := range map[string]struct {
		traits Traits
		fault  Fault
		good   func([]*rtp.Packet, answer) bool
	}{
		"no markers": {traits: Traits{NoMarkers: true}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(_, b *rtp.Packet) bool { return b.Marker }) == 0
		}},
		"payload type": {traits: Traits{PayloadType: 103}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(_, b *rtp.Packet) bool { return b.PayloadType != 103 }) == 0
		}},
		"stray": {traits: Traits{Stray: true}, good: func(ps []*rtp.Packet, _ answer) bool {
			return ps[0].PayloadType == strayType && ps[1].PayloadType == videoType && ps[0].Timestamp == ps[1].Timestamp
		}},
		"large": {traits: Traits{Payload: 8192}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(_, b *rtp.Packet) bool { return len(b.Payload) > 4000 }) > 0
		}},
		"wrong SSRC": {traits: Traits{WrongSSRC: true}, good: func(ps []*rtp.Packet, a answer) bool {
			return !strings.Contains(strings.ToUpper(a.header.Get("Transport")), strings.ToUpper(hex32(ps[0].SSRC)))
		}},
		"right SSRC": {good: func(ps []*rtp.Packet, a answer) bool {
			return strings.Contains(strings.ToUpper(a.header.Get("Transport")), strings.ToUpper(hex32(ps[0].SSRC)))
		}},
		"own channels": {traits: Traits{OwnChannels: true}, good: func(_ []*rtp.Packet, a answer) bool {
			return strings.Contains(a.header.Get("Transport"), "interleaved=10-11")
		}},
		"time-out": {traits: Traits{Timeout: 17}, good: func(_ []*rtp.Packet, a answer) bool {
			return strings.HasSuffix(a.header.Get("Session"), ";timeout=17")
		}},
		"new SSRC": {fault: Fault{Kind: NewSSRC, Seconds: every}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(a, b *rtp.Packet) bool { return a.SSRC != b.SSRC }) > 2
		}},
		"restart": {fault: Fault{Kind: Restart, Seconds: every}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(a, b *rtp.Packet) bool { return b.SequenceNumber == 0 && a.SequenceNumber != 65535 }) > 2
		}},
		"jump": {fault: Fault{Kind: Jump, Seconds: every, By: -10}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(a, b *rtp.Packet) bool { return int32(b.Timestamp-a.Timestamp) == videoTicks-10*90000 }) > 2
		}},
		"few pictures": {fault: Fault{Kind: LowRate, FPS: 5}, good: func(ps []*rtp.Packet, _ answer) bool {
			return count(ps, func(a, b *rtp.Packet) bool { return b.Timestamp-a.Timestamp >= 5*videoTicks }) > 2
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if ps, a := rawly(t, c.traits, c.fault, 40); !c.good(ps, a) {
				t.Errorf("%v\n%v", a, ps[:10])
			}
		})
	}
}

func hex32(v uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[i] = digits[v>>(28-4*i)&15]
	}
	return string(b[:])
}

func TestLongGOP(t *testing.T) {
	t.Parallel()
	f := farm(t, func(o *Options) { o.Start = Keyframe })
	i := plain(t)
	traits(t, f, i, Traits{GOP: 2 * gop})
	units := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP).units(t, 2*gop+1)
	keys := 0
	for _, u := range units {
		if u.keyframe(H264) {
			keys++
		}
	}
	if keys != 2 || !units[0].keyframe(H264) {
		t.Errorf("%d keyframes in %d pictures", keys, len(units))
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	r := newRaw(t, f, i)
	set(t, f, i, Fault{Kind: ClockSkew, By: -3600})
	r.play(t, f.URL(i, streams.Main))
	_, reports := r.packets(t, 2)
	if len(reports) == 0 {
		t.Fatal("no report")
	}
	const toUnix = 2208988800
	said := time.Unix(int64(reports[0].NTPTime>>32)-toUnix, 0)
	if late := time.Since(said); late < 59*time.Minute || late > 61*time.Minute {
		t.Errorf("the clock is %v late, want an hour", late)
	}
	traits(t, f, i, Traits{NoReports: true})
	r = newRaw(t, f, i)
	r.play(t, f.URL(i, streams.Main))
	if _, reports = r.packets(t, 140); len(reports) != 0 {
		t.Errorf("%d reports", len(reports))
	}
}

// A strict camera ends a stream that nobody keeps alive, and no other.
func TestTimeout(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	traits(t, f, i, Traits{Timeout: 1})
	url := f.URL(i, streams.Main)
	r := newRaw(t, f, i)
	session := "Session: " + r.play(t, url).session()
	for range 2 {
		r.packets(t, int(700*time.Millisecond/testFrameTime)) // at most as long as so many pictures
		if a := r.ask(t, "GET_PARAMETER", url, session); a.code != 200 {
			t.Fatalf("%+v", a)
		}
	}
	for {
		if _, _, err := r.frame(); err != nil {
			if !reset(err) {
				t.Error(err)
			}
			return
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	url := f.URL(i, streams.Main)
	traits(t, f, i, Traits{BrokenMedia: true})
	if _, err := connect(t, url, gortsplib.TransportTCP); err == nil {
		t.Error("the broken media is understood")
	}
	traits(t, f, i, Traits{BackChannel: true, AbsoluteControl: true})
	r := newRaw(t, f, i)
	if a := r.ask(t, "DESCRIBE", url); a.header.Get("Content-Base") != "" || !strings.Contains(a.body, "a=control:"+url+"/trackID=3\r\n") {
		t.Errorf("%+v", a)
	}
	r.ask(t, "SETUP", url+"/trackID=3", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	if c := f.Camera(i); c.Talks != 1 {
		t.Errorf("%+v", c)
	}
}

func TestTransports(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	const tcp, udp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Transport: RTP/AVP;unicast;client_port=6000-6001"
	for only, codes := range map[string][2]int{"": {200, 200}, "tcp": {200, 461}, "udp": {461, 200}} {
		traits(t, f, i, Traits{Transport: only})
		for n, offer := range []string{tcp, udp} {
			if a := newRaw(t, f, i).ask(t, "SETUP", f.URL(i, streams.Main)+"/trackID=0", offer); a.code != codes[n] {
				t.Errorf("%q, %s: %d", only, offer, a.code)
			}
		}
	}
}
