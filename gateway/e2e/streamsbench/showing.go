//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// showing is one session of a camera.
type showing struct {
	farm   *farm
	out    *outlet
	conn   *net.TCPConn
	name   string // of the stream
	kind   string
	film   []picture
	phase  time.Duration // by which its encoder is ahead of the farm's clock
	at     int64         // the next picture
	slot   int           // -1 while nothing is sent
	n      numbers
	buf    []byte
	report int64 // picture that a report goes with
}

func (f *farm) newShowing(o *outlet, c *net.TCPConn, camera netip.Addr, kind string) *showing {
	b := camera.As4()
	// A hash of the address: neighbours are nowhere near each other in time.
	mixed := uint64(binary.BigEndian.Uint32(b[:])) * 0x9e3779b97f4a7c15
	s := &showing{
		farm: f, out: o, conn: c, kind: kind, film: f.films[kind], name: camera.String() + "/" + kind, slot: -1,
		phase: time.Duration(mixed>>20) % (longGOP * frameTime),
		n:     numbers{ssrc: rand.Uint32(), timestamp: rand.Uint32(), seq: uint16(rand.Uint32())},
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now++
	c0 := f.seen[s.name]
	if c0 == nil {
		c0 = &seen{}
		f.seen[s.name] = c0
	}
	c0.now++
	c0.most = max(c0.most, c0.now)
	return s
}

// remove ends a session.
func (f *farm) remove(s *showing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now--
	if c := f.seen[s.name]; c != nil {
		c.now--
	}
	f.stop(s)
}

// stop sends no more of a session. The lock is held.
func (f *farm) stop(s *showing) {
	if s.slot < 0 {
		return
	}
	all := f.slots[s.slot]
	for i := range all {
		if all[i] == s {
			f.slots[s.slot] = append(all[:i], all[i+1:]...)
			break
		}
	}
	s.slot = -1
}

// play answers the PLAY request, and sends from now on.
func (s *showing) play(answer []byte) {
	f := s.farm
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.slot >= 0 || s.out.write(answer) != nil {
		return
	}
	if c := f.seen[s.name]; c != nil {
		c.plays++
	}
	since := time.Since(f.epoch)
	if s.kind == key {
		s.slot = f.slot(since - time.Millisecond) // whose turn is over
		s.send()
	} else {
		s.at = int64((since+s.phase)/frameTime) + 1
		s.slot = f.slot(time.Duration(s.at)*frameTime - s.phase)
		s.n.timestamp += uint32(s.at) * frameTicks
	}
	f.slots[s.slot] = append(f.slots[s.slot], s)
}

// slot is where those belong who send at some time of the farm's clock.
func (f *farm) slot(at time.Duration) int {
	return int((at + longGOP*frameTime) / time.Millisecond % time.Duration(len(f.slots)))
}

// send sends the next picture. The farm's lock is held.
func (s *showing) send() {
	now := time.Now()
	s.buf = s.buf[:0]
	if s.at >= s.report {
		s.buf = s.n.appendReport(s.buf, now)
		s.report = s.at + reportEvery
	}
	s.buf = s.n.appendPicture(s.buf, s.film[s.at%int64(len(s.film))], now)
	s.at++
	s.n.timestamp += frameTicks
	if s.out.write(s.buf) != nil {
		if s.out.broken == errBehind {
			s.farm.late++
		}
		s.conn.Close() // its dialogue ends, and the session with it
	}
}

// pace sends everything when it is due: one goroutine for all cameras, and one wake-up a
// millisecond, so that they cost as little as can be of what the relay is measured with.
func (f *farm) pace(ctx context.Context) {
	for tick := int64(1); ctx.Err() == nil; tick++ {
		due := f.epoch.Add(time.Duration(tick) * time.Millisecond)
		time.Sleep(time.Until(due))
		f.mu.Lock()
		f.behind = max(f.behind, time.Since(due))
		for _, s := range f.slots[tick%int64(len(f.slots))] {
			s.send()
		}
		f.mu.Unlock()
	}
}
