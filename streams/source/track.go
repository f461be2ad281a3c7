package source

import (
	"encoding/binary"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/streams"
)

const (
	// maxUnit bounds an access unit whose end never comes, in bytes. The largest keyframes of 4K
	// cameras are about 2 MiB.
	maxUnit = 4 << 20
	// maxSets bounds what goes before a picture: parameter sets and the like.
	maxSets = 64 << 10
	// firstUnit is the room that a track's first unit is given, in bytes.
	firstUnit = 4 << 10
	// liarMarks is how many pictures must go on after their marker for it to be no longer believed.
	liarMarks = 3
	// keyframeEvery is how often a camera is asked for a keyframe at most.
	keyframeEvery = 2 * time.Second
)

// kind is one payload type that the description names.
type kind struct {
	payload byte
	codec   codec
}

// track puts the packets of one media together to units.
type track struct {
	index    int
	sink     streams.Sink
	video    bool
	kinds    []kind
	named    bool // a packet of a kind that the description names has come
	feedback feedback

	// The unit that is being put together lies in the intake's block, from start to end, when the
	// intake says that it is this track's; else in own.
	packets    int // 0: there is none
	start, end int
	own        []byte
	keyframe   bool
	picture    bool // it holds more than what goes before a picture
	timestamp  uint32
	at         time.Time
	room       int // bytes that the last pictures needed

	last      uint32 // timestamp of the last picture
	delivered bool
	lies      int       // pictures that went on after their marker
	shift     uint16    // sequence numbers that were added by refitting
	begun     bool      // a keyframe has come
	asked     time.Time // for one
	requests  uint8
	control   byte // interleaved channel of RTCP
	reception reception
}

func newTrack(i int, m media, sink streams.Sink) *track {
	t := &track{
		index: i, sink: sink, feedback: m.feedback, room: firstUnit,
		video: m.desc.Type == description.MediaTypeVideo,
	}
	for _, f := range m.desc.Formats {
		k := kind{payload: f.PayloadType()}
		switch f.(type) {
		case *format.H264:
			k.codec = h264
		case *format.H265:
			k.codec = h265
		}
		t.kinds = append(t.kinds, k)
	}
	t.reception.clock = uint32(max(m.desc.Formats[0].ClockRate(), 0))
	return t
}

// codec is how a packet of the payload type is read, and whether the description names it.
func (t *track) codec(payload byte) (c codec, named bool) {
	for _, k := range t.kinds {
		if k.payload == payload {
			t.named = true
			return k.codec, true
		}
	}
	if !t.named && len(t.kinds) == 1 { // a camera that names one and sends another
		return t.kinds[0].codec, true
	}
	return opaque, false
}

// packet takes a packet laid out as an interleaved frame. It lies in the intake's block at the given
// place, or elsewhere, when at is negative, and is copied then.
func (t *track) packet(in *intake, frame []byte, at int, now time.Time) {
	raw := frame[frameHeader:]
	p, ok := parseRTP(raw)
	if !ok {
		t.sink.Lost(1)
		return
	}
	frame[1] = byte(2 * t.index) // whatever channel the camera picked
	c, named := t.codec(p.kind)
	if named || p.ssrc == t.reception.ssrc {
		if t.reception.known && p.ssrc != t.reception.ssrc { // another encoder, or a reboot
			t.flush(in)
			t.shift, t.delivered = 0, false
		}
		if lost := t.reception.packet(p, now); lost > 0 {
			t.sink.Lost(uint64(lost))
		}
	}
	if !t.video || !named && t.packets == 0 {
		t.renumber(raw, p.sequence)
		t.single(raw, now)
		return
	}
	if t.packets > 0 && named && t.complete(p.timestamp) || t.size()+len(frame) > maxUnit {
		t.flush(in)
	}
	if t.packets == 0 {
		t.begin(p.timestamp)
	}
	if named {
		t.look(c.read(raw[p.payload:p.end]), p.timestamp)
	}
	if c != opaque && p.end-p.payload > maxPayload {
		t.refit(in, c, raw, p)
	} else {
		t.renumber(raw, p.sequence)
		t.add(in, frame, at)
	}
	t.at = now
	if p.marker && named && t.picture && t.lies < liarMarks {
		t.flush(in)
	}
}

// complete reports whether a packet with the timestamp belongs to another unit than the one that is
// being put together. Parameter sets belong to the picture after them, whatever they carry.
func (t *track) complete(timestamp uint32) bool {
	return timestamp != t.timestamp && (t.picture || t.size() > maxSets)
}

func (t *track) begin(timestamp uint32) {
	t.timestamp, t.keyframe, t.picture = timestamp, false, false
}

func (t *track) look(c content, timestamp uint32) {
	t.keyframe = t.keyframe || c.begins
	if !c.picture {
		return
	}
	if !t.picture && c.later && t.delivered && timestamp == t.last {
		t.lies++
	}
	t.picture, t.timestamp = true, timestamp
}

// single hands on one packet as a unit of its own. It is copied: a small unit must not keep a block.
func (t *track) single(raw []byte, now time.Time) {
	u := streams.NewUnit(t.index, false, frameHeader+len(raw))
	u.Append(raw)
	u.At = now
	t.sink.Deliver(u)
}

// renumber makes up for the packets that refitting added.
func (t *track) renumber(raw []byte, sequence uint16) {
	if t.shift != 0 {
		binary.BigEndian.PutUint16(raw[2:], sequence+t.shift)
	}
}

// size is how many bytes the unit holds.
func (t *track) size() int {
	switch {
	case t.packets == 0:
		return 0
	case t.own != nil:
		return len(t.own)
	}
	return t.end - t.start
}

// add appends a frame to the unit.
func (t *track) add(in *intake, frame []byte, at int) {
	switch {
	case t.packets == 0 && at >= 0 && in.open == nil:
		in.open, t.start, t.end = t, at, at+len(frame)
	case t.packets > 0 && in.open == t && at >= 0:
		if t.end != at { // something else came between
			copy(in.block[t.end:], frame)
		}
		t.end += len(frame)
	default:
		t.detach(in)
		t.own = append(t.own, frame...)
	}
	t.packets++
}

// detach gives the unit memory of its own.
func (t *track) detach(in *intake) {
	if t.own != nil {
		return
	}
	t.own = make([]byte, 0, max(t.room, 2*(t.end-t.start)))
	if in.open == t {
		t.own = append(t.own, in.block[t.start:t.end]...)
		in.open = nil
	}
}

// flush hands the unit on.
func (t *track) flush(in *intake) {
	if t.packets == 0 {
		return
	}
	var u *streams.Unit
	if in.open == t {
		u = in.lend(t, t.start, t.end, t.packets)
		in.open = nil
	} else {
		u = streams.Adopt(t.index, false, t.own, t.packets)
		if !t.keyframe || t.kinds[0].codec == opaque {
			t.room = (3*t.room + u.Size() + u.Size()/2) / 4 // pictures between keyframes are alike
		}
	}
	u.Keyframe, u.At = t.keyframe, t.at
	t.own, t.packets, t.start, t.end = nil, 0, 0, 0
	t.last, t.delivered = t.timestamp, t.picture
	t.begun = t.begun || u.Keyframe
	t.sink.Deliver(u)
}

// waits reports whether pictures have come and none that a decoder can begin with, so that it is
// time to ask for one.
func (t *track) waits(now time.Time) bool {
	return t.delivered && !t.begun && t.video && now.Sub(t.asked) >= keyframeEvery
}
