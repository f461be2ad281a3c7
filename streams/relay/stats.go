package relay

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Reason is why a reader was sent away.
type Reason string

// The reasons.
const (
	Behind       Reason = "behind"        // it could not keep up for 10 s
	WriteTimeout Reason = "write_timeout" // it took nothing at all for 10 s
	Ended        Reason = "ended"         // its stream ended: the camera failed, or the channel was edited
	Silent       Reason = "silent"        // nothing was heard of it
	NoStream     Reason = "no_stream"     // it asked for no stream that it gets
	NoPlay       Reason = "no_play"       // it held a stream and did not play it
	Paused       Reason = "paused"        // it held a stream and had paused it for too long
	SlowRequest  Reason = "slow_request"  // it began a request and did not finish it
	BadRequest   Reason = "bad_request"   // what it said is not RTSP
	Ungranted    Reason = "ungranted"     // its user or grant is gone
)

// Stats tells what the server does now and has done.
type Stats struct {
	Connections int
	Playing     int               // readers that play
	Refused     uint64            // connections over the bounds
	SentAway    map[Reason]uint64 // readers that did not leave by themselves
	Bytes       uint64            // of packets, sent to readers
	Skipped     uint64            // units that slow readers lost
	UDPErrors   uint64            // packets over UDP that the network did not take
	UDPTooLong  uint64            // of these, those too long for the path
}

// stats are the server's counters.
type stats struct {
	refused, playing, bytes, skipped, udpErrors, udpTooLong atomic.Int64

	mu       sync.Mutex
	sentAway map[Reason]uint64
}

func (s *stats) count(r Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sentAway[r]++
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	n := len(s.conns)
	s.mu.Unlock()
	s.stats.mu.Lock()
	away := maps.Clone(s.stats.sentAway)
	s.stats.mu.Unlock()
	return Stats{
		Connections: n, Playing: int(s.stats.playing.Load()), Refused: uint64(s.stats.refused.Load()), SentAway: away,
		Bytes: uint64(s.stats.bytes.Load()), Skipped: uint64(s.stats.skipped.Load()),
		UDPErrors: uint64(s.stats.udpErrors.Load()), UDPTooLong: uint64(s.stats.udpTooLong.Load()),
	}
}
