// Package streams is the meeting of cameras and readers: a Hub that opens one Pull a camera stream,
// whoever and however many want it, hands its packets to every reader, and closes it some time
// after the last one left.
//
// The packages below it are its sides: source pulls from cameras, relay serves RTSP readers, probe
// asks a camera whether it is there, motion reads packets for movement, and sim is cameras that
// don't exist. They import this package for its words, and never one another.
package streams

import (
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtp"
)

// Profile is which of a camera's encodings is meant.
type Profile string

// The profiles of a channel.
const (
	Main Profile = "main"
	Sub  Profile = "sub"
)

// Key names one camera stream.
type Key struct {
	Channel string // id
	Profile Profile
}

// Packet is one RTP packet of a pull. All readers share it, so nobody may change it.
type Packet struct {
	Track int        // index of the media in the pull's description
	RTP   rtp.Packet // Payload refers into Raw
	Raw   []byte     // the whole packet as it goes on the wire
	At    time.Time  // when it arrived
	NTP   time.Time  // the camera's clock for it, zero before its first sender report
	// Keyframe is set on the first packet of an access unit that a decoder can begin with.
	Keyframe bool
}

// Description is what a camera says it sends: the medias, their formats, their parameter sets.
type Description = description.Session
