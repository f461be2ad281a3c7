package motion

import (
	"math"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/registry/event"
)

// Codec is how the stream is compressed.
type Codec int

// The codecs that the detector reads.
const (
	H264 Codec = iota
	H265
)

// Config is how a detector judges.
type Config struct {
	Sensitivity float64       // 0 to 1: 0 asks for much motion, 1 for little
	Hold        time.Duration // a motion ends this long after the last evidence of it
}

// Change says that a motion began or ended.
type Change struct {
	Type    event.Type // MotionStarted or MotionEnded
	At      time.Time  // of a start, when it was certain; of an end, when the hold had passed
	Started time.Time  // when the motion began: its first evidence
	// Score is 0 for what is usual and 1 for pictures of four times the usual size or more; of a
	// motion that has ended it is the highest that it reached.
	Score    float64
	Duration time.Duration // from the first evidence to the last; 0 when it has just begun
}

// Detector reads one video track. It is for one goroutine.
type Detector struct {
	hold      time.Duration
	margin    float64 // how far above the usual, as a logarithm, is evidence, beside the scatter
	assembler assembler

	sps      uint32
	base     baseline
	learnt   bool
	since    time.Time // of the first keyframe
	gops     int       // whole ones seen
	position int       // inter pictures since the keyframe; -1 before the first one
	surplus  float64   // how much of this GOP's spending its keyframe explains, as a logarithm
	floor    float64   // what a picture of nothing costs, more or less, in bytes

	last     time.Time // arrival of the last unit
	lastRTP  uint32
	interval time.Duration // between pictures

	evidence evidence
	moving   bool
	started  time.Time
	seen     time.Time // last evidence
	peak     float64
}

// How long a stream is watched before it is judged: two GOPs, but where they are very long, as
// encoders that stretch them over a still scene make them, a time.
const (
	learnGOPs = 2
	learnTime = 20 * time.Second
)

// New makes a detector that hasn't seen a packet yet. A sensitivity out of range is taken for the
// nearest one in it, and a hold under half a second for half a second.
func New(codec Codec, cfg Config) *Detector {
	s := min(max(cfg.Sensitivity, 0), 1)
	if math.IsNaN(cfg.Sensitivity) {
		s = 0.5
	}
	return &Detector{
		hold: max(cfg.Hold, 500*time.Millisecond),
		// 0.03 at 1, 0.10 at 0.5, 0.35 at 0: pictures 3, 11 or 42 percent bigger than the scatter.
		margin:    0.03 * math.Pow(0.35/0.03, 1-s),
		assembler: assembler{codec: codec},
		position:  -1,
		interval:  40 * time.Millisecond,
	}
}

// Packet reads the next packet of the track, which arrived at the given time. It keeps nothing of
// the packet.
func (d *Detector) Packet(p *rtp.Packet, at time.Time) (Change, bool) {
	u, ok := d.assembler.push(p, at)
	if !ok {
		return Change{}, false
	}
	d.picture(&u)
	return d.decide(u.at)
}

// Tick ends a motion whose stream has stopped sending. Call it about once a second.
func (d *Detector) Tick(at time.Time) (Change, bool) {
	if d.moving && at.Sub(d.seen) >= d.hold {
		return d.end(at), true
	}
	return Change{}, false
}

// Close ends a motion that is going on, without waiting for the hold: for a stream that is closed.
func (d *Detector) Close(at time.Time) (Change, bool) {
	if !d.moving {
		return Change{}, false
	}
	return d.end(at), true
}

// picture learns from an access unit, and gathers what evidence it gives.
func (d *Detector) picture(u *unit) {
	if u.bytes == 0 {
		return
	}
	if u.sps != 0 && u.sps != d.sps {
		if d.sps != 0 { // another size or profile: nothing learnt holds
			d.forget()
		}
		d.sps = u.sps
	}
	d.pace(u)
	if u.keyframe() {
		d.keyframe(u)
		return
	}
	if d.position < 0 {
		return
	}
	d.position++
	if u.damaged {
		return
	}
	class := 0
	if u.light {
		class = 1
	}
	l := &d.base.inter[class][phase(d.position)]
	x := math.Log(float64(u.bytes) + d.floor)
	above, known := l.above(x)
	above -= d.surplus
	if d.learnt && known {
		d.evidence.add(above, d.margin+scatterWeight*l.scatter, d.interval, u.at)
	}
	if d.surplus == 0 { // what is odd teaches nothing
		l.add(x, u.at, !d.learnt, d.moving || d.evidence.some())
	}
}

// keyframe begins a GOP.
func (d *Detector) keyframe(u *unit) {
	if d.position > 0 && d.surplus == 0 {
		d.gops++
	}
	d.position = 0
	if u.damaged {
		return // its size says nothing
	}
	x := math.Log(float64(u.bytes))
	d.surplus = 0
	if above, known := d.base.key.above(x); known {
		d.surplus = max(above-keyframeSlack, 0)
	}
	d.base.keyframe(x, u.at, !d.learnt, d.moving || d.evidence.some())
	// It is added to every size, so that a few bytes more on a picture of a few bytes aren't taken
	// for much.
	d.floor = 16 + math.Exp(d.base.key.value)/128
	if d.since.IsZero() {
		d.since = u.at
	}
}

// keyframeSlack is how much bigger than usual a keyframe may be, as a logarithm, before the
// encoder is thought to have changed its quantiser, which makes the pictures after it bigger too,
// whether anything moves or not.
var keyframeSlack = math.Log(1.3)

// scatterWeight is how many times its usual scatter a size must lie above the baseline.
const scatterWeight = 1.5

// pace takes the time between pictures from the camera's clock, which knows no jitter.
func (d *Detector) pace(u *unit) {
	if !d.last.IsZero() {
		step := time.Duration(int32(u.timestamp-d.lastRTP)) * time.Second / clock
		if step > 0 && step <= 2*time.Second {
			d.interval = step
		}
	}
	d.last, d.lastRTP = u.at, u.timestamp
}

// forget begins learning anew. A motion that goes on ends after its hold.
func (d *Detector) forget() {
	d.base = baseline{}
	d.evidence = evidence{}
	d.learnt, d.gops, d.position, d.surplus = false, 0, -1, 0
	d.since = time.Time{}
}

// decide tells whether the evidence changes anything.
func (d *Detector) decide(at time.Time) (Change, bool) {
	if !d.learnt {
		d.learnt = d.gops >= learnGOPs || !d.since.IsZero() && at.Sub(d.since) >= learnTime
	}
	if d.evidence.enough() {
		if !d.moving {
			d.peak = 0
		}
		d.peak = max(d.peak, d.evidence.score())
		d.seen = at
		if d.moving {
			return Change{}, false
		}
		d.moving, d.started = true, d.evidence.since
		return Change{Type: event.MotionStarted, At: at, Started: d.started, Score: d.peak}, true
	}
	return d.Tick(at)
}

func (d *Detector) end(at time.Time) Change {
	d.moving = false
	return Change{Type: event.MotionEnded, At: at, Started: d.started, Score: d.peak, Duration: d.seen.Sub(d.started)}
}
