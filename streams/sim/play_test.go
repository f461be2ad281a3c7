package sim

import (
	"bytes"
	"net/url"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/streams"
)

func TestPlay(t *testing.T) {
	t.Parallel()
	f := farm(t, func(o *Options) { o.Start = Keyframe })
	for _, codec := range []Codec{H264, H265} {
		for _, transport := range []gortsplib.Transport{gortsplib.TransportTCP, gortsplib.TransportUDP} {
			for _, profile := range []streams.Profile{streams.Main, streams.Sub} {
				t.Run(string(codec)+"-"+transport.String()+"-"+string(profile), func(t *testing.T) {
					t.Parallel()
					i := find(t, Scene{Codec: codec, Moving: true})
					codec := codec
					if profile == streams.Sub {
						codec = H264
					}
					v := watch(t, f.URL(i, profile), transport)
					checkParameterSets(t, v.desc.Medias[0].Formats[0], codec)
					units := v.units(t, gop+2)
					checkUnits(t, units, codec)
					checkReport(t, v, units[0])
					if n := v.lost.Load(); n > 0 {
						t.Errorf("%d packets lost", n)
					}
				})
			}
		}
	}
}

func checkParameterSets(t *testing.T, forma format.Format, codec Codec) {
	t.Helper()
	switch forma := forma.(type) {
	case *format.H264:
		if codec != H264 || len(forma.SPS) == 0 || len(forma.PPS) == 0 {
			t.Errorf("described as %+v, want %s", forma, codec)
		}
	case *format.H265:
		if codec != H265 || len(forma.VPS) == 0 || len(forma.SPS) == 0 || len(forma.PPS) == 0 {
			t.Errorf("described as %+v, want %s", forma, codec)
		}
	default:
		t.Errorf("described as %+v, want %s", forma, codec)
	}
}

func checkUnits(t *testing.T, units []unit, codec Codec) {
	t.Helper()
	seq, ts := units[0][0].SequenceNumber, units[0][0].Timestamp
	for n, u := range units {
		if (n%gop == 0) != u.keyframe(codec) {
			t.Errorf("picture %d: keyframe %v", n, u.keyframe(codec))
		}
		for k, p := range u {
			if p.Marker != (k == len(u)-1) || p.Timestamp != ts || p.SequenceNumber != seq || p.SSRC != units[0][0].SSRC {
				t.Fatalf("picture %d, packet %d of %d: %+v, want timestamp %d and sequence number %d", n, k, len(u), p.Header, ts, seq)
			}
			if p.PayloadType != videoType || len(p.Payload) > payloadMax {
				t.Errorf("payload type %d, %d bytes", p.PayloadType, len(p.Payload))
			}
			seq++
		}
		ts += videoTicks
	}
}

func checkReport(t *testing.T, v *viewer, first unit) {
	t.Helper()
	sr := receive(t, v.reports, "sender report")
	if sr.SSRC != first[0].SSRC {
		t.Errorf("report of %d, want %d", sr.SSRC, first[0].SSRC)
	}
	const toUnix = 2208988800
	at := time.Unix(int64(sr.NTPTime>>32)-toUnix, int64(sr.NTPTime&0xffffffff*1e9>>32))
	if d := time.Since(at); d < 0 || d > time.Minute {
		t.Errorf("the camera's clock says %v", at)
	}
	if sr.RTPTime != first[0].Timestamp || sr.PacketCount != uint32(len(first)) {
		t.Errorf("report %+v doesn't go with the first picture, %d packets at %d", sr, len(first), first[0].Timestamp)
	}
}

// The encoder runs whether or not anybody watches: two sessions see the same pictures.
func TestLiveIsOneClock(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := find(t, Scene{Codec: H264, Moving: true})
	one := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	one.units(t, 1)
	two := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	u := two.units(t, 1)[0]
	for {
		w := one.units(t, 1)[0]
		if w[0].Timestamp == u[0].Timestamp {
			if !bytes.Equal(w.payload(), u.payload()) {
				t.Error("two sessions see different pictures at one time")
			}
			return
		}
		if int32(w[0].Timestamp-u[0].Timestamp) > 0 {
			t.Fatal("the first session never saw the picture of the second")
		}
	}
}

func TestAudio(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := find(t, Scene{Codec: H264, Audio: true})
	for _, transport := range []gortsplib.Transport{gortsplib.TransportTCP, gortsplib.TransportUDP} {
		v := watch(t, f.URL(i, streams.Main), transport)
		if g, ok := v.desc.Medias[1].Formats[0].(*format.G711); !ok || g.MULaw {
			t.Fatalf("described as %+v", v.desc.Medias[1].Formats[0])
		}
		first := receive(t, v.sound, "sound")
		for n := range uint16(10) {
			p := receive(t, v.sound, "sound")
			if p.SequenceNumber != first.SequenceNumber+n+1 || p.Timestamp != first.Timestamp+uint32(n+1)*audioPacket || len(p.Payload) != audioPacket {
				t.Errorf("packet %+v of %d bytes after %+v", p.Header, len(p.Payload), first.Header)
			}
		}
		v.units(t, 2)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	f := farm(t)
	u, err := url.Parse(f.URL(find(t, Scene{Codec: H264, Locked: true}), streams.Main))
	if err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]*url.Userinfo{"none": nil, "wrong": url.UserPassword(Username, "guess"), "other": url.UserPassword("guest", Password)} {
		u.User = user
		if _, err := connect(t, u.String(), gortsplib.TransportTCP); err == nil {
			t.Errorf("%s: let in", name)
		}
	}
	u.User = url.UserPassword(Username, Password)
	watch(t, u.String(), gortsplib.TransportTCP).units(t, 1)
}

func TestPauseAndPlayAgain(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	v := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	v.units(t, 2)
	if _, err := v.client.Pause(); err != nil {
		t.Fatal(err)
	}
	if c := f.Camera(i); c.Sessions != 1 {
		t.Errorf("%+v after PAUSE", c)
	}
	for len(v.packets) > 0 {
		<-v.packets
	}
	if _, err := v.client.Play(nil); err != nil {
		t.Fatal(err)
	}
	v.units(t, 2)
	if c := f.Camera(i); c.Plays != 2 || c.MaxPlays != 1 {
		t.Errorf("%+v after the second PLAY", c)
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	main := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	watch(t, f.URL(i, streams.Sub), gortsplib.TransportTCP).units(t, 1)
	main.units(t, 1)
	want := Counters{Sessions: 2, MaxSessions: 2, MaxPlays: 1, Plays: 2, Conns: 2}
	c := f.Camera(i)
	if c.Requests = 0; c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	if s := f.Stats(); s.Sessions != 2 || s.Overpulled != 0 || s.Conns != 2 || s.Open != 2 || s.Bytes == 0 || s.Cameras != 1000 {
		t.Errorf("%+v", s)
	}
	second := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	second.units(t, 1)
	if s, c := f.Stats(), f.Camera(i); s.Overpulled != 1 || c.MaxPlays != 2 {
		t.Errorf("%+v, %+v after one profile was played twice", s, c)
	}
	second.client.Close()
	main.client.Close()
	eventually(t, "down to one session", func() bool { return f.Camera(i).Sessions == 1 && f.Stats().Open == 1 })
	if c := f.Camera(i); c.MaxSessions != 3 {
		t.Errorf("%+v at the end", c)
	}
}
