package streams

import (
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
)

// Phase is what a pull is about.
type Phase string

// The phases of a pull.
const (
	Dialling     Phase = "dialling"
	Flowing      Phase = "flowing"
	Reconnecting Phase = "reconnecting" // it flowed, and readers wait for it to flow again
	Lingering    Phase = "lingering"    // it flows, and nobody reads
	Idle         Phase = "idle"         // it isn't pulled
)

// Info tells of one stream.
type Info struct {
	Key         Key
	Device      string // the recorder; see registry.Channel.DeviceKey
	Phase       Phase
	Playing     bool // the camera has agreed to send
	Flowing     bool // it has sent
	Readers     int  // that keep it open
	Since       time.Time
	Codecs      []string // of each track
	Bytes       uint64   // received
	Packets     uint64
	Lost        uint64  // packets that did not arrive
	Bitrate     float64 // bit/s over the last seconds
	FPS         float64 // pictures/s over the last seconds
	Keyframe    time.Time
	Reconnects  int      // connections after the first
	Failure     *Failure // the last one; nil when there was none
	FailedAt    time.Time
	ReadersList []ReaderInfo
}

// ReaderInfo tells of one reader.
type ReaderInfo struct {
	Who     Who
	Since   time.Time
	Units   uint64 // handed out
	Bytes   uint64
	Skipped uint64        // units lost because it could not keep up
	Queued  int           // bytes that wait
	Join    time.Duration // from joining to the first unit; 0 before
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

// info tells of the pull, and of each of its readers.
func (p *Pull) info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.infoLocked()
	for _, r := range p.readers {
		i.ReadersList = append(i.ReadersList, r.info())
	}
	return i
}

func (p *Pull) infoLocked() Info {
	i := Info{
		Key: p.key, Device: p.device, Phase: p.phase(), Playing: p.playing, Flowing: p.flowing, Readers: len(p.readers), Since: p.meter.since,
		Bytes: p.meter.bytes, Packets: p.meter.packets, Lost: p.meter.lost,
		Bitrate: p.meter.bitrate, FPS: p.meter.fps, Keyframe: p.meter.keyframe,
		Reconnects: p.reopened, Failure: p.mishap, FailedAt: p.mishapAt,
	}
	if p.desc != nil {
		i.Codecs = codecs(p.desc)
	}
	return i
}

func (p *Pull) phase() Phase {
	switch {
	case p.playing && len(p.readers) == 0:
		return Lingering
	case p.playing:
		return Flowing
	case p.flowing:
		return Reconnecting
	}
	return Dialling
}

func (r *Reader) info() ReaderInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ReaderInfo{
		Who: r.who, Since: r.joined, Units: r.units, Bytes: r.bytes,
		Skipped: r.queue.skipped, Queued: r.queue.size(), Join: r.first,
	}
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

// Load is how many pulls there are, and readers of all together.
func (h *Hub) Load() (pulls, readers int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pulls), h.readers
}

// Pulls tells what is pulled now, by channel and profile.
func (h *Hub) Pulls() []Info {
	h.mu.Lock()
	pulls := make([]*Pull, 0, len(h.pulls))
	for _, p := range h.pulls {
		pulls = append(pulls, p)
	}
	h.mu.Unlock()
	infos := make([]Info, len(pulls))
	for i, p := range pulls {
		infos[i] = p.info()
	}
	slices.SortFunc(infos, func(a, b Info) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return infos
}

// Info tells of one stream: as it is pulled, or of its last pull what is still known; false when
// nothing is.
func (h *Hub) Info(key Key) (Info, bool) {
	h.mu.Lock()
	p, d, last := h.pulls[key], h.descs[key], h.failed[key]
	h.mu.Unlock()
	if p != nil {
		return p.info(), true
	}
	i := Info{Key: key, Phase: Idle, Failure: last.failure, FailedAt: last.at}
	if d != nil {
		i.Codecs = codecs(d)
	}
	return i, d != nil || last.failure != nil
}
