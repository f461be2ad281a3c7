package live

import (
	"bytes"

	"sharpeyes/streams"
)

const (
	kept      = 64 << 10         // bytes of buffer that are kept for the next fragment
	shortest  = videoRate / 1000 // ticks that a picture lasts, at least
	audible   = second * 4 / 100 // ns that sound may be out of step
	patience  = second / 5       // the same, where only the packets' arrival tells
	credible  = 2 * second       // sender reports that differ more from the arrival are not believed
	fillMost  = 128              // access units of silence in one fragment
	averaging = 64               // packets
)

// room is a buffer of n bytes that size more can be appended to.
func (m *Muxer) room(n, size int) []byte {
	if cap(m.buf) < n+size || cap(m.buf) > kept {
		m.buf = make([]byte, n, n+size)
	}
	return m.buf[:n]
}

// start gives the initialisation segment when there is a new one.
func (m *Muxer) start() bool {
	var tracks []entry
	if v := m.video; v != nil {
		if m.started && !v.sets.changed {
			return true
		}
		e, depth, ok := v.coding.entry(&v.sets)
		if !ok {
			return false
		}
		v.sets.changed = false
		v.reorder.depth = max(v.reorder.depth, depth)
		if !m.started { // so that no picture is decoded before 0
			v.counter.now = int64(depth) * v.usual
		}
		tracks = append(tracks, e)
	} else if m.started {
		return true
	}
	if m.audio != nil {
		tracks = append(tracks, m.audio.entry)
	}
	m.started = true
	m.out = append(m.out, initialise(tracks))
	return true
}

// fragment gives one; b is room for its head, and its samples.
func (m *Muxer) fragment(b []byte, track uint32, at int64, samples ...sample) {
	m.sequence++
	head(b[:headOfOne+headOfMore*(len(samples)-1)], m.sequence, track, at, samples...)
	m.out = append(m.out, Segment{Data: b})
	if cap(b) > cap(m.buf) {
		m.buf = b
	}
}

// picture takes a unit of video.
func (m *Muxer) picture(u *streams.Unit) {
	v := m.video
	a, timestamp, ok := v.assemble(u, m.room(headOfOne, u.Size()))
	if !ok {
		return
	}
	if a.key && !m.start() {
		v.waiting = true // its parameter sets aren't known
		return
	}
	pts := v.count(timestamp)
	dts := v.decode(pts, v.usual)
	v.pace.at(dts)
	duration := max(v.usual+v.early(dts), shortest)
	s := sample{duration: uint32(duration), size: uint32(len(a.b) - headOfOne), flags: otherSample, shift: int32(pts - dts)}
	if a.key {
		s.flags = syncSample
	}
	m.last = instant{media: scale(pts, videoRate, second), at: u.At.UnixNano()}
	m.last.ntp, m.last.known = v.wall(timestamp, videoRate)
	m.fragment(a.b, videoID, v.place(duration), s)
	if m.audio != nil {
		m.fill()
	}
}

// fill puts silence where sound should be by now: a browser shows no picture for whose time there is
// no sound, and many a camera promises sound and has its microphone switched off.
func (m *Muxer) fill() {
	a, rate := m.audio, int64(m.audio.entry.rate)
	until := scale(m.video.next, videoRate, rate) - scale(a.hold, second, rate)
	if until <= a.next { // which is 0 before it has begun
		return
	}
	a.early(0)
	lasts := a.length(a.silent)
	n := min(int((until-a.next)/lasts)+1, fillMost)
	samples := make([]sample, n)
	for i := range samples {
		samples[i] = sample{duration: uint32(lasts), size: uint32(len(a.silent)), flags: syncSample}
	}
	b := make([]byte, headOfOne+headOfMore*(n-1), headOfOne+headOfMore*n+n*len(a.silent))
	b = append(b, bytes.Repeat(a.silent, n)...)
	m.fragment(b, audioID, a.place(int64(n)*lasts), samples...)
	a.filled = true
}

// sound takes a packet of audio, which may hold several access units.
func (m *Muxer) sound(u *streams.Unit) {
	a := m.audio
	if m.video != nil && !m.started {
		return
	}
	for raw := range u.Packets() {
		p, good := parse(raw)
		if !good || p.kind != a.kind {
			continue
		}
		var (
			rate    = int64(a.entry.rate)
			t       = a.count(p.timestamp) + scale(m.align(p.timestamp, u.At.UnixNano()), second, rate)
			slack   = audible * rate / second
			at      = int64(-1)
			samples []sample
			b       []byte
		)
		for _, au := range a.unpack(p) {
			lasts := a.length(au)
			if len(au) == 0 || lasts <= 0 {
				continue
			}
			if t < 0 && !a.layout.started { // from before the first picture
				t += lasts
				continue
			}
			early := a.early(t)
			t += lasts
			if early < -slack { // there is time for one less
				if a.filled {
					a.filled, a.hold = false, min(a.hold+holdMore, holdMost)
				}
				continue
			}
			duration := lasts
			if early > slack {
				duration += early
			}
			where := a.place(duration)
			if at < 0 {
				at = where
			}
			samples = append(samples, sample{duration: uint32(duration), size: uint32(len(au)), flags: syncSample})
			b = append(b, au...)
		}
		if len(samples) == 0 || !m.start() {
			continue
		}
		a.hold = max(a.hold, holdHeard)
		n := headOfOne + headOfMore*(len(samples)-1)
		m.fragment(append(make([]byte, n, n+len(b)), b...), audioID, at, samples...)
	}
}

// align is where on the timeline the sound's counter begins, in ns.
func (m *Muxer) align(timestamp uint32, arrived int64) int64 {
	a := m.audio
	if m.video == nil {
		return 0
	}
	rate := int64(a.entry.rate)
	counted := scale(a.now, rate, second)
	after := arrived - m.last.at
	if wall, known := a.wall(timestamp, rate); known && m.last.known {
		if d := wall - m.last.ntp; max(d-after, after-d) < credible {
			a.aligned, a.lag = true, 0
			a.offset = m.last.media + d - counted
			return a.offset
		}
	}
	d := m.last.media + after - counted - a.offset
	if !a.aligned {
		a.aligned, a.offset = true, a.offset+d
		return a.offset
	}
	a.lag += (d - a.lag) / averaging
	if a.lag > patience || a.lag < -patience {
		a.offset, a.lag = a.offset+a.lag, 0
	}
	return a.offset
}
