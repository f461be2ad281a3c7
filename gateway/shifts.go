package gateway

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"sharpeyes/streams"
)

const (
	// shiftTime is how long a stream is watched when others wait: long enough that the seconds in which
	// the detector learns what is usual are a small part of it.
	shiftTime = time.Minute
	// mostRefusals bounds what a full gateway is asked for in one step.
	mostRefusals = 16

	firstRest, lastRest = time.Second, time.Minute // after failures
)

// shifts hold the pulls of many streams in turn, never more than the budget at a time. Whoever had the
// least of the time, by its share, is next. It is for one goroutine.
type shifts struct {
	hub     *streams.Hub
	budget  int
	all     map[streams.Key]*shift
	waiting queueOf // by what they had
	resting queueOf // by when they are tried again
	held    []*shift
	ending  []<-chan struct{} // pulls that were let go and aren't gone
	level   float64           // what whoever comes new is taken to have had
}

// shift is one stream.
type shift struct {
	key   streams.Key
	share float64
	had   float64 // shifts, by its share
	hold  *streams.Hold
	since time.Time     // when it was held
	rest  time.Duration // the last
	until time.Time     // rests
	gone  bool          // isn't wanted any more
}

func newShifts(h *streams.Hub) *shifts {
	return &shifts{
		hub: h, all: map[streams.Key]*shift{},
		waiting: queueOf{less: func(a, b *shift) int {
			return cmp.Or(cmp.Compare(a.had, b.had), cmp.Compare(a.key.Channel, b.key.Channel))
		}},
		resting: queueOf{less: func(a, b *shift) int { return a.until.Compare(b.until) }},
	}
}

// take takes over which streams are wanted, with their shares, and how many may be held.
func (s *shifts) take(want map[streams.Key]int, budget int) {
	s.budget = budget
	for key, one := range s.all {
		if want[key] == 0 {
			one.gone = true
			delete(s.all, key)
		}
	}
	s.waiting.drop()
	s.resting.drop()
	for key, share := range want {
		if one := s.all[key]; one != nil {
			one.share = float64(share)
			continue
		}
		one := &shift{key: key, share: float64(share), had: s.level}
		s.all[key] = one
		heap.Push(&s.waiting, one)
	}
}

// step does what is due.
func (s *shifts) step(now time.Time) {
	s.held = slices.DeleteFunc(s.held, func(one *shift) bool {
		select {
		case <-one.hold.Ended(): // it failed, or made room for somebody
			one.hold.Close()
			one.hold = nil
			one.had += max(now.Sub(one.since), shiftTime).Minutes() / shiftTime.Minutes() / one.share
			if now.Sub(one.since) > lastRest {
				one.rest = 0
			}
			s.rests(one, now)
			return true
		default:
			return false
		}
	})
	s.ending = slices.DeleteFunc(s.ending, func(gone <-chan struct{}) bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	for s.resting.Len() > 0 && !s.resting.all[0].until.After(now) {
		heap.Push(&s.waiting, heap.Pop(&s.resting))
	}
	s.release(now)
	s.fill(now)
}

// release lets go of what isn't wanted, of what is over the budget, and of what had its shift while
// others wait that had less.
func (s *shifts) release(now time.Time) {
	hadBy := func(one *shift) float64 { return one.had + now.Sub(one.since).Minutes()/shiftTime.Minutes()/one.share }
	slices.SortFunc(s.held, func(a, b *shift) int { return cmp.Compare(hadBy(b), hadBy(a)) })
	over := len(s.held) - s.budget
	var claims []*shift
	for range s.waiting.Len() - max(s.budget-len(s.held), 0) {
		if len(claims) == len(s.held) {
			break
		}
		claims = append(claims, heap.Pop(&s.waiting).(*shift))
	}
	left := claims
	s.held = slices.DeleteFunc(s.held, func(one *shift) bool {
		had := hadBy(one)
		swap := len(left) > 0 && now.Sub(one.since) >= shiftTime && left[0].had < had
		if !one.gone && over <= 0 && !swap {
			return false
		}
		if swap && !one.gone && over <= 0 {
			left = left[1:]
		}
		over--
		s.ending = append(s.ending, one.hold.Close())
		one.hold, one.had, one.rest = nil, had, 0
		if !one.gone {
			claims = append(claims, one)
		}
		return true
	})
	for _, one := range claims {
		heap.Push(&s.waiting, one)
	}
}

// fill begins the shifts of those who had least, as far as the budget goes.
func (s *shifts) fill(now time.Time) {
	for refused := 0; len(s.held)+len(s.ending) < s.budget && s.waiting.Len() > 0 && refused < mostRefusals; {
		one := heap.Pop(&s.waiting).(*shift)
		s.level = max(s.level, one.had)
		hold, err := s.hub.Hold(one.key)
		if err != nil {
			refused++
			one.had += 1 / one.share // else those that can't be held would always be next
			s.rests(one, now)
			continue
		}
		one.hold, one.since = hold, now
		s.held = append(s.held, one)
	}
}

// rests puts a stream off that couldn't be held, longer each time.
func (s *shifts) rests(one *shift, now time.Time) {
	if one.gone {
		return
	}
	one.rest = min(max(2*one.rest, firstRest), lastRest)
	one.until = now.Add(one.rest/2 + rand.N(one.rest/2))
	heap.Push(&s.resting, one)
}

// close lets go of all, and doesn't wait for the connections: the hub does.
func (s *shifts) close() {
	for _, one := range s.held {
		one.hold.Close()
	}
}

// queueOf is a heap of shifts.
type queueOf struct {
	all  []*shift
	less func(a, b *shift) int
}

func (q *queueOf) Len() int           { return len(q.all) }
func (q *queueOf) Less(i, j int) bool { return q.less(q.all[i], q.all[j]) < 0 }
func (q *queueOf) Swap(i, j int)      { q.all[i], q.all[j] = q.all[j], q.all[i] }
func (q *queueOf) Push(x any)         { q.all = append(q.all, x.(*shift)) }
func (q *queueOf) Pop() any {
	last := q.all[len(q.all)-1]
	q.all[len(q.all)-1] = nil
	q.all = q.all[:len(q.all)-1]
	return last
}

// drop removes those that aren't wanted any more.
func (q *queueOf) drop() {
	q.all = slices.DeleteFunc(q.all, func(one *shift) bool { return one.gone })
	heap.Init(q)
}
