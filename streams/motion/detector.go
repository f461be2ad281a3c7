package motion

import (
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
	Type     event.Type    // MotionStarted or MotionEnded
	At       time.Time     // of the evidence that began it, or of the last evidence plus the hold
	Started  time.Time     // when the motion began
	Score    float64       // 0 to 1; of an ended motion, the highest that it reached
	Duration time.Duration // 0 when it has just begun
}

// Detector reads one video track. It is for one goroutine.
type Detector struct {
	codec Codec
	cfg   Config
}

// New makes a detector that hasn't seen a packet yet.
func New(codec Codec, cfg Config) *Detector {
	return &Detector{codec: codec, cfg: cfg}
}

// Packet reads the next packet of the track, which arrived at the given time.
func (d *Detector) Packet(p *rtp.Packet, at time.Time) (Change, bool) {
	return Change{}, false
}

// Tick ends a motion whose stream has stopped sending. Call it about once a second.
func (d *Detector) Tick(at time.Time) (Change, bool) {
	return Change{}, false
}
