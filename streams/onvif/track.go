package onvif

import (
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// Metadata reports whether a format is that of notifications as plain XML. The compressed ones
// (vnd.onvif.metadata.gzip and .exi) are not read.
func Metadata(f format.Format) bool {
	name, _, _ := strings.Cut(f.RTPMap(), "/")
	return strings.EqualFold(name, "vnd.onvif.metadata")
}

// Track reads one metadata track. It is for one goroutine.
type Track struct {
	scanner Scanner
	ssrc    uint32
	next    uint16
	begun   bool
}

// lateMost is how far back a packet may be that is late. One further back is of a camera that began
// anew.
const lateMost = 100

// Packet takes the track's next packet and calls each for every notification of motion that is whole
// with it. A document ends with the marker; of one that packets of are missing, what is whole counts.
func (t *Track) Packet(p *rtp.Packet, each func(Notice)) {
	if ahead := int16(p.SequenceNumber - t.next); !t.begun || p.SSRC != t.ssrc {
		t.scanner.Reset()
	} else if ahead < 0 && ahead >= -lateMost {
		return // or there already
	} else if ahead != 0 {
		t.scanner.Reset()
	}
	t.begun, t.ssrc, t.next = true, p.SSRC, p.SequenceNumber+1
	t.scanner.Write(p.Payload, each)
	if p.Marker {
		t.scanner.Reset()
	}
}
