package streams

import (
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
)

// Info tells of one pull.
type Info struct {
	Key      Key
	Playing  bool // the camera has agreed to send
	Flowing  bool // it has sent
	Readers  int  // that keep it open
	Since    time.Time
	Codecs   []string // of each track
	Bytes    uint64   // received
	Packets  uint64
	Lost     uint64  // packets that did not arrive
	Bitrate  float64 // bit/s over the last seconds
	FPS      float64 // pictures/s over the last seconds
	Keyframe time.Time
}

// meterWindow is the time over which rates are taken.
const meterWindow = 2 * time.Second

type meter struct {
	since                time.Time
	bytes, packets, lost uint64
	keyframe             time.Time

	start        time.Time // of the window
	wBytes       uint64
	wPictures    uint64
	bitrate, fps float64
	videoTrack   int
	hasVideo     bool
}

func (m *meter) add(u *Unit) {
	m.bytes += uint64(u.Size())
	m.packets += uint64(u.Len())
	m.wBytes += uint64(u.Size())
	if m.hasVideo && u.Track == m.videoTrack && !u.Control {
		m.wPictures++
	}
	if u.Keyframe {
		m.keyframe = u.At
	}
	if m.start.IsZero() {
		m.start = u.At
	}
	if d := u.At.Sub(m.start); d >= meterWindow {
		m.bitrate = float64(m.wBytes) * 8 / d.Seconds()
		m.fps = float64(m.wPictures) / d.Seconds()
		m.start, m.wBytes, m.wPictures = u.At, 0, 0
	}
}

func (p *Pull) info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.infoLocked()
}

func (p *Pull) infoLocked() Info {
	i := Info{
		Key: p.key, Playing: p.playing, Flowing: p.flowing, Readers: p.holding, Since: p.meter.since,
		Bytes: p.meter.bytes, Packets: p.meter.packets, Lost: p.meter.lost,
		Bitrate: p.meter.bitrate, FPS: p.meter.fps, Keyframe: p.meter.keyframe,
	}
	if p.desc != nil {
		i.Codecs = codecs(p.desc)
	}
	return i
}

func codecs(d *Description) []string {
	var names []string
	for _, m := range d.Medias {
		for _, f := range m.Formats {
			names = append(names, f.Codec())
		}
	}
	return names
}

// videoTrack is the index of the first video media.
func videoTrack(d *Description) (int, bool) {
	for i, m := range d.Medias {
		if m.Type == description.MediaTypeVideo {
			return i, true
		}
	}
	return 0, false
}
