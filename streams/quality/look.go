package quality

import (
	"fmt"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

const (
	lookLeast   = time.Second
	lookReport  = 6500 * time.Millisecond // until a camera must have sent its first report
	lookKeyless = 5 * time.Second         // of pictures without a keyframe that are worth telling
	lookRate    = 4 * time.Second         // that tell a rate
	lookMost    = windowLen * time.Second // after which loss and rate are as they are
	lookSum     = 200                     // packets that tell that few are lost
)

// Look is a judge that has only some seconds. A stream that is well shows it within one or two; only
// what looks odd is watched for longer.
type Look struct {
	j       *Judge
	all     second
	picture time.Time // when the first came
	alive   bool      // something changes in the picture
	latest  time.Time // when the last unit came
}

// NewLook makes a Look at a stream, as New.
func NewLook(d *streams.Description, tolerance time.Duration) *Look {
	return &Look{j: New(d, tolerance)}
}

// Unit takes a unit, and reports whether nothing more need be seen.
func (l *Look) Unit(u *streams.Unit) (enough bool) {
	before := *l.j.window.now()
	newest := l.j.window.newest
	l.j.Unit(u)
	after := *l.j.window.now()
	if l.j.window.newest != newest {
		before = second{}
	}
	l.all.expected += after.expected - before.expected
	l.all.lost += after.lost - before.lost
	l.all.pictures += after.pictures - before.pictures
	l.latest = u.At
	if l.picture.IsZero() && l.all.pictures > 0 {
		l.picture = u.At
	}
	return l.enough()
}

func (l *Look) enough() bool {
	j := l.j
	seen := l.latest.Sub(j.began)
	if j.video < 0 {
		return seen >= lookLeast
	}
	if seen < lookLeast || l.picture.IsZero() || j.pictures.last.IsZero() {
		return false
	}
	if j.pictures.glance() {
		return true
	}
	l.alive = l.alive || j.pictures.alive()
	switch {
	case j.pictures.suspected(), !l.alive && j.pictures.quiet(): // the next keyframe tells
		return false
	case seen >= lookMost:
		return true
	case !l.alive:
		return false
	}
	_, told := j.clock.latest(j.tolerance)
	return (told || j.tolerance == 0 || seen >= lookReport) && l.rate() >= rateOff*j.parameters.rate &&
		(l.all.lost == 0 || l.all.expected >= lookSum && l.all.loss() < lossOff)
}

// rate is the pictures a second so far.
func (l *Look) rate() float64 {
	d := l.latest.Sub(l.picture).Seconds()
	if d <= 0 {
		return 0
	}
	return float64(l.all.pictures) / d
}

// Verdict is what was wrong with what was seen; an empty reason says nothing was.
func (l *Look) Verdict() (reason event.Reason, detail string) {
	v := l.verdict()
	return v.Reason, v.Detail
}

func (l *Look) verdict() Verdict {
	j := l.j
	seen := l.latest.Sub(l.picture)
	switch {
	case j.heard == [3]time.Time{}:
		return Verdict{event.NoPackets, "grants the stream and sends nothing"}
	case j.heard[videoKind].IsZero() && !j.heard[audioKind].IsZero():
		return j.tell(audioOnly, l.all, l.latest)
	case j.video < 0:
		return Verdict{}
	case j.heard[videoKind].IsZero():
		return j.tell(noPackets, l.all, l.latest)
	case j.pictures.last.IsZero():
		if seen < lookKeyless {
			return Verdict{}
		}
		return Verdict{event.NoKeyframe, fmt.Sprintf("sent pictures for %v and no keyframe", seen.Round(time.Second))}
	case j.pictures.glance():
		return Verdict{event.Frozen, "sends a picture that stands still: its keyframes repeat to the byte"}
	case l.all.expected >= leastSum && l.all.loss() > lossOn:
		return j.tell(loss, l.all, l.latest)
	case seen >= lookRate && l.rate() < rateOn*j.parameters.rate:
		return Verdict{event.LowFPS, fmt.Sprintf("sends %.1f pictures a second, and its description says %.3g", l.rate(), j.parameters.rate)}
	}
	if off, known := j.clock.latest(j.tolerance); known && off {
		return j.tell(skewed, l.all, l.latest)
	}
	return Verdict{}
}
