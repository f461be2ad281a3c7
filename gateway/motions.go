package gateway

import (
	"sync"
	"time"

	"sharpeyes/registry/event"
)

// motions makes one motion of what several sources say of a channel: it begins with the first of them and
// ends when the hold has passed since the last evidence of the last.
type motions struct {
	hold    func() time.Duration
	publish func(channel string, t event.Type, at time.Time, m event.Motion) // without the channel
	after   func(time.Duration, func()) (stop func() bool)

	mu     sync.Mutex
	closed bool
	all    map[string]*moving // by channel
}

// fromDevice is what a camera that was asked says, apart from its metadata track, whose end is not that
// of the other. Both are told as the camera's word.
const fromDevice event.MotionSource = "onvif, asked"

func toldAs(s event.MotionSource) event.MotionSource {
	if s == fromDevice {
		return event.FromONVIF
	}
	return s
}

// moving is a motion that goes on.
type moving struct {
	first   event.MotionSource
	started time.Time
	last    time.Time // evidence
	score   float64   // the highest
	sources map[event.MotionSource]bool
	quiet   func() bool // stops what ends a report that nobody repeats
	// joins is how often motion began again within the hold: an end that waits for another count is
	// none any more.
	joins int
}

func newMotions(hold func() time.Duration, publish func(string, event.Type, time.Time, event.Motion)) *motions {
	return &motions{hold: hold, publish: publish, all: map[string]*moving{}, after: func(d time.Duration, f func()) func() bool {
		return time.AfterFunc(d, f).Stop
	}}
}

// began says that a source sees motion since a time.
func (m *motions) began(channel string, source event.MotionSource, at, since time.Time, score float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	one := m.all[channel]
	if one == nil {
		one = &moving{first: source, started: since, sources: map[event.MotionSource]bool{}}
		m.all[channel] = one
		m.publish(channel, event.MotionStarted, at, event.Motion{Score: score, Source: toldAs(source), Started: since})
	}
	if len(one.sources) == 0 {
		one.joins++
	}
	one.sources[source] = true
	one.last, one.score = at, max(one.score, score)
}

// ended says that a source sees no motion any more; last is its last evidence.
func (m *motions) ended(channel string, source event.MotionSource, at, last time.Time, score float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endedLocked(channel, source, at, last, score)
}

func (m *motions) endedLocked(channel string, source event.MotionSource, at, last time.Time, score float64) {
	one := m.all[channel]
	if one == nil || !one.sources[source] {
		return
	}
	delete(one.sources, source)
	if last.After(one.last) || len(one.sources) == 0 && one.first == source {
		one.last = last
	}
	one.score = max(one.score, score)
	if len(one.sources) > 0 {
		return
	}
	if one.quiet != nil {
		one.quiet()
	}
	// No longer than the hold, whatever time a report claims.
	if wait := min(m.hold()-time.Since(one.last), m.hold()); wait > 0 && !m.closed {
		joins := one.joins
		m.after(wait, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.all[channel] == one && len(one.sources) == 0 && one.joins == joins {
				m.finish(channel, one, time.Now())
			}
		})
		return
	}
	m.finish(channel, one, at)
}

// finish tells of the end; the lock is held.
func (m *motions) finish(channel string, one *moving, at time.Time) {
	delete(m.all, channel)
	m.publish(channel, event.MotionEnded, at, event.Motion{
		Score: one.score, Source: toldAs(one.first), Started: one.started, Duration: max(one.last.Sub(one.started).Seconds(), 0),
	})
}

// device is what a camera or a recorder says that was asked. Like the metadata track, it doesn't say how
// much moves.
func (m *motions) device(channel string, on bool, at time.Time) {
	const score = 1
	if on {
		m.began(channel, fromDevice, at, at, score)
	} else {
		m.ended(channel, fromDevice, at, at, score)
	}
}

// reportMost is how long a motion that was reported as begun goes on without another word.
const reportMost = 10 * time.Minute

// report is what a detector outside says of a channel: that motion began, that it ended, or, with neither,
// that something moves now, which ends when the hold has passed without another such word.
func (m *motions) report(channel string, state string, at time.Time, score float64) {
	if state == "ended" {
		m.ended(channel, event.FromWebhook, at, at, score)
		return
	}
	m.began(channel, event.FromWebhook, at, at, score)
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.all[channel]
	if one == nil {
		return
	}
	if one.quiet != nil {
		one.quiet()
	}
	lasts := reportMost
	if state == "" {
		lasts = m.hold()
	}
	one.quiet = m.after(lasts, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.all[channel] == one && !m.closed {
			m.endedLocked(channel, event.FromWebhook, time.Now(), at, score)
		}
	})
}

// close ends all motions.
func (m *motions) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for channel, one := range m.all {
		if one.quiet != nil {
			one.quiet()
		}
		m.finish(channel, one, time.Now())
	}
}
