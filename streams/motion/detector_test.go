package motion_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/registry/event"
	"sharpeyes/streams/motion"
)

// scene is an H.264 stream of made-up sizes: one keyframe and 24 inter pictures a second.
type scene struct {
	t       *testing.T
	d       *motion.Detector
	random  *rand.Rand
	n       int // pictures sent
	seq     uint16
	key     int // bytes of a keyframe
	inter   int // bytes of an inter picture, give or take a twentieth
	changes []motion.Change
}

func newScene(t *testing.T, cfg motion.Config) *scene {
	return &scene{t: t, d: motion.New(motion.H264, cfg), random: rand.New(rand.NewPCG(1, 2)), key: 20000, inter: 1000}
}

func (s *scene) now() time.Time { return epoch.Add(time.Duration(s.n) * frame) }

// picture sends one picture in single NAL units of up to 1,400 bytes.
func (s *scene) picture() {
	size, header := s.key, []byte{0x65, 0x88}
	if s.n%fps != 0 {
		size, header = s.inter+s.random.IntN(s.inter/10+1)-s.inter/20, []byte{0x41, 0x9a}
	}
	for size > 0 {
		n := min(size, 1400)
		size -= n
		s.send(append(header[:2:2], make([]byte, n)...), size == 0)
	}
	s.n++
}

func (s *scene) send(payload []byte, marker bool) {
	s.seq++
	p := &rtp.Packet{Payload: payload}
	p.Timestamp, p.SequenceNumber, p.Marker = uint32(s.n*90000/fps), s.seq, marker
	if ch, ok := s.d.Packet(p, s.now()); ok {
		s.changes = append(s.changes, ch)
	}
}

func (s *scene) run(d time.Duration) {
	for range int(d / frame) {
		s.picture()
	}
}

func (s *scene) want(types ...event.Type) {
	s.t.Helper()
	if len(s.changes) != len(types) {
		s.t.Fatalf("changes %+v, want %v", s.changes, types)
	}
	for i, ch := range s.changes {
		if ch.Type != types[i] {
			s.t.Fatalf("changes %+v, want %v", s.changes, types)
		}
	}
}

var usual = motion.Config{Sensitivity: 0.5, Hold: 3 * time.Second}

func TestStartAndEnd(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	s.want()
	s.inter = 2000
	began := s.now()
	s.run(6 * time.Second)
	s.want(event.MotionStarted)
	s.inter = 1000
	stopped := s.now()
	s.run(6 * time.Second)
	s.want(event.MotionStarted, event.MotionEnded)
	start, end := s.changes[0], s.changes[1]
	if late := start.At.Sub(began); late < 100*time.Millisecond || late > 500*time.Millisecond {
		t.Errorf("started %v after the motion did", late)
	}
	if d := start.Started.Sub(began); d < 0 || d > 100*time.Millisecond {
		t.Errorf("evidence began %v after the motion did", d)
	}
	if d := end.At.Sub(stopped); d < usual.Hold-100*time.Millisecond || d > usual.Hold+time.Second {
		t.Errorf("ended %v after the motion did", d)
	}
	if !end.Started.Equal(start.Started) || end.Duration < 5500*time.Millisecond || end.Duration > 6500*time.Millisecond {
		t.Errorf("ended with %+v, started with %+v", end, start)
	}
	if end.Score < 0.3 || end.Score > 0.7 {
		t.Errorf("score %v of twice the usual size", end.Score)
	}
}

func TestPumpingKeyframesAreNoMotion(t *testing.T) {
	s := newScene(t, usual)
	for i := range 30 {
		s.key = 15000 + i%3*15000
		s.run(time.Second)
	}
	s.want()
}

func TestOneBigPictureIsNoMotion(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	for range 10 {
		s.inter = 20000
		s.run(frame)
		s.inter = 1000
		s.run(time.Second)
	}
	s.want()
}

func TestLearnsInTheMiddleOfMotion(t *testing.T) {
	s := newScene(t, usual)
	s.inter = 2500
	s.run(10 * time.Second)
	s.inter = 1000
	s.run(8 * time.Second)
	s.want()
	s.inter = 2500
	s.run(3 * time.Second)
	s.want(event.MotionStarted)
}

func TestHoldBridgesPauses(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	for range 5 {
		s.inter = 2000
		s.run(time.Second)
		s.inter = 1000
		s.run(2 * time.Second)
	}
	s.want(event.MotionStarted)
}

func TestDamagedPicturesAreNotJudged(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	s.inter = 5000
	for range 50 {
		s.seq++ // a packet is lost before every picture
		s.picture()
	}
	s.want()
}

func TestRepeatedAndLatePacketsAreIgnored(t *testing.T) {
	s := newScene(t, usual)
	for range 250 {
		s.picture()
		for range 4 {
			s.seq--
			s.send(append([]byte{0x41, 0x9a}, make([]byte, 1000)...), true)
		}
	}
	s.want()
}

func TestTickEndsWhenPacketsStop(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	s.inter = 3000
	s.run(2 * time.Second)
	s.want(event.MotionStarted)
	if _, ok := s.d.Tick(s.now().Add(2 * time.Second)); ok {
		t.Fatal("ended within the hold")
	}
	ch, ok := s.d.Tick(s.now().Add(usual.Hold))
	if !ok || ch.Type != event.MotionEnded {
		t.Fatalf("after the hold: %+v, %v", ch, ok)
	}
	if _, ok := s.d.Tick(s.now().Add(2 * usual.Hold)); ok {
		t.Fatal("ended twice")
	}
}

func TestClose(t *testing.T) {
	s := newScene(t, usual)
	if _, ok := s.d.Close(s.now()); ok {
		t.Fatal("ended what had not begun")
	}
	s.run(10 * time.Second)
	s.inter = 3000
	s.run(2 * time.Second)
	if ch, ok := s.d.Close(s.now()); !ok || ch.Type != event.MotionEnded || ch.Duration <= 0 {
		t.Fatalf("closed: %+v, %v", ch, ok)
	}
}

func TestAnotherPictureSizeIsLearntAnew(t *testing.T) {
	s := newScene(t, usual)
	s.run(10 * time.Second)
	s.n -= s.n % fps
	s.send([]byte{0x67, 1, 2, 3}, false)
	s.run(10 * time.Second)
	s.key, s.inter = 60000, 4000
	s.send([]byte{0x67, 1, 2, 4}, false)
	s.run(10 * time.Second)
	s.want()
}

func TestSensitivity(t *testing.T) {
	for _, c := range []struct {
		sensitivity float64
		size        int
		want        bool
	}{{0, 1300, false}, {0, 3000, true}, {0.5, 1080, false}, {0.5, 1600, true}, {1, 1300, true}} {
		s := newScene(t, motion.Config{Sensitivity: c.sensitivity, Hold: time.Second})
		s.run(20 * time.Second)
		s.inter = c.size
		s.run(2 * time.Second)
		if got := len(s.changes) > 0; got != c.want {
			t.Errorf("sensitivity %v, %d bytes: motion %v", c.sensitivity, c.size, got)
		}
	}
}
