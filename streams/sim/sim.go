// Package sim is cameras that don't exist, for the demo, for tests and for benchmarks: a farm of
// tens of thousands of RTSP cameras behind one listening socket, each with an address of its own
// on the loopback network, and the registry of the city that they stand in.
//
// A camera that nobody connects to is a few dozen bytes of counters. Its encoder's clock runs all
// the same: which picture it is at depends on the time alone, so that whoever joins does so where
// the clock stands, in the middle of a group of pictures more often than not. Clips are cut into
// RTP packets once; a session only patches numbers into a copy of them.
//
// Requests are parsed by hand, for one reason: a gateway that probes a city asks thousands of
// cameras a second for OPTIONS on fresh connections, and what the simulator spends on them is
// missing elsewhere on the machine.
package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sharpeyes/streams"
)

// Start is where in a clip a session begins.
type Start string

// The starts of sessions.
const (
	Live     Start = "live"     // where the camera's encoder stands
	Keyframe Start = "keyframe" // the encoder makes a keyframe for each new session
)

// Options is what a farm is told.
type Options struct {
	// Listen is the address that all cameras share, such as ":18554". Port 0 takes a free one. The
	// host is empty or a loopback address, and means the whole loopback network either way.
	Listen  string
	Cameras int        // how many there are
	Base    netip.Addr // address of camera 0, in 127.0.0.0/8; 127.1.0.0 if it is the zero Addr
	Start   Start      // Live if empty
	// Password is what the cameras whose Scene is Locked want; the constant of that name if empty.
	Password string
	Control  string // loopback address of the HTTP control, such as "127.0.0.1:18080"; none if empty
	Log      *slog.Logger
}

// Farm is cameras that listen. Its methods may be called from any goroutine.
type Farm struct {
	opts    Options
	base    uint32
	port    int
	cameras []camera
	clips   clips
	epoch   time.Time // when all encoders' clocks stood at 0; holds a monotonic reading
	sized   sized     // clips in packets of other sizes
	usual   Traits    // of most cameras
	// Tests change these, so as not to wait.
	timeout   time.Duration // of sessions and idle connections
	frameTime time.Duration

	listener    net.Listener
	control     *http.Server // nil if there is none
	ctlListener net.Listener
	stop        context.CancelFunc
	ending      <-chan struct{}
	running     sync.WaitGroup // the goroutines that Close waits for
	buffers     sync.Pool      // of *buffers
	pictures    sync.Pool      // of *[]byte, for pictures on their way out

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool

	sessions   gauge
	overpulled atomic.Int64
	conns      atomic.Uint64
	probes     atomic.Uint64
	plays      atomic.Uint64
	bytes      atomic.Uint64
}

// URL is the address of one stream of camera i.
func (f *Farm) URL(i int, p streams.Profile) string {
	return "rtsp://" + netip.AddrPortFrom(f.addr(i), uint16(f.port)).String() + "/" + string(p)
}

// ChannelURL is the address of one stream of the numbered channel of a recorder: of camera i, taken
// for one that has several others behind it. They show what the camera shows, and share its limit
// of sessions.
func (f *Farm) ChannelURL(i, channel int, p streams.Profile) string {
	return fmt.Sprintf("%s/ch%d", f.URL(i, p), channel)
}

// Port is the port that the cameras listen on.
func (f *Farm) Port() int { return f.port }

// ControlURL is where the HTTP control listens, such as "http://127.0.0.1:18080"; empty if nowhere.
func (f *Farm) ControlURL() string {
	if f.control == nil {
		return ""
	}
	return "http://" + f.ctlListener.Addr().String()
}
