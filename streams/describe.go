package streams

import (
	"maps"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// maxDescribed bounds the descriptions that are kept of streams that aren't pulled.
const maxDescribed = 4096

// described keeps what a stream holds for whoever joins next.
func (h *Hub) described(key Key, d *Description) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.descs[key]; !ok && len(h.descs) >= maxDescribed {
		for other := range h.descs { // any: it costs its next reader a round trip
			delete(h.descs, other)
			break
		}
	}
	h.descs[key] = d
}

// same reports whether a reader who was told one description can read what another tells of. The
// parameter sets of video may change in mid-stream, and come along with it; to the letter they must
// not.
func same(a, b *Description, letter bool) bool {
	if a == b {
		return true
	}
	if len(a.Medias) != len(b.Medias) {
		return false
	}
	for i, m := range a.Medias {
		n := b.Medias[i]
		if m.Type != n.Type || len(m.Formats) != len(n.Formats) {
			return false
		}
		for j, f := range m.Formats {
			g := n.Formats[j]
			if f.Codec() != g.Codec() || f.PayloadType() != g.PayloadType() || f.ClockRate() != g.ClockRate() || f.RTPMap() != g.RTPMap() {
				return false
			}
			if (letter || !inBand(f)) && !maps.Equal(f.FMTP(), g.FMTP()) {
				return false
			}
		}
	}
	return true
}

// inBand reports whether the format's parameters come in the stream too.
func inBand(f format.Format) bool {
	switch f.(type) {
	case *format.H264, *format.H265:
		return true
	}
	return false
}
