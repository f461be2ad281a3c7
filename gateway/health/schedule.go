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
// Durations are times since the schedule's epoch.
type entry struct {
	id       string
	due      time.Time
	turn     time.Duration // its regular turn, which probes between turns don't move
	seen     time.Duration // when something was last seen of its camera
	well     time.Duration // when it was last seen to be there
	held     time.Duration // until when probes can't refute the verdict
	lookDue  time.Duration // when its stream is to be looked at
	mark     uint64        // of url and credentials, to see them change
	host     uint64        // of the host in the url
	key      uint64        // of its recorder
	doubt    *doubt        // a change that isn't confirmed; seldom there
	suspect  *doubt        // the same, of what looks at the stream saw
	flap     *flap         // its latest changes; seldom there
	site     *area
	recorder *area   // nil when it is alone there
	out      *outage // that its being offline is part of
	place    int32   // in its lane; -1 when it is probed now, or rests
	look     int32   // in its lane of looks; -1 when it is looked at now
	at       int32   // among the members of its site
	edition  uint16  // counts edits, so that a probe of an old url is not believed
	rank     uint8   // 0 for class 1
	slow     bool    // its last probe took long
	flying   bool    // a probe is under way
	lane     uint8   // that it waits in
	waited   bool    // that probe was counted as slow
	parked   bool    // due, and waits for a probe of the same host to end
	fresh    bool    // nothing was heard since its url or credentials changed
	gone     bool    // deleted or disabled
	down     bool    // what is kept of it is that it is offline
}

// The kinds of lanes. Of slow channels those that are being confirmed come first, or a district that went
// dark would have each of its channels probed once before any is probed twice; those that are known to be
// offline come last.
const (
	quickLanes = iota
	confirmLanes
	slowLanes
	downLanes
	kinds
)

// schedule is when every channel is due, and how many probes are under way. Its owner locks it.
type schedule struct {
	epoch     time.Time
	intervals [ranks]time.Duration
	lanes     [kinds][ranks]lane
	most      int // probes under way
	mostSlow  int // of them, of slow channels
	inFlight  int
	slow      int       // of those in flight
	turn      int       // counts probes
	starved   bool      // something was due and had no probe
	wakesAt   time.Time // when the scheduler wakes by itself
	hosts     hosts
}

func newSchedule(c config.Health) schedule {
	s := schedule{epoch: time.Now(), hosts: newHosts()}
	s.configure(c)
	return s
}

func (s *schedule) configure(c config.Health) {
	s.most = max(c.Concurrency, 1)
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
}

// since is a time as entries have it.
func (s *schedule) since(at time.Time) time.Duration { return at.Sub(s.epoch) }

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

// following is the next regular turn. Turns that were missed are skipped, so that channels keep their
// places in the interval, and a gateway that was held up doesn't hurry after; a probe between turns,
// to confirm something, moves no turn.
func (s *schedule) following(e *entry, now time.Time) time.Time {
	if next := s.epoch.Add(e.turn); next.After(now) {
		return next
	}
	d := s.interval(e)
	next := s.epoch.Add(e.turn + d + time.Duration((2*rand.Float64()-1)*jitter*float64(d)))
	if late := now.Sub(next); late >= 0 {
		next = next.Add(d * (late/d + 1))
	}
	return next
}

// plan makes a time the channel's regular turn.
func (s *schedule) plan(e *entry, turn time.Time) {
	e.turn = s.since(turn)
	s.extra(e, turn)
}

// extra makes the channel due, unless a probe of it is under way, which plans it when it ends.
func (s *schedule) extra(e *entry, due time.Time) {
	s.unplan(e)
	e.due = due
	if !e.flying {
		s.push(e)
	}
}

// unplan takes the channel from the schedule.
func (s *schedule) unplan(e *entry) {
	e.parked = false
	if e.place >= 0 {
		heap.Remove(s.laneOf(e), int(e.place))
	}
}

func (s *schedule) push(e *entry) {
	switch {
	case !e.slow:
		e.lane = quickLanes
	case e.doubt != nil:
		e.lane = confirmLanes
	case !e.down:
		e.lane = slowLanes
	default:
		e.lane = downLanes
	}
	heap.Push(s.laneOf(e), e)
}

func (s *schedule) laneOf(e *entry) *lane { return &s.lanes[e.lane][e.rank] }

// relane puts the channel into the lane where it belongs by now.
func (s *schedule) relane(e *entry) {
	if e.place >= 0 {
		heap.Remove(s.laneOf(e), int(e.place))
		s.push(e)
	}
}

// open is the lanes that may be served: none when too many probes are under way, and those of slow
// channels only while they leave enough to the others.
func (s *schedule) open() [][ranks]lane {
	switch {
	case s.inFlight >= s.most:
		return nil
	case s.slow >= s.mostSlow:
		return s.lanes[:confirmLanes]
	}
	return s.lanes[:]
}

// next is the channel to probe now, nil when none is due or may be probed.
func (s *schedule) next(now time.Time) *entry {
	var first, longest *entry
	var waited float64
	before := false // somebody slow is due who comes before the slow of the next kind
	for kind, lanes := range s.open() {
		if before {
			break
		}
		for r := range lanes {
			if len(lanes[r]) == 0 || lanes[r][0].due.After(now) {
				continue
			}
			e := lanes[r][0]
			before = before || kind != quickLanes
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
	s.hosts.begin(e.host)
	if e.waited {
		s.slow++
	}
}

// admit reports whether the channel's host may be asked now. Otherwise the channel waits until a probe
// of the same host ends.
func (s *schedule) admit(e *entry) bool {
	if s.hosts.free(e.host) {
		return true
	}
	s.unplan(e)
	e.parked = true
	s.hosts.park(e)
	return false
}

// giveBack ends a probe of a host, and reports whether another waits for its place.
func (s *schedule) giveBack(e *entry, host uint64) bool {
	e.flying = false
	if s.unpark(host) {
		s.starved = true
	}
	s.inFlight--
	if e.waited {
		s.slow--
	}
	return s.starved
}

// unpark ends what was asked of a host, and lets in who waits for it; it reports whether anybody does.
func (s *schedule) unpark(host uint64) bool {
	next := s.hosts.end(host)
	for _, e := range next {
		e.parked = false
		s.push(e)
	}
	return len(next) > 0
}

// sleep is how long nothing needs to be done but what events tell, and at most so long.
func (s *schedule) sleep(now time.Time, atMost time.Duration) time.Duration {
	open := s.open()
	nap := atMost
	for _, lanes := range open {
		for _, l := range lanes {
			if len(l) > 0 {
				nap = min(nap, l[0].due.Sub(now))
			}
		}
	}
	if s.inFlight >= s.most/2 { // see whether they hang
		nap = min(nap, checkEvery)
	}
	nap = max(nap, tick)
	s.wakesAt = now.Add(nap)
	s.starved = len(open) < len(s.lanes)
	return nap
}
