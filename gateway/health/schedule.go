package health

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/config"
	"sharpeyes/registry"
)

const (
	ranks = 4 // classes 1, 2, 3 and all others
	// tick is the shortest sleep of the scheduler: a city's probes are started in small batches
	// sooner than with a wake-up each.
	tick = 5 * time.Millisecond
	// everyNth probe goes to whoever has waited longest for its interval, when the probes are too
	// few for all; the others go to the lowest class that is due. So class 1 comes first, and the
	// others still come.
	everyNth = 8
	// jitter is the part of an interval by which probes stray, so that those who fell together drift
	// apart.
	jitter = 0.05
	// asleep is how long the scheduler sleeps when only an event can give it something to do.
	asleep = time.Hour
)

// entry is a channel on the schedule. There is one for each channel of the city: keep it small.
type entry struct {
	id      string
	due     time.Time
	mark    uint64        // of url and credentials, to see them change
	held    time.Duration // until when, since the schedule's epoch, probes can't refute the verdict
	doubt   *doubt        // a change that isn't confirmed; seldom there
	place   int32         // in its lane; -1 when it is probed now, or rests
	edition uint16        // counts edits, so that a probe of an old url is not believed
	rank    uint8         // 0 for class 1
	slow    bool          // its last probe took long
	flying  bool          // a probe is under way
	waited  bool          // that probe was counted as slow
	fresh   bool          // nothing was heard since its url or credentials changed
	gone    bool          // deleted or disabled
}

// schedule is when every channel is due, and how many probes are under way. Its owner locks it.
type schedule struct {
	epoch     time.Time
	intervals [ranks]time.Duration
	lanes     [2][ranks]lane // of quick and of slow channels
	most      int            // probes under way
	mostSlow  int            // of them, of slow channels
	inFlight  int
	slow      int       // of those in flight
	turn      int       // counts probes
	starved   bool      // something was due and had no probe
	wakesAt   time.Time // when the scheduler wakes by itself
}

func newSchedule(c config.Health) schedule {
	s := schedule{epoch: time.Now(), most: max(c.Concurrency, 1)}
	s.mostSlow = max(s.most/2, 1)
	longest := time.Duration(0)
	for _, d := range c.Interval {
		longest = max(longest, d)
	}
	if longest <= 0 {
		longest = time.Minute
	}
	for r := range s.intervals {
		s.intervals[r] = longest
		if d := c.Interval[r+1]; r < ranks-1 && d > 0 {
			s.intervals[r] = d
		}
	}
	if d := c.Interval[int(registry.OtherClass)]; d > 0 {
		s.intervals[ranks-1] = d
	}
	return s
}

// rank is the place of a class among the classes.
func rank(c registry.Class) uint8 {
	if c < 1 || c >= ranks {
		return ranks - 1
	}
	return uint8(c - 1)
}

// phase is where in an interval a channel is probed: it follows from its id, spreads the channels
// evenly, and is the same after a restart.
func phase(id string, interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	return time.Duration(xxhash.Sum64String(id) % uint64(interval))
}

func (s *schedule) interval(e *entry) time.Duration { return s.intervals[e.rank] }

// following is the due time after the one just served. Turns that were missed are skipped, so that
// channels keep their places in the interval, and a gateway that was held up doesn't hurry after.
func (s *schedule) following(e *entry, now time.Time) time.Time {
	d := s.interval(e)
	next := e.due.Add(d + time.Duration((2*rand.Float64()-1)*jitter*float64(d)))
	if late := now.Sub(next); late >= 0 {
		next = next.Add(d * (late/d + 1))
	}
	return next
}

// plan makes the channel due, unless a probe of it is under way, which plans it when it ends.
func (s *schedule) plan(e *entry, due time.Time) {
	s.unplan(e)
	e.due = due
	if !e.flying {
		heap.Push(s.lane(e), e)
	}
}

// unplan takes the channel from the schedule.
func (s *schedule) unplan(e *entry) {
	if e.place >= 0 {
		heap.Remove(s.lane(e), int(e.place))
	}
}

func (s *schedule) lane(e *entry) *lane {
	if e.slow {
		return &s.lanes[1][e.rank]
	}
	return &s.lanes[0][e.rank]
}

// open is the lanes that may be served: none when too many probes are under way, and those of slow
// channels only while they leave enough to the others.
func (s *schedule) open() [][ranks]lane {
	switch {
	case s.inFlight >= s.most:
		return nil
	case s.slow >= s.mostSlow:
		return s.lanes[:1]
	}
	return s.lanes[:]
}

// next is the channel to probe now, nil when none is due or may be probed.
func (s *schedule) next(now time.Time) *entry {
	var first, longest *entry
	var waited float64
	for _, lanes := range s.open() {
		for r := range lanes {
			if len(lanes[r]) == 0 || lanes[r][0].due.After(now) {
				continue
			}
			e := lanes[r][0]
			if first == nil || e.rank < first.rank {
				first = e
			}
			if w := now.Sub(e.due).Seconds() / s.interval(e).Seconds(); longest == nil || w > waited {
				longest, waited = e, w
			}
		}
	}
	if s.turn%everyNth == 0 {
		return longest
	}
	return first
}

// take takes a channel from its lane for a probe.
func (s *schedule) take(e *entry) {
	s.unplan(e)
	e.flying, e.waited = true, e.slow
	s.turn++
	s.inFlight++
	if e.waited {
		s.slow++
	}
}

// giveBack ends a probe, and reports whether another waits for its place.
func (s *schedule) giveBack(e *entry) bool {
	e.flying = false
	s.inFlight--
	if e.waited {
		s.slow--
	}
	return s.starved
}

// sleep is how long nothing needs to be done but what events tell.
func (s *schedule) sleep(now time.Time) time.Duration {
	open := s.open()
	nap := asleep
	for _, lanes := range open {
		for _, l := range lanes {
			if len(l) > 0 {
				nap = min(nap, l[0].due.Sub(now))
			}
		}
	}
	nap = max(nap, tick)
	s.wakesAt = now.Add(nap)
	s.starved = len(open) < len(s.lanes)
	return nap
}

// lane is a heap of channels by due time.
type lane []*entry

func (l lane) Len() int           { return len(l) }
func (l lane) Less(i, j int) bool { return l[i].due.Before(l[j].due) }
func (l lane) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = int32(i), int32(j)
}
func (l *lane) Push(x any) {
	e := x.(*entry)
	e.place = int32(len(*l))
	*l = append(*l, e)
}
func (l *lane) Pop() any {
	old := *l
	n := len(old) - 1
	e := old[n]
	old[n], *l = nil, old[:n]
	e.place = -1
	return e
}
