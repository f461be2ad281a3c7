package streams

import (
	"sync/atomic"
	"time"
)

// joinBounds are the upper bounds of the classes of join times, in seconds.
var joinBounds = [...]float64{0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10}

// Stats counts what a hub has done since it was made.
type Stats struct {
	Reopened uint64             // connections that followed a broken one
	Behind   uint64             // readers sent away because they could not keep up
	Skipped  uint64             // units that readers lost because they could not keep up
	Bytes    uint64             // received from cameras
	Lost     uint64             // packets from cameras that did not arrive
	Joined   uint64             // readers that got a first unit
	Joins    map[float64]uint64 // how many of them in so many seconds or less
	JoinTime time.Duration      // of all of them together
}

type stats struct {
	reopened, behind, skipped atomic.Uint64
	joins                     [len(joinBounds) + 1]atomic.Uint64 // by class; the last has no upper bound
	joinSum                   atomic.Int64
	bytes, lost               uint64 // of pulls that have ended; the hub's lock guards them
}

func (s *stats) joinTime(d time.Duration) {
	i := 0
	for i < len(joinBounds) && d.Seconds() > joinBounds[i] {
		i++
	}
	s.joins[i].Add(1)
	s.joinSum.Add(int64(d))
}

// Stats reads the counters.
func (h *Hub) Stats() Stats {
	s := Stats{
		Reopened: h.stats.reopened.Load(), Behind: h.stats.behind.Load(), Skipped: h.stats.skipped.Load(),
		Joins: make(map[float64]uint64, len(joinBounds)), JoinTime: time.Duration(h.stats.joinSum.Load()),
	}
	for i, bound := range joinBounds {
		s.Joined += h.stats.joins[i].Load()
		s.Joins[bound] = s.Joined
	}
	s.Joined += h.stats.joins[len(joinBounds)].Load()
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Bytes, s.Lost = h.stats.bytes, h.stats.lost
	for _, p := range h.pulls {
		p.mu.Lock()
		s.Bytes, s.Lost = s.Bytes+p.meter.bytes, s.Lost+p.meter.lost
		p.mu.Unlock()
	}
	return s
}
