package live

import (
	"encoding/binary"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/streams"
)

// part is what a NAL unit is to the muxer.
type part int

const (
	idle  part = iota // left out: parameter sets, which the initialisation segment has, and filling
	aside             // kept, but no picture: SEI
	slice             // of a picture
	key               // of a picture that a decoder can begin with
	early             // of a picture that is shown before the keyframe it follows, and needs an earlier one
)

// coding is what H.264 and H.265 differ in.
type coding interface {
	// payload appends the NAL units of one packet to b, each after its length in four bytes, by
	// calling add, or first and more for the pieces of one.
	payload(a *assembly, p []byte)
	// classify says what a NAL unit is, and keeps parameter sets. begins says that the hub takes the
	// unit for a keyframe.
	classify(s *sets, nal []byte, begins bool) part
	// entry is the track as the sets say, and how many pictures may wait to be shown; false when the
	// sets don't say enough.
	entry(s *sets) (e entry, depth int, ok bool)
}

// video is the muxer's video track.
type video struct {
	counter
	reports
	pace
	reorder
	layout
	track int
	kind  uint8 // payload type
	alone bool  // the description names no other of the track
	named bool  // a packet of that type has come
	coding
	sets

	begun    bool // a packet has come
	expected uint16
	waiting  bool // for a keyframe
	intact   bool // since a keyframe that earlier pictures can't follow: see early
}

const videoRate = 90000 // ticks a second, of H.264 and H.265

// newVideo is nil when no browser plays the format.
func newVideo(track int, f format.Format, alone bool) *video {
	v := &video{
		counter: counter{rate: videoRate}, pace: newPace(videoRate),
		track: track, kind: f.PayloadType(), alone: alone, waiting: true,
	}
	keep := func(raw []byte) {
		if len(raw) > 0 {
			v.classify(&v.sets, raw, false)
		}
	}
	switch f := f.(type) {
	case *format.H264:
		v.coding = h264Coding{}
		sps, pps := f.SafeParams()
		keep(sps)
		keep(pps)
	case *format.H265:
		if f.MaxDONDiff != 0 { // pictures in a third order, which no camera uses
			return nil
		}
		v.coding = h265Coding{}
		vps, sps, pps := f.SafeParams()
		keep(vps)
		keep(sps)
		keep(pps)
	default:
		return nil
	}
	return v
}

// assembly puts the NAL units of one access unit together.
type assembly struct {
	video  *video
	b      []byte
	open   int // where the NAL unit begins whose pieces are coming; -1: none
	broken bool
	begins bool
	picture,
	key, early bool
}

// add takes a whole NAL unit.
func (a *assembly) add(nal []byte) {
	a.cut()
	a.take(nal, func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, uint32(len(nal)))
		return append(b, nal...)
	})
}

// first begins a NAL unit that comes in pieces.
func (a *assembly) first(header ...byte) {
	a.cut()
	a.open = len(a.b)
	a.b = append(append(a.b, 0, 0, 0, 0), header...)
}

// cut gives the access unit up when a NAL unit in pieces has no end although no packet is missing: what
// there is of it would be rubbish to a decoder.
func (a *assembly) cut() {
	a.broken = a.broken || a.open >= 0
	a.open = -1
}

// more takes a piece; the last one ends the NAL unit.
func (a *assembly) more(piece []byte, last bool) {
	if a.open < 0 { // its beginning was lost
		a.broken = true
		return
	}
	a.b = append(a.b, piece...)
	if !last {
		return
	}
	start := a.open
	a.open = -1
	nal := a.b[start+4:]
	whole := len(a.b)
	a.b = a.b[:start]
	a.take(nal, func(b []byte) []byte {
		b = b[:whole]
		binary.BigEndian.PutUint32(b[start:], uint32(len(nal)))
		return b
	})
}

// take looks at a NAL unit, and appends it if it belongs into the sample.
func (a *assembly) take(nal []byte, write func([]byte) []byte) {
	if len(nal) == 0 {
		return
	}
	switch a.video.classify(&a.video.sets, nal, a.begins) {
	case idle:
		return
	case key:
		a.picture, a.key = true, true
	case slice:
		a.picture = true
	case early:
		a.picture, a.early = true, true
	}
	a.b = write(a.b)
}

// ours reports whether packets of the payload type are the video's. A camera that names one type and
// sends another means what it sends, as long as nothing of the named one has come.
func (v *video) ours(kind uint8) bool {
	v.named = v.named || kind == v.kind
	return kind == v.kind || v.alone && !v.named
}

// assemble appends the sample of a unit to b. It reports the unit's timestamp, and false when there
// is nothing to show, or nothing that can be.
func (v *video) assemble(u *streams.Unit, b []byte) (a assembly, timestamp uint32, ok bool) {
	a = assembly{video: v, b: b, open: -1, begins: u.Keyframe}
	any := false
	for raw := range u.Packets() {
		p, good := parse(raw)
		if !good || !v.ours(p.kind) {
			continue
		}
		if v.begun && p.sequence != v.expected {
			if any {
				a.broken = true
			} else {
				v.waiting = true // the hole is before this unit
			}
		}
		v.begun, v.expected = true, p.sequence+1
		any, timestamp = true, p.timestamp
		if len(p.payload) > 0 {
			v.payload(&a, p.payload)
		}
	}
	if a.broken || a.open >= 0 {
		v.waiting = true
		return a, timestamp, false
	}
	if !a.picture {
		return a, timestamp, false
	}
	switch {
	case a.key && v.waiting:
		v.waiting, v.intact = false, false
	case a.key:
		v.intact = true
	case v.waiting, a.early && !v.intact:
		return a, timestamp, false
	}
	return a, timestamp, true
}
