package sim

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// garbage is what stands where an answer should.
const garbage = "SSH-2.0-dropbear_2019.78\r\n\x00\x00\x01\x2c\x05\x14\xff\xfe\r\n\r\n"

// strayType is the payload type of stray packets.
const strayType = 127

// note counts a request.
func (c *conn) note(r request) {
	cam := &c.farm.cameras[c.camera]
	cam.requests.Add(1)
	if len(r.authorization) > 0 {
		cam.credentials.Add(1)
	}
}

// granted notes that a request was found good, which keeps the session alive.
func (c *conn) granted() { c.asks.Store(int64(time.Since(c.farm.epoch))) }

// lateness is how late a request is answered, and whether never.
func (c *conn) lateness(fault condition) (late time.Duration, never bool) {
	switch {
	case fault.Kind == Slow:
		return seconds(fault.Seconds), false
	case fault.Kind == KeepAlive && c.session != nil && c.session.playing():
		return seconds(fault.Seconds), fault.Seconds == 0
	}
	return 0, false
}

// pause waits, and reports whether the farm is still there.
func (f *Farm) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-f.ending:
		return false
	}
}

// misanswers reports whether the request at hand is among those that are answered wrongly. Which
// ones depends on the number of the camera and that of the request.
func (c *conn) misanswers(fault condition) bool {
	if fault.Kind != Wrong {
		return false
	}
	const all = 10_000
	n := c.farm.cameras[c.camera].requests.Load()
	return float64(mix(uint64(c.camera)<<32|uint64(n))%all) < fault.Percent*all/100
}

func (c *conn) wrong(r request, out []byte, fault condition) []byte {
	return status(out, line(fault.Status, base.StatusInternalServerError), r)
}

// full appends the answer to one session too many.
func (c *conn) full(r request, out []byte, fault condition) []byte {
	if fault.Status == int(base.StatusUnauthorized) {
		return c.challenge(r, out, false)
	}
	return status(out, line(fault.Status, base.StatusNotEnoughBandwidth), r)
}

// redirect appends an answer that sends the other side away.
func (c *conn) redirect(r request, out []byte, fault condition) []byte {
	out = head(out, line(fault.Status, base.StatusFound), r)
	out = append(out, "Location: "...)
	if fault.To == "" {
		out = append(out, r.url...)
	} else {
		out = append(out, fault.To...)
	}
	return append(out, "\r\n\r\n"...)
}

// line is the status line's end of a code, or of instead when it is 0.
func line(code int, instead base.StatusCode) string {
	if code == 0 {
		code = int(instead)
	}
	text, ok := base.StatusMessages[base.StatusCode(code)]
	if !ok {
		text = "Whatever"
	}
	return strconv.Itoa(code) + " " + text
}

// expired reports whether a session's time is over, as its traits or the camera's fault say.
func (s *session) expired(fault condition) bool {
	c := s.conn
	now := time.Since(c.farm.epoch)
	return fault.Kind == Hangup && now-s.began >= seconds(fault.Seconds) ||
		c.traits.Timeout > 0 && now-time.Duration(c.asks.Load()) >= c.traits.timeout()
}

// shake changes a session's numbers, if it is time for that.
func (o *outgoing) shake(frame int64, fault condition) {
	switch fault.Kind {
	case NewSSRC, Restart, Jump:
	default:
		return
	}
	s := o.session
	every := max(1, int64(seconds(fault.Seconds)/s.conn.farm.frameTime))
	times := (frame - s.first) / every
	if times == o.shaken {
		return
	}
	o.shaken = times
	for _, t := range s.tracks {
		switch fault.Kind {
		case NewSSRC: // a new source begins all its numbers anew (RFC 3550, 5.1)
			t.ssrc, t.seq, t.base = rand.Uint32(), uint16(rand.Uint32()), rand.Uint32()
		case Restart:
			t.seq = 0
		case Jump:
			t.base += uint32(int64(fault.By * float64(t.clock())))
		}
	}
}

// clock is the rate of the track's timestamps.
func (t *track) clock() int {
	if t.number == audioTrack {
		return 8000
	}
	return 90000
}

// shown reports whether the picture at a place of the session's loop is sent.
func (o *outgoing) shown(at int64, keyframe bool, fault condition) bool {
	if keyframe {
		g := int64(o.session.conn.traits.GOP)
		return fault.Kind != NoKeyframes && (g == 0 || at%g == 0)
	}
	if fault.Kind == LowRate {
		const fps = float64(time.Second / frameTime)
		return int64(float64(at)*fault.FPS/fps) != int64(float64(at-1)*fault.FPS/fps)
	}
	return true
}

// dress gives a video packet what the traits say.
func (o *outgoing) dress(p []byte) {
	t := o.session.conn.traits
	if t.NoMarkers {
		p[1] &^= 0x80
	}
	if t.PayloadType != 0 && p[1]&0x7f == videoType {
		p[1] = p[1]&0x80 | byte(t.PayloadType)
	}
}

// stray appends a packet that has no business there.
func (o *outgoing) stray(t *track, frame int64) {
	const size = rtpHeader + 4
	var b [frameHeader + size]byte
	b[0], b[4], b[5] = '$', 0x80, strayType
	binary.BigEndian.PutUint16(b[2:], size)
	o.packet(t, b[:], t.timestamp(frame))
}

// skew is how wrong a camera's clock is.
func skew(fault condition) time.Duration {
	if fault.Kind != ClockSkew {
		return 0
	}
	return seconds(fault.By)
}
