package health

import (
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
)

// area is what can fail as a whole: a site with all that lies in it, or a recorder with its channels.
type area struct {
	name     string // path of the site, or key of the recorder
	recorder bool
	depth    int
	parent   *area // the site that it lies in; nil for a recorder, whose channels may be anywhere
	children []*area
	members  []*entry // channels of the recorder, or of the site itself and not of one in it
	total    int      // channels on the schedule, in all that lies in it
	offline  int      // of them, by what is kept
	seen     *ring    // what probes saw; nil for a recorder
	hurried  time.Time
	outage   *outage // nil when it isn't out
	tally    tally   // of the evaluation under way
}

// ringLen is more seconds than confirming takes.
const ringLen = 64

// ring counts observations in the last seconds, one slot each.
type ring struct {
	newest int64 // second that was last written, since the epoch
	good   [ringLen]uint16
	bad    [ringLen]uint16 // of channels that began to fail
}

func (r *ring) advance(second int64) {
	for s := max(r.newest+1, second-ringLen+1); s <= second; s++ {
		r.good[s%ringLen], r.bad[s%ringLen] = 0, 0
	}
	r.newest = max(r.newest, second)
}

// since adds up a counter from a second on, that one included.
func (r *ring) since(second int64, of *[ringLen]uint16) (n int) {
	for s := max(second, r.newest-ringLen+1, 0); s <= r.newest; s++ {
		n += int(of[s%ringLen])
	}
	return n
}

// areas are the sites and recorders of the city.
type areas struct {
	sites     map[string]*area
	recorders map[uint64]*area  // by hash of the key, where several channels share one
	lone      map[uint64]*entry // the one channel of all other keys
}

func newAreas() areas {
	return areas{sites: map[string]*area{}, recorders: map[uint64]*area{}, lone: map[uint64]*entry{}}
}

func (s *areas) site(path string) *area {
	if a, ok := s.sites[path]; ok {
		return a
	}
	a := &area{name: path, seen: new(ring)}
	if end := strings.LastIndexByte(path, '/'); end >= 0 {
		a.parent = s.site(path[:end])
		a.parent.children = append(a.parent.children, a)
		a.depth = a.parent.depth + 1
	}
	s.sites[path] = a
	return a
}

// join puts a channel into its areas.
func (s *areas) join(e *entry, ch registry.Channel) {
	e.site = s.site(ch.Site)
	e.at = int32(len(e.site.members))
	e.site.members = append(e.site.members, e)
	key := ch.DeviceKey()
	e.key = xxhash.Sum64String(key)
	if a, ok := s.recorders[e.key]; ok {
		e.recorder = a
		a.members = append(a.members, e)
	} else if other, ok := s.lone[e.key]; ok {
		delete(s.lone, e.key)
		a := &area{name: key, recorder: true, members: []*entry{other, e}}
		s.recorders[e.key] = a
		other.recorder, e.recorder = a, a
		a.total = 1
		if other.down {
			a.offline = 1
		}
	} else {
		s.lone[e.key] = e
	}
	for a := range e.areas() {
		a.total++
		if e.down {
			a.offline++
		}
	}
}

// keyOf stands for the recorder of a channel.
func keyOf(ch registry.Channel) uint64 { return xxhash.Sum64String(ch.DeviceKey()) }

// leave takes a channel out of its areas.
func (s *areas) leave(e *entry) {
	for a := range e.areas() {
		a.total--
		if e.down {
			a.offline--
		}
	}
	in, last := e.site, len(e.site.members)-1
	in.members[e.at] = in.members[last]
	in.members[e.at].at = e.at
	in.members[last] = nil
	in.members = in.members[:last]
	e.site = nil
	if s.lone[e.key] == e {
		delete(s.lone, e.key)
	}
	if a := e.recorder; a != nil {
		for i, other := range a.members {
			if other == e {
				a.members = append(a.members[:i:i], a.members[i+1:]...)
				break
			}
		}
		e.recorder = nil
		if len(a.members) == 1 && a.outage == nil {
			delete(s.recorders, e.key)
			s.lone[e.key] = a.members[0]
			a.members[0].recorder = nil
		}
	}
}

// areas are those that the channel is in: its site, those that this lies in, and its recorder.
func (e *entry) areas() func(func(*area) bool) {
	return func(yield func(*area) bool) {
		for a := e.site; a != nil; a = a.parent {
			if !yield(a) {
				return
			}
		}
		if e.recorder != nil {
			yield(e.recorder)
		}
	}
}

// setDown keeps count of the channels that are offline.
func (e *entry) setDown(down bool) {
	if e.down == down {
		return
	}
	e.down = down
	n := 1
	if !down {
		n = -1
	}
	for a := range e.areas() {
		a.offline += n
	}
}

// walk calls f with every channel in the area, until it returns false.
func (a *area) walk(f func(*entry) bool) bool {
	for _, e := range a.members {
		if !f(e) {
			return false
		}
	}
	for _, c := range a.children {
		if !c.walk(f) {
			return false
		}
	}
	return true
}

// covering is the outage that the channel is in, nil for none; the widest, of several.
func (e *entry) covering() (o *outage) {
	for a := range e.areas() {
		if a.outage != nil && (o == nil || !a.recorder) {
			o = a.outage
		}
	}
	return o
}

// covered is covering for an area.
func (a *area) covered() bool {
	if a.recorder {
		return a.outage != nil || len(a.members) > 0 && a.members[0].covering() != nil
	}
	for ; a != nil; a = a.parent {
		if a.outage != nil {
			return true
		}
	}
	return false
}
