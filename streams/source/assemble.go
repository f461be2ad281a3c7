package source

import (
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sharpeyes/streams"
)

const (
	// maxUnit bounds an access unit whose end never comes, in bytes. The largest keyframes of 4K
	// cameras are about 2 MiB.
	maxUnit = 4 << 20
	// firstUnit is the room that a track's first unit is given, in bytes.
	firstUnit = 4 << 10
)

// listen wires the client's callbacks to the sink.
func (ss *session) listen(c *gortsplib.Client, desc *description.Session, sink streams.Sink) {
	var mu sync.Mutex // over UDP each track has a goroutine of its own
	tracks := make(map[*description.Media]*track, len(desc.Medias))
	for i, m := range desc.Medias {
		tracks[m] = newTrack(i, m, sink)
	}
	c.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		now := time.Now()
		ss.last.Store(now.UnixNano())
		mu.Lock()
		tracks[m].packet(p, now)
		mu.Unlock()
	})
	c.OnPacketRTCPAny(func(m *description.Media, p rtcp.Packet) {
		report, ok := p.(*rtcp.SenderReport)
		if !ok {
			return
		}
		raw, err := report.Marshal()
		if err != nil {
			return
		}
		u := streams.NewUnit(tracks[m].index, true, len(raw)+4)
		u.Append(raw)
		u.At = time.Now()
		mu.Lock()
		sink.Deliver(u)
		mu.Unlock()
	})
}

// track puts the packets of one media together to units.
type track struct {
	index    int
	sink     streams.Sink
	video    bool
	keyframe func(payload []byte) bool // nil: every picture can be begun with

	unit *streams.Unit
	ts   uint32
	room int // bytes that the last pictures needed
}

func newTrack(i int, m *description.Media, sink streams.Sink) *track {
	t := &track{index: i, sink: sink, video: m.Type == description.MediaTypeVideo, room: firstUnit}
	switch m.Formats[0].(type) {
	case *format.H264:
		t.keyframe = h264Keyframe
	case *format.H265:
		t.keyframe = h265Keyframe
	}
	return t
}

func (t *track) packet(p *rtp.Packet, now time.Time) {
	if !t.video {
		u := streams.NewUnit(t.index, false, p.MarshalSize()+4)
		if u.AppendRTP(p) == nil {
			u.At = now
			t.sink.Deliver(u)
		}
		return
	}
	// The end of a picture is told by the marker, or, when that was lost, by the next timestamp.
	if t.unit != nil && (p.Timestamp != t.ts || t.unit.Size() > maxUnit) {
		t.flush()
	}
	if t.unit == nil {
		t.unit = streams.NewUnit(t.index, false, t.room)
		t.unit.Keyframe = t.keyframe == nil
		t.ts = p.Timestamp
	}
	if err := t.unit.AppendRTP(p); err != nil {
		return
	}
	t.unit.At = now
	if !t.unit.Keyframe && t.keyframe(p.Payload) {
		t.unit.Keyframe = true
	}
	if p.Marker {
		t.flush()
	}
}

func (t *track) flush() {
	if t.keyframe == nil || !t.unit.Keyframe {
		t.room = (3*t.room + t.unit.Size() + t.unit.Size()/2) / 4 // pictures between keyframes are alike
	}
	t.sink.Deliver(t.unit)
	t.unit = nil
}
