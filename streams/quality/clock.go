package quality

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	senderReport = 200 // packet type
	senderInfo   = 28  // bytes of a sender report without blocks (RFC 3550, 6.4.1)
	ntpEpoch     = 2208988800
	// onTheWay is how late a report may be.
	onTheWay = time.Second
	// sinceStart is the NTP time up to which it is taken for the time since the camera's start: ten
	// years from 1900, which no clock shows that was ever set.
	sinceStart = 10 * 365 * 24 * 3600
)

// clock is how the camera's clock differs from ours.
type clock struct {
	by     [2]time.Duration // of the last two reports, ours less the camera's; positive: it is behind
	known  int              // how many of them there are
	camera time.Time        // what it showed last
}

// report takes the sender report that a compound packet begins with, if it does.
func (c *clock) report(raw []byte, at time.Time) {
	if len(raw) < senderInfo || raw[0]>>6 != 2 || raw[1] != senderReport {
		return
	}
	seconds, fraction := binary.BigEndian.Uint32(raw[8:]), binary.BigEndian.Uint32(raw[12:])
	if seconds < sinceStart {
		return
	}
	// NTP seconds wrap in 2036: the difference is taken in their arithmetic, which is right to 68 years.
	ours := uint32(at.Unix() + ntpEpoch)
	by := time.Duration(int32(ours-seconds))*time.Second + time.Duration(at.Nanosecond()) - time.Duration(uint64(fraction)*1e9>>32)
	c.by[0], c.by[1] = c.by[1], by
	c.known = min(c.known+1, 2)
	c.camera = at.Add(-by)
}

// off reports whether the clock is off by more than the tolerance, in both of the last two reports;
// known is false when they don't say.
func (c *clock) off(tolerance time.Duration) (off, known bool) {
	a, b := wrong(c.by[0], tolerance), wrong(c.by[1], tolerance)
	return a, c.known == 2 && a == b
}

// latest is off by the last report alone.
func (c *clock) latest(tolerance time.Duration) (off, known bool) {
	return wrong(c.by[1], tolerance), c.known > 0
}

func wrong(by, tolerance time.Duration) bool {
	return tolerance > 0 && (by > tolerance+onTheWay || by < -tolerance)
}

// tell says how the clock is off.
func (c *clock) tell() string {
	by, side := c.by[1], "behind"
	if by < 0 {
		by, side = -by, "ahead"
	}
	if by >= 24*time.Hour {
		return fmt.Sprintf("shows %s on its clock (UTC)", c.camera.UTC().Format(time.DateTime))
	}
	return fmt.Sprintf("has a clock that is %v %s", by.Round(time.Second), side)
}
