package sim

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

const (
	frameTime   = 40 * time.Millisecond
	loopTime    = 16 * time.Second
	videoTicks  = 3600 // of the RTP clock of 90 kHz a picture
	audioTicks  = 320  // of the RTP clock of 8 kHz a picture: two packets of 20 ms
	audioPacket = 160  // samples, one byte each
	audioType   = 8
	// behindMost is how far a session that writes slowly may lag behind its camera before the
	// pictures in between are left out.
	behindMost = 2 * time.Second
	// reportEvery is the pictures between two RTCP sender reports.
	reportEvery = 125
)

// phase is how far the encoder of a camera is ahead of the farm's clock, so that not all cameras
// send at the same instant, nor the same part of their loop.
func phase(camera int) time.Duration {
	return time.Duration(mix(uint64(camera)^0x5eed) % uint64(loopTime))
}

// frame is the number of the picture that a camera's encoder has made last.
func (f *Farm) frame(camera int, now time.Time) int64 {
	return int64((now.Sub(f.epoch) + phase(camera)) / f.frameTime)
}

// due is when a camera's encoder makes a picture.
func (f *Farm) due(camera int, frame int64) time.Time {
	return f.epoch.Add(time.Duration(frame)*f.frameTime - phase(camera))
}

// timestamp is the RTP timestamp of a track at a picture.
func (t *track) timestamp(frame int64) uint32 {
	if t.number == audioTrack {
		return t.base + uint32(frame*audioTicks)
	}
	return t.base + uint32(frame*videoTicks)
}

// send sends pictures, each when it is due, until quit is closed or the camera dies or the other
// side doesn't take them.
func (s *session) send(frame int64, quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	f, camera := s.conn.farm, s.conn.camera
	o := &outgoing{session: s, random: rand.New(rand.NewPCG(uint64(camera), uint64(frame)))}
	if f.opts.Start == Keyframe {
		o.shift = frame % int64(max(gop, s.conn.traits.GOP))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ; ; frame++ {
		due := f.due(camera, frame)
		wait := time.Until(due)
		if wait < -behindMost {
			frame = f.frame(camera, time.Now())
			due = f.due(camera, frame)
		}
		timer.Reset(max(wait, 0))
		select {
		case <-quit:
			return
		case <-timer.C:
		}
		fault := f.fault(camera)
		if fault.dead(time.Since(f.epoch)) {
			s.conn.cut()
			return
		}
		if s.expired(fault) {
			_ = s.conn.tcp.Close()
			return
		}
		if fault.Kind == Silent {
			continue
		}
		o.shake(frame, fault)
		if o.picture(frame, due, fault) != nil {
			s.conn.cut()
			return
		}
	}
}

// outgoing is one session's packets on their way out.
type outgoing struct {
	session *session
	random  *rand.Rand
	shift   int64 // pictures that the session's loop is behind the camera's
	frozen  bool
	lost    float64 // share of packets
	shaken  int64   // how often the session was shaken
	b       []byte  // the picture that is being sent, as interleaved frames
}

// picture sends one picture and the sound that goes with it.
func (o *outgoing) picture(frame int64, due time.Time, fault condition) error {
	s := o.session
	f := s.conn.farm
	at := frame - o.shift
	if at%gop == 0 { // an encoder that freezes goes on with whole groups of pictures
		o.frozen = fault.Kind == Freeze
	}
	o.lost = 0
	if fault.Kind == Loss {
		o.lost = fault.Percent / 100
	}
	clip := s.clips.pick(SceneOf(s.conn.camera), s.profile, o.frozen)
	pic := clip.pictures[at%int64(len(clip.pictures))]

	buf := f.pictures.Get().(*[]byte)
	o.b = (*buf)[:0]
	for _, t := range s.tracks {
		switch {
		case t.number > audioTrack:
			continue
		case fault.Kind == Stuck:
		case t.number == audioTrack:
			o.audio(t, frame)
		case o.shown(at, pic.keyframe, fault):
			if s.conn.traits.Stray {
				o.stray(t, frame)
			}
			o.video(t, pic.wire, frame)
		}
		if frame >= t.reportsAfter && !s.conn.traits.NoReports {
			t.reportsAfter = frame + reportEvery
			o.report(t, frame, due.Add(skew(fault)))
		}
	}
	err := s.deliver(o.b)
	f.bytes.Add(uint64(len(o.b)))
	*buf = o.b
	f.pictures.Put(buf)
	return err
}

// video appends the packets of a picture, with the session's numbers.
func (o *outgoing) video(t *track, wire []byte, frame int64) {
	ts := t.timestamp(frame)
	for len(wire) > 0 {
		n := frameHeader + int(binary.BigEndian.Uint16(wire[2:]))
		o.packet(t, wire[:n], ts)
		wire = wire[n:]
	}
}

// audio appends the two packets of sound that go with a picture: a tone of 400 Hz.
func (o *outgoing) audio(t *track, frame int64) {
	const size = rtpHeader + audioPacket
	var b [frameHeader + size]byte
	b[0], b[3], b[4], b[5] = '$', size, 0x80, audioType
	for i := range audioPacket {
		b[frameHeader+rtpHeader+i] = tone[i%len(tone)]
	}
	o.packet(t, b[:], t.timestamp(frame))
	o.packet(t, b[:], t.timestamp(frame)+audioPacket)
}

// tone is one period of a quiet sine of 400 Hz at 8 kHz, in A-law.
var tone = [20]byte{0xd5, 0xbd, 0xb6, 0xb2, 0xb1, 0xb0, 0xb1, 0xb2, 0xb6, 0xbd, 0xd5, 0x3d, 0x36, 0x32, 0x31, 0x30, 0x31, 0x32, 0x36, 0x3d}

// packet appends one interleaved frame, unless it gets lost.
func (o *outgoing) packet(t *track, wire []byte, ts uint32) {
	seq := t.seq
	t.seq++
	t.packets++
	t.octets += uint32(len(wire) - frameHeader - rtpHeader)
	if o.lost > 0 && o.random.Float64() < o.lost {
		return
	}
	at := len(o.b)
	o.b = append(o.b, wire...)
	p := o.b[at:]
	p[1] = t.channel
	binary.BigEndian.PutUint16(p[frameHeader+2:], seq)
	binary.BigEndian.PutUint32(p[frameHeader+4:], ts)
	binary.BigEndian.PutUint32(p[frameHeader+8:], t.ssrc)
	if t.number == videoTrack {
		o.dress(p[frameHeader:])
	}
}

// report appends an RTCP sender report: the camera's clock, and what it is in RTP timestamps.
func (o *outgoing) report(t *track, frame int64, due time.Time) {
	const size, senderReport, toUnix = 28, 200, 2208988800
	o.b = append(o.b, '$', t.channel+1, 0, size, 0x80, senderReport, 0, size/4-1)
	o.b = binary.BigEndian.AppendUint32(o.b, t.ssrc)
	o.b = binary.BigEndian.AppendUint32(o.b, uint32(due.Unix()+toUnix))
	o.b = binary.BigEndian.AppendUint32(o.b, uint32(uint64(due.Nanosecond())<<32/1e9))
	o.b = binary.BigEndian.AppendUint32(o.b, t.timestamp(frame))
	o.b = binary.BigEndian.AppendUint32(o.b, t.packets)
	o.b = binary.BigEndian.AppendUint32(o.b, t.octets)
}

// deliver sends interleaved frames: over TCP as they are, in one write; over UDP each by itself.
func (s *session) deliver(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if s.tcp {
		return s.conn.write(b)
	}
	for len(b) > 0 {
		n := frameHeader + int(binary.BigEndian.Uint16(b[2:]))
		for _, t := range s.tracks {
			// What UDP can't deliver is lost, and the next one may arrive.
			switch b[1] {
			case t.channel:
				_, _ = t.rtp.WriteToUDPAddrPort(b[frameHeader:n], t.rtpTo)
			case t.channel + 1:
				_, _ = t.rtcp.WriteToUDPAddrPort(b[frameHeader:n], t.rtcpTo)
			}
		}
		b = b[n:]
	}
	return nil
}
