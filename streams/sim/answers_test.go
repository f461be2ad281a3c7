package sim

import (
	"io"
	"testing"
	"time"

	"sharpeyes/streams"
)

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	const tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
	// A recorder's channels share the limit.
	first, second := f.ChannelURL(i, 1, streams.Main), f.ChannelURL(i, 2, streams.Main)
	r := newRaw(t, f, i)
	if a := r.ask(t, "DESCRIBE", first); a.header.Get("Content-Base") != first+"/" {
		t.Errorf("%+v", a)
	}
	r.play(t, first)
	for _, status := range []int{0, 401, 403, 503} {
		set(t, f, i, Fault{Kind: Sessions, Sessions: 1, Status: status})
		want := status
		if want == 0 {
			want = 453
		}
		if a := newRaw(t, f, i).ask(t, "SETUP", second+"/trackID=0", tcp); a.code != want || (want == 401) != (a.header.Get("Www-Authenticate") != "") {
			t.Errorf("%+v, want %d", a, want)
		}
	}
	set(t, f, i, Fault{Kind: Sessions, Sessions: 2})
	newRaw(t, f, i).play(t, second)
	if s, c := f.Stats(), f.Camera(i); s.Overpulled != 0 || c.Sessions != 2 {
		t.Errorf("%+v, %+v after two channels were played", s, c)
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	main, sub := f.URL(i, streams.Main), f.URL(i, streams.Sub)
	set(t, f, i, Fault{Kind: Redirect, To: sub, Status: 301})
	r := newRaw(t, f, i)
	if a := r.ask(t, "DESCRIBE", main); a.code != 301 || a.header.Get("Location") != sub {
		t.Errorf("%+v", a)
	}
	if a := r.ask(t, "DESCRIBE", sub); a.code != 200 {
		t.Errorf("%+v", a)
	}
	set(t, f, i, Fault{Kind: Redirect})
	if a := r.ask(t, "DESCRIBE", main); a.code != 302 || a.header.Get("Location") != main {
		t.Errorf("%+v", a)
	}
}

func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Wrong, Percent: 30})
	r := newRaw(t, f, i)
	bad := 0
	const all = 500
	for range all {
		if a := r.ask(t, "OPTIONS", f.URL(i, streams.Main)); a.code == 500 {
			bad++
		}
	}
	if bad < all*20/100 || bad > all*40/100 {
		t.Errorf("%d of %d answers were wrong, want about 30%%", bad, all)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Garbage})
	c := dial(t, f, i)
	if _, err := io.WriteString(c, options); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(garbage))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != garbage {
		t.Errorf("%q, %v", b, err)
	}
}

func TestLateAnswers(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	url := f.URL(i, streams.Main)
	set(t, f, i, Fault{Kind: Slow, Seconds: 0.05})
	r := newRaw(t, f, i)
	began := time.Now()
	r.ask(t, "OPTIONS", url)
	if d := time.Since(began); d < 50*time.Millisecond {
		t.Errorf("answered after %v", d)
	}
	// A handshake is answered at once, and what comes while the stream plays is not at all.
	set(t, f, i, Fault{Kind: KeepAlive})
	session := "Session: " + r.play(t, url).session()
	before := f.Camera(i).Requests
	r.say(t, "GET_PARAMETER", url, session)
	eventually(t, "heard", func() bool { return f.Camera(i).Requests == before+1 })
	r.packets(t, 20)
	r.say(t, "TEARDOWN", url, session)
	eventually(t, "without a session", func() bool { return f.Camera(i).Sessions == 0 })
}

// A camera that answers late holds up nobody who closes the farm.
func TestCloseWhileLate(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Slow, Seconds: 3600})
	newRaw(t, f, i).say(t, "OPTIONS", f.URL(i, streams.Main))
	eventually(t, "heard", func() bool { return f.Camera(i).Requests == 1 })
}

func TestHangup(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Hangup, Seconds: 0.2})
	r := newRaw(t, f, i)
	r.play(t, f.URL(i, streams.Main))
	n := 0
	for ; ; n++ {
		if _, _, err := r.frame(); err != nil {
			if !reset(err) {
				t.Error(err)
			}
			break
		}
	}
	if n == 0 {
		t.Error("no packet came before")
	}
	eventually(t, "without a session", func() bool { return f.Camera(i).Sessions == 0 })
}

func TestReboot(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	if err := f.SetFault(i, Fault{Kind: Reboot, Down: 0.1}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "well again", func() bool {
		_, err := knock(f, i)
		return err == nil
	})
	if s := f.Stats(); f.Fault(i) != (Fault{}) || s.Faults != 0 {
		t.Errorf("%+v, %+v", f.Fault(i), s)
	}
	set(t, f, i, Fault{Kind: Reboot, Down: 3600})
	if answer, err := knock(f, i); !reset(err) {
		t.Errorf("a camera that reboots says %q, %v", answer, err)
	}
}

// A camera that is stuck sends reports, and nothing that they report of.
func TestStuck(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Stuck})
	r := newRaw(t, f, i)
	r.play(t, f.URL(i, streams.Main))
	for range 2 {
		if channel, _, err := r.frame(); err != nil || channel != 1 {
			t.Fatalf("a frame of channel %d, %v", channel, err)
		}
	}
}
