package sim

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"sharpeyes/streams"
)

func set(t *testing.T, f *Farm, i int, fault Fault) {
	t.Helper()
	if err := f.SetFault(i, fault); err != nil {
		t.Fatal(err)
	}
	if got := f.Fault(i); got != fault {
		t.Fatalf("the fault is %+v, want %+v", got, fault)
	}
}

// dial is a bare connection to a camera.
func dial(t testing.TB, f *Farm, i int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", address(f, i))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func address(f *Farm, i int) string {
	return strings.TrimSuffix(strings.TrimPrefix(f.URL(i, streams.Main), "rtsp://"), "/main")
}

// ask sends a request and returns what comes back, at most until the end of a header.
func ask(c net.Conn, request string) (string, error) {
	if _, err := io.WriteString(c, request); err != nil {
		return "", err
	}
	var all []byte
	b := make([]byte, 4096)
	for !strings.Contains(string(all), "\r\n\r\n") {
		n, err := c.Read(b)
		if all = append(all, b[:n]...); err != nil {
			return string(all), err
		}
	}
	return string(all), nil
}

// knock asks a camera for OPTIONS on a connection of its own.
func knock(f *Farm, i int) (string, error) {
	c, err := net.Dial("tcp4", address(f, i))
	if err != nil {
		return "", err // a reset may come before the dialler looks
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	return ask(c, options)
}

const options = "OPTIONS rtsp://127.1.0.0/main RTSP/1.0\r\nCSeq: 7\r\n\r\n"

func reset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)
}

func TestDie(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	v := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	v.units(t, 1)
	set(t, f, i, Fault{Kind: Die})
	if err := receive(t, v.ended, "end of the session"); !reset(err) {
		t.Errorf("the session ended with %v", err)
	}
	if answer, err := knock(f, i); !reset(err) {
		t.Errorf("a dead camera says %q, %v", answer, err)
	}
	if s := f.Stats(); s.Faults != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := knock(f, i+1); err != nil {
		t.Errorf("the camera beside it: %v", err)
	}
	set(t, f, i, Fault{})
	if _, err := knock(f, i); err != nil {
		t.Errorf("a healed camera: %v", err)
	}
	eventually(t, "without sessions", func() bool { return f.Stats().Sessions == 0 })
}

func TestMute(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Mute})
	c := dial(t, f, i)
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if answer, err := ask(c, options); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a mute camera says %q, %v", answer, err)
	}
}

func TestUnauthorized(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := find(t, Scene{Codec: H264, Locked: true})
	set(t, f, i, Fault{Kind: Unauthorized})
	answer, err := ask(dial(t, f, i), options)
	if err != nil || !strings.HasPrefix(answer, "RTSP/1.0 401 ") || !strings.Contains(answer, "\r\nWWW-Authenticate: Digest ") {
		t.Errorf("it says %q, %v", answer, err)
	}
	u := strings.Replace(f.URL(i, streams.Main), "rtsp://", "rtsp://"+Username+":"+Password+"@", 1)
	var bad liberrors.ErrClientBadStatusCode
	if _, err := connect(t, u, gortsplib.TransportTCP); !errors.As(err, &bad) || bad.Code != 401 {
		t.Errorf("with the right password: %v", err)
	}
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	f := farm(t, func(o *Options) { o.Start = Keyframe })
	for _, codec := range []Codec{H264, H265} {
		t.Run(string(codec), func(t *testing.T) {
			t.Parallel()
			i := find(t, Scene{Codec: codec, Moving: true})
			set(t, f, i, Fault{Kind: Freeze})
			units := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP).units(t, gop+1)
			for n, u := range units[:gop] {
				if u.keyframe(codec) != (n == 0) || n > 0 && len(u.payload()) > 200 {
					t.Errorf("picture %d: keyframe %v, %d bytes", n, u.keyframe(codec), len(u.payload()))
				}
			}
			if string(units[0].payload()) != string(units[gop].payload()) {
				t.Error("two keyframes of a frozen camera differ")
			}
		})
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Silent})
	v := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	select {
	case p := <-v.packets:
		t.Errorf("a silent camera sends %+v", p.Header)
	case <-time.After(10 * testFrameTime):
	}
	set(t, f, i, Fault{})
	v.units(t, 1)
}

func TestNoKeyframes(t *testing.T) {
	t.Parallel()
	f := farm(t, func(o *Options) { o.Start = Keyframe })
	i := plain(t)
	set(t, f, i, Fault{Kind: NoKeyframes})
	units := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP).units(t, gop)
	for n, u := range units {
		if u.keyframe(H264) {
			t.Errorf("picture %d is a keyframe", n)
		}
	}
	if d := units[gop-1][0].Timestamp - units[gop-2][0].Timestamp; d != 2*videoTicks {
		t.Errorf("the keyframe left a gap of %d", d)
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Loss, Percent: 30})
	v := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	const n = 60
	first := receive(t, v.packets, "packet").SequenceNumber
	last := first
	for range n {
		last = receive(t, v.packets, "packet").SequenceNumber
	}
	if sent := int(last - first); sent < n*110/100 || sent > n*200/100 {
		t.Errorf("%d packets of %d arrived, want about 70%%", n, sent)
	}
}

func TestSessionLimit(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Sessions, Sessions: 1})
	watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP).units(t, 1)
	v, err := connect(t, f.URL(i, streams.Sub), gortsplib.TransportTCP)
	if err != nil {
		t.Fatal(err)
	}
	var bad liberrors.ErrClientBadStatusCode
	if err := v.play(); !errors.As(err, &bad) || bad.Code != 453 {
		t.Errorf("the second session: %v, want 453", err)
	}
	if c := f.Camera(i); c.Sessions != 1 || c.MaxSessions != 1 {
		t.Errorf("%+v", c)
	}
}

func TestFlap(t *testing.T) {
	t.Parallel()
	fault := condition{Fault: Fault{Kind: Flap, Up: 2, Down: 1}}
	for at, want := range map[time.Duration]bool{0: false, 1999: false, 2000: true, 2999: true, 3000: false, 5500: true} {
		if got := fault.dead(at * time.Millisecond); got != want {
			t.Errorf("dead %v at %d ms", got, at)
		}
	}
	f := farm(t)
	i := plain(t)
	set(t, f, i, Fault{Kind: Flap, Up: 1e-6, Down: 3600})
	if answer, err := knock(f, i); !reset(err) {
		t.Errorf("a camera that is down says %q, %v", answer, err)
	}
	set(t, f, i, Fault{Kind: Flap, Up: 3600, Down: 1})
	if _, err := knock(f, i); err != nil {
		t.Errorf("a camera that is up: %v", err)
	}
}

// A session that began while the camera was up is cut when it goes down.
func TestFlapCutsSessions(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	v := watch(t, f.URL(i, streams.Main), gortsplib.TransportTCP)
	v.units(t, 1)
	up := time.Since(f.epoch).Seconds() + 0.2
	set(t, f, i, Fault{Kind: Flap, Up: up, Down: 3600})
	if err := receive(t, v.ended, "end of the session"); !reset(err) {
		t.Errorf("the session ended with %v", err)
	}
}

func TestSetFaultRefusesNonsense(t *testing.T) {
	t.Parallel()
	f := farm(t)
	for i, fault := range map[int]Fault{
		-1: {Kind: Die}, 1000: {Kind: Die}, 0: {Kind: "explode"}, 1: {Kind: Loss, Percent: 101},
		2: {Kind: Flap, Up: 1}, 3: {Kind: Sessions, Sessions: -1}, 4: {Kind: Die, Percent: 1},
		5: {Kind: Hangup}, 6: {Kind: Sessions, Status: 200}, 7: {Kind: Redirect, Status: 453},
		8: {Kind: Redirect, To: "http://127.0.0.1/"}, 9: {Kind: LowRate}, 10: {Kind: Reboot, Down: -1},
		11: {Kind: Wrong, Percent: 10, Status: 200}, 12: {Kind: Mute, To: "rtsp://127.0.0.1/"}, 13: {Percent: 1},
	} {
		if err := f.SetFault(i, fault); err == nil {
			t.Errorf("camera %d: %+v was taken", i, fault)
		}
	}
	if f.Stats().Faults != 0 {
		t.Error("a refused fault is in force")
	}
}
