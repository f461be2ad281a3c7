package streams

import (
	"encoding/binary"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
)

// continuity keeps what readers see of each track one RTP stream (RFC 3550): one SSRC, sequence
// numbers that go on, a timestamp that grows with the time, whatever the camera does: a new
// connection, a new SSRC, a restart of its counters, a clock that was set. Packets that were lost
// leave their gap. It costs nothing but a look at each header as long as there is nothing to mend.
type continuity struct{ lines []line }

// line is one track.
type line struct {
	clock uint64 // ticks a second
	begun bool   // a packet has been seen, ever
	fresh bool   // none has since the connection was opened

	ssrc     uint32 // as readers know it
	camera   uint32 // as the camera has it now
	seq      uint16 // the camera's last
	time     uint32 // the camera's last
	at       time.Time
	seqShift uint16 // what is added to the camera's
	timShift uint32
	report   *Unit // came before the first packet of the connection, without which it can't be mended
}

const (
	// A step of the sequence numbers within these bounds is loss, or packets out of order (RFC 3550,
	// A.1, MAX_DROPOUT and MAX_MISORDER); beyond them it is a restart.
	maxDropout  = 3000
	maxMisorder = 100
	// maxDrift is how far a timestamp may be from the time that has passed.
	maxDrift = 10 * time.Second

	rtpHeader    = 12
	senderReport = 200 // packet type
	senderInfo   = 28  // bytes of a sender report without blocks (RFC 3550, 6.4.1)
)

// connected begins a connection to a camera that describes its stream so.
func (c *continuity) connected(d *Description) {
	if len(c.lines) != len(d.Medias) {
		c.lines = make([]line, len(d.Medias))
	}
	for i, m := range d.Medias {
		c.lines[i].clock, c.lines[i].fresh, c.lines[i].report = clockRate(m), true, nil
	}
}

func clockRate(m *description.Media) uint64 {
	if len(m.Formats) == 0 || m.Formats[0].ClockRate() <= 0 {
		return 90000
	}
	return uint64(m.Formats[0].ClockRate())
}

// mend changes the headers of the unit's packets, which nobody else has yet. A report that comes
// before the first packet of a connection is kept back, and then returned with that packet: it is to
// go first.
func (c *continuity) mend(u *Unit) (first *Unit, ok bool) {
	l := &c.lines[u.Track]
	if u.Control {
		if l.begun && l.fresh {
			l.report = u
			return nil, false
		}
		l.reported(u)
		return nil, true
	}
	for raw := range u.Packets() {
		l.packet(raw, u.At)
	}
	if first = l.report; first != nil {
		l.report = nil
		l.reported(first)
	}
	return first, true
}

func (l *line) packet(raw []byte, at time.Time) {
	if len(raw) < rtpHeader {
		return
	}
	seq := binary.BigEndian.Uint16(raw[2:])
	stamp := binary.BigEndian.Uint32(raw[4:])
	ssrc := binary.BigEndian.Uint32(raw[8:])
	switch step := int(int16(seq - l.seq)); {
	case !l.begun:
		l.begun, l.ssrc = true, ssrc
	case l.fresh || ssrc != l.camera || step > maxDropout || step < -maxMisorder:
		l.seqShift += l.seq + 1 - seq
		l.follow(stamp, at)
	case l.jumps(stamp, at):
		l.follow(stamp, at)
	}
	if int16(seq-l.seq) > 0 || l.fresh || ssrc != l.camera || l.at.IsZero() {
		l.time, l.at = stamp, at
	}
	l.fresh, l.camera, l.seq = false, ssrc, seq
	if l.seqShift != 0 {
		binary.BigEndian.PutUint16(raw[2:], seq+l.seqShift)
	}
	if l.timShift != 0 {
		binary.BigEndian.PutUint32(raw[4:], stamp+l.timShift)
	}
	if ssrc != l.ssrc {
		binary.BigEndian.PutUint32(raw[8:], l.ssrc)
	}
}

// follow makes the stamp come as long after the last one as its packet did.
func (l *line) follow(stamp uint32, at time.Time) {
	passed := max(l.ticks(at.Sub(l.at)), 1)
	l.timShift += l.time + uint32(passed) - stamp
}

func (l *line) ticks(d time.Duration) int64 {
	return int64(d.Seconds() * float64(l.clock))
}

// jumps reports whether the camera's clock was set since its last packet.
func (l *line) jumps(stamp uint32, at time.Time) bool {
	drift := int64(int32(stamp-l.time)) - l.ticks(at.Sub(l.at))
	most := l.ticks(maxDrift)
	return drift > most || drift < -most
}

// reported mends the sender reports that compounds begin with.
func (l *line) reported(u *Unit) {
	for raw := range u.Packets() {
		if len(raw) < senderInfo || raw[1] != senderReport || !l.begun {
			continue
		}
		if l.camera != l.ssrc {
			binary.BigEndian.PutUint32(raw[4:], l.ssrc)
		}
		if l.timShift != 0 {
			binary.BigEndian.PutUint32(raw[16:], binary.BigEndian.Uint32(raw[16:])+l.timShift)
		}
	}
}
