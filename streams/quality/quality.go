// Package quality judges a stream by its packets, without decoding a picture: whether there is a
// picture at all, whether a decoder can begin with it, whether it stands still, comes as often as the
// stream itself says, gets through, and has the right time.
//
// What it takes for what:
//
//   - audio_only: sound comes and no picture has come for 10 s, or the camera describes none.
//   - no_packets: neither comes, only other data. That nothing at all comes is seen by who pulls.
//   - no_keyframe: pictures come, and for 30 s, or three times as long as ever before, none that a
//     decoder can begin with.
//   - frozen: the encoder goes on with an image that hangs. A living picture is never quite still: its
//     noise makes each keyframe another one, and the pictures between of many sizes, also where they
//     are as small as can be, on a quiet night with the noise taken out. Of an image that hangs the
//     keyframes repeat, to the byte or nearly, and nearly all pictures between are of one size, that
//     of a picture in which everything is skipped. The first pictures after a keyframe aren't looked
//     at: encoders refine it there. Both must hold for 10 s of keyframes that are equal to the byte,
//     for 15 s of others. A stream that lost its contents is frozen too: it is down to a tenth of its
//     usual bitrate for 10 s, though pictures come as before, and its keyframes are down to a third.
//     A low bitrate alone is no fault, for night and a tidy encoder can bring it about; a keyframe holds
//     the whole scene and keeps its size.
//   - packet_loss: over 5% of 10 s; until it is under 3%.
//   - low_fps: under half of the rate that the stream's parameter sets tell, for 10 s; until it is over
//     60%. Where they tell none, its own usual rate is taken, when it has been seen for a minute.
//   - clock_skew: the time in two sender reports in a row is off by more than is tolerated. A camera may
//     be a second late on top of that, which is on the way. Times that count from the start of the
//     camera, as RFC 3550 (6.4.1) allows, aren't judged.
//
// One verdict is given at a time, the first of these that holds.
package quality

import (
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

const (
	absent   = 10 * time.Second // until what doesn't come is missed
	present  = 3 * time.Second  // within which something came that flows
	keyless  = 30 * time.Second
	lossOn   = 0.05
	lossOff  = 0.03
	leastSum = 50 // packets of a window that say something of loss
	// rateOn is a little less than a half: parameter sets that count fields tell twice the rate.
	rateOn  = 0.49
	rateOff = 0.6
)

// Verdict is what is wrong with a stream.
type Verdict struct {
	Reason event.Reason // empty: nothing
	Detail string       // a sentence for an operator, without its subject; empty when nothing is wrong
}

// Judge watches one stream. It is for one goroutine.
type Judge struct {
	video, audio int // tracks; -1: none is described
	tolerance    time.Duration
	began        time.Time // when the first unit came
	heard        [3]time.Time
	lines        []line
	window       window
	parameters   parameters
	pictures     pictures
	usual        usual
	clock        clock

	faults [faults]bool // those that hold
}

// kinds of tracks, as heard has them.
const (
	videoKind = iota
	audioKind
	otherKind
)

// faults, the most serious first.
const (
	audioOnly = iota
	noPackets
	noKeyframe
	frozen
	emptied
	loss
	lowRate
	skewed
	faults
)

// New makes a judge of a stream that holds what is described. A camera's clock may be off by the
// tolerance; 0 takes any time.
func New(d *streams.Description, tolerance time.Duration) *Judge {
	j := &Judge{video: -1, audio: -1, tolerance: tolerance, lines: make([]line, len(d.Medias))}
	for i, m := range d.Medias {
		switch {
		case m.Type == description.MediaTypeVideo && j.video < 0:
			j.video = i
			j.parameters = newParameters(m)
		case m.Type == description.MediaTypeAudio && j.audio < 0:
			j.audio = i
		}
	}
	return j
}

// Unit takes a unit of the stream, in the order in which they came.
func (j *Judge) Unit(u *streams.Unit) {
	if j.began.IsZero() {
		j.began = u.At
	}
	j.window.advance(u.At)
	if u.Track >= len(j.lines) {
		return
	}
	if u.Control {
		for raw := range u.Packets() {
			j.clock.report(raw, u.At)
		}
		return
	}
	lost := j.count(u)
	if u.Track != j.video {
		j.hear(u.Track, u.At)
		return
	}
	if gap := u.At.Sub(j.heard[videoKind]); gap > present && !j.heard[videoKind].IsZero() {
		j.resume() // a connection was replaced, most likely
	}
	j.heard[videoKind] = u.At
	if p := j.parameters.read(u); p.bytes > 0 {
		j.window.now().pictures++
		j.pictures.add(p, u.Keyframe, lost, u.At)
		if u.Keyframe {
			j.usual.keyframe(p.bytes)
		}
	}
}

// resume begins all counts anew.
func (j *Judge) resume() {
	for i := range j.lines {
		j.lines[i].known = false
	}
	j.window.restart()
	j.usual.restart()
	j.pictures.damaged = true
}

func (j *Judge) hear(track int, at time.Time) {
	if track == j.audio && track >= 0 {
		j.heard[audioKind] = at
	} else {
		j.heard[otherKind] = at
	}
}

// count adds a unit's packets to the window, and reports whether any were lost before or in it.
func (j *Judge) count(u *streams.Unit) (lost bool) {
	now := j.window.now()
	l := &j.lines[u.Track]
	for raw := range u.Packets() {
		n := l.packet(raw)
		lost = lost || n > 0
		now.lost += n
		now.expected += n + 1
		now.bytes += len(raw)
	}
	return lost
}

// Verdict weighs what came until now. It is to be called about once a second.
func (j *Judge) Verdict(now time.Time) Verdict {
	if j.began.IsZero() {
		return Verdict{}
	}
	j.window.advance(now)
	w, full := j.window.sum()
	j.usual.learn(w, full, now)
	set := func(fault int, on, off bool) {
		j.faults[fault] = on || j.faults[fault] && !off
	}
	flows := func(kind int) bool { return !j.heard[kind].IsZero() && now.Sub(j.heard[kind]) < present }
	missing := func(kind int) bool { return now.Sub(later(j.heard[kind], j.began)) >= absent }
	video := j.video >= 0

	set(audioOnly, flows(audioKind) && (!video || missing(videoKind)), flows(videoKind) || !flows(audioKind) && !flows(otherKind))
	silent := !flows(videoKind) && !flows(audioKind)
	set(noPackets, (video || j.audio >= 0) && flows(otherKind) && silent && missing(videoKind) && missing(audioKind), !silent)
	if video {
		without := now.Sub(later(j.pictures.last, j.pictures.first))
		due := max(keyless, 3*j.pictures.longest)
		set(noKeyframe, !j.pictures.first.IsZero() && flows(videoKind) && without >= due, without < due)
		set(frozen, j.pictures.frozen(), !j.pictures.suspected())
		set(emptied, full && j.usual.emptied(w), full && !j.usual.meagre(w))
		rate, usually := w.rate(), j.rate()
		set(lowRate, full && flows(videoKind) && usually > 0 && rate < rateOn*usually, full && rate >= rateOff*usually)
	}
	if full && w.expected >= leastSum {
		set(loss, w.loss() > lossOn, w.loss() < lossOff)
	}
	off, known := j.clock.off(j.tolerance)
	set(skewed, known && off, known && !off)
	return j.first(w, now)
}

// rate is how many pictures a second there should be; 0: nobody knows.
func (j *Judge) rate() float64 {
	if j.parameters.rate > 0 {
		return j.parameters.rate
	}
	return j.usual.rate()
}

// first is the most serious fault, in words.
func (j *Judge) first(w second, now time.Time) Verdict {
	for fault, on := range j.faults {
		if on {
			return j.tell(fault, w, now)
		}
	}
	return Verdict{}
}

func (j *Judge) tell(fault int, w second, now time.Time) Verdict {
	switch fault {
	case audioOnly:
		if j.video < 0 {
			return Verdict{event.AudioOnly, "describes and sends no picture, only sound"}
		}
		return Verdict{event.AudioOnly, "sends sound and no picture"}
	case noPackets:
		return Verdict{event.NoPackets, "sends neither picture nor sound, only other data"}
	case noKeyframe:
		without := now.Sub(later(j.pictures.last, j.pictures.first))
		return Verdict{event.NoKeyframe, fmt.Sprintf("has sent no keyframe for %v", without.Round(time.Second))}
	case frozen:
		return Verdict{event.Frozen, fmt.Sprintf("sends a picture that has stood still for %v", now.Sub(j.pictures.since).Round(time.Second))}
	case emptied:
		return Verdict{event.Frozen, fmt.Sprintf("sends pictures with next to nothing in them: %.0f%% of its usual bitrate", 100*j.usual.part(w))}
	case loss:
		return Verdict{event.PacketLoss, fmt.Sprintf("loses %.0f%% of its packets on the way", 100*w.loss())}
	case lowRate:
		source := "its description says"
		if j.parameters.rate == 0 {
			source = "it usually sends"
		}
		return Verdict{event.LowFPS, fmt.Sprintf("sends %.1f pictures a second, and %s %.3g", w.rate(), source, j.rate())}
	case skewed:
		return Verdict{event.ClockSkew, j.clock.tell()}
	}
	return Verdict{}
}

// Settled reports whether the stream has been seen for long enough that a fault which held from its
// beginning would have been found, those apart that take a whole GOP of more than 10 s.
func (j *Judge) Settled(now time.Time) bool {
	return !j.began.IsZero() && now.Sub(j.began) >= 2*absent && !j.pictures.suspected()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
