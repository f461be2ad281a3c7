package sim

import (
	"fmt"
	"sync/atomic"

	"sharpeyes/streams"
)

// Codec is how a camera's main stream is encoded; every sub stream is H.264.
type Codec string

// The codecs of the simulated cameras.
const (
	H264 Codec = "h264"
	H265 Codec = "h265"
)

// The credentials of the cameras whose Scene is Locked. They protect pictures that anybody may
// see, and are no secret.
const (
	Username = "admin"
	Password = "SharpEyes-demo-1"
)

// Scene is what a camera is and what stands before it.
type Scene struct {
	Codec  Codec `json:"codec"`
	Moving bool  `json:"moving"` // somebody walks through the picture from 5 s to 11 s of every 16 s
	Audio  bool  `json:"audio"`  // the main stream has a G.711 A-law track, too
	Locked bool  `json:"locked"` // asks for Username and Password
}

// SceneOf is the scene of camera i: about one in eight sends H.265, one in three sees movement,
// one in sixteen has audio and one in twenty wants a password. It depends on i alone, so that the
// farm and the city's registry agree without a word.
func SceneOf(i int) Scene {
	h := mix(uint64(i) + 1)
	s := Scene{Codec: H264, Moving: (h>>8)%3 == 0, Audio: (h>>24)%16 == 0, Locked: (h>>40)%20 == 0}
	if h%8 == 0 {
		s.Codec = H265
	}
	return s
}

// mix spreads x over all bits (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Counters is what one camera has seen so far.
type Counters struct {
	Sessions    int `json:"sessions"`     // set up now, of both profiles
	MaxSessions int `json:"max_sessions"` // most at a time
	MaxPlays    int `json:"max_plays"`    // most of one profile that played at a time; over 1 is overpulled
	Plays       int `json:"plays"`        // PLAY requests granted
	Conns       int `json:"conns"`        // connections accepted
	Probes      int `json:"probes"`       // connections that asked for OPTIONS and closed without more
	Requests    int `json:"requests"`     // understood
	Credentials int `json:"credentials"`  // requests that came with an Authorization
	Talks       int `json:"talks"`        // back channels set up
}

// Totals is what the whole farm has seen so far.
type Totals struct {
	Cameras     int    `json:"cameras"`
	Sessions    int    `json:"sessions"`     // set up now
	MaxSessions int    `json:"max_sessions"` // most at a time
	Overpulled  int    `json:"overpulled"`   // cameras that ever played one profile more than once at a time
	Open        int    `json:"open"`         // connections open now
	Conns       uint64 `json:"conns"`        // connections accepted
	Probes      uint64 `json:"probes"`       // see Counters
	Plays       uint64 `json:"plays"`        // PLAY requests granted
	Bytes       uint64 `json:"bytes"`        // of RTP and RTCP sent
	Faults      int    `json:"faults"`       // cameras that have one
}

// camera is all that is kept of one camera: it must stay small, since there are tens of thousands.
type camera struct {
	fault       atomic.Pointer[condition]
	traits      atomic.Pointer[Traits]
	sessions    gauge
	playing     [2]gauge // by profile
	plays       atomic.Uint32
	conns       atomic.Uint32
	probes      atomic.Uint32
	requests    atomic.Uint32
	credentials atomic.Uint32
	talks       atomic.Uint32
	overcounted atomic.Bool // it is in the farm's count of overpulled cameras
}

// gauge is a number that goes up and down, and the most that it ever was.
type gauge struct{ now, most atomic.Int32 }

// add changes the gauge by d and returns what it is then.
func (g *gauge) add(d int32) int32 {
	v := g.now.Add(d)
	for {
		m := g.most.Load()
		if v <= m || g.most.CompareAndSwap(m, v) {
			return v
		}
	}
}

// tryAdd adds one and reports true, unless the gauge is at its limit or over; no limit below 0.
func (g *gauge) tryAdd(limit int) bool {
	for limit >= 0 {
		v := g.now.Load()
		if int(v) >= limit {
			return false
		}
		if g.now.CompareAndSwap(v, v+1) {
			g.add(0)
			return true
		}
	}
	g.add(1)
	return true
}

// Camera is what camera i has seen so far; zero for a camera that there isn't.
func (f *Farm) Camera(i int) Counters {
	if i < 0 || i >= len(f.cameras) {
		return Counters{}
	}
	c := &f.cameras[i]
	return Counters{
		Sessions:    int(c.sessions.now.Load()),
		MaxSessions: int(c.sessions.most.Load()),
		MaxPlays:    int(max(c.playing[0].most.Load(), c.playing[1].most.Load())),
		Plays:       int(c.plays.Load()),
		Conns:       int(c.conns.Load()),
		Probes:      int(c.probes.Load()),
		Requests:    int(c.requests.Load()),
		Credentials: int(c.credentials.Load()),
		Talks:       int(c.talks.Load()),
	}
}

// Stats is what the farm has seen so far.
func (f *Farm) Stats() Totals {
	f.mu.Lock()
	open := len(f.open)
	f.mu.Unlock()
	t := Totals{
		Cameras:     len(f.cameras),
		Sessions:    int(f.sessions.now.Load()),
		MaxSessions: int(f.sessions.most.Load()),
		Overpulled:  int(f.overpulled.Load()),
		Open:        open,
		Conns:       f.conns.Load(),
		Probes:      f.probes.Load(),
		Plays:       f.plays.Load(),
		Bytes:       f.bytes.Load(),
	}
	for i := range f.cameras {
		if f.fault(i).Kind != "" {
			t.Faults++
		}
	}
	return t
}

// profileIndex is the place of a profile in arrays of two.
func profileIndex(p streams.Profile) int {
	if p == streams.Sub {
		return 1
	}
	return 0
}

func (f *Farm) check(i int) error {
	if i < 0 || i >= len(f.cameras) {
		return fmt.Errorf("sim: no camera %d among %d", i, len(f.cameras))
	}
	return nil
}
