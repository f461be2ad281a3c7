package source

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// Sequence numbers that go on within these bounds are of one series (RFC 3550, A.1); what is
	// further away is a restart, and no loss.
	maxDropout  = 3000
	maxDisorder = 100
)

// reception is what a receiver report tells of one track (RFC 3550, 6.4 and A.8).
type reception struct {
	clock uint32 // Hz; 0: unknown
	known bool   // a packet has come
	ssrc  uint32

	base     uint32 // the first sequence number, extended
	highest  uint32 // the highest, extended
	received uint32

	expectedBefore, receivedBefore uint32 // at the last report

	transit   uint32 // of the last packet, in the clock's units
	jitter    float64
	timestamp uint32
	origin    time.Time

	report   uint32 // middle of the camera's clock in its last sender report
	reported time.Time
}

// packet counts a packet, and returns how many are missing before it.
func (r *reception) packet(p packet, now time.Time) (lost int) {
	if !r.known || p.ssrc != r.ssrc {
		r.restart(p, now)
		return 0
	}
	switch ahead := int16(p.sequence - uint16(r.highest)); {
	case ahead > 0 && ahead < maxDropout:
		r.highest += uint32(ahead)
		lost = int(ahead) - 1
	case ahead <= 0 && ahead > -maxDisorder:
		// late, or there twice
	default:
		r.restart(p, now)
		return 0
	}
	r.received++
	if p.timestamp != r.timestamp {
		r.time(p.timestamp, now)
	}
	return lost
}

func (r *reception) restart(p packet, now time.Time) {
	clock := r.clock
	*r = reception{clock: clock, known: true, ssrc: p.ssrc, origin: now, timestamp: p.timestamp}
	r.base, r.highest, r.received = uint32(p.sequence), uint32(p.sequence), 1
	r.transit = -p.timestamp
}

// time takes the jitter from the first packet of each picture.
func (r *reception) time(timestamp uint32, now time.Time) {
	r.timestamp = timestamp
	transit := uint32(int64(now.Sub(r.origin).Seconds()*float64(r.clock))) - timestamp // it wraps
	d := int32(transit - r.transit)
	r.transit = transit
	if d < 0 {
		d = -d
	}
	if r.clock > 0 && uint32(d) < 60*r.clock { // else it is a jump
		r.jitter += (float64(d) - r.jitter) / 16
	}
}

// senderReport keeps the middle of the NTP time, which a receiver report gives back.
func (r *reception) senderReport(ntp uint64, now time.Time) {
	r.report, r.reported = uint32(ntp>>16), now
}

// block is what a receiver report says of the track.
func (r *reception) block(now time.Time) rtcp.ReceptionReport {
	expected := r.highest - r.base + 1
	lost := int64(expected) - int64(r.received)
	expectedNow, receivedNow := expected-r.expectedBefore, r.received-r.receivedBefore
	r.expectedBefore, r.receivedBefore = expected, r.received
	b := rtcp.ReceptionReport{
		SSRC:               r.ssrc,
		TotalLost:          uint32(min(max(lost, 0), 1<<23-1)),
		LastSequenceNumber: r.highest,
		Jitter:             uint32(r.jitter),
		LastSenderReport:   r.report,
	}
	if missing := int64(expectedNow) - int64(receivedNow); expectedNow > 0 && missing > 0 {
		b.FractionLost = uint8(min(missing*256/int64(expectedNow), 255))
	}
	if !r.reported.IsZero() {
		b.Delay = uint32(min(int64(now.Sub(r.reported).Seconds()*65536), 1<<32-1))
	}
	return b
}
