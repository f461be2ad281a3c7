// Package streams is the meeting of cameras and readers: a Hub that opens one Pull a camera stream,
// whoever and however many want it, hands its access units to every reader, and closes it some time
// after the last one left.
//
// The law here is that nobody waits for anybody. A pull writes to no socket: it appends a pointer to
// each reader's own bounded queue and goes on. All readers share the same bytes, which are laid out
// once, as they go on the wire. A pull keeps the units since the last keyframe, so that whoever
// joins late sees a picture at once.
//
// A late reader is sent the last sender reports, then all pictures since the last keyframe, stamped
// into the tenth of a second before the live edge, and then the live units, each once, with sequence
// numbers that run on; sound and all else begin at the live edge. So a player is at the live edge as
// soon as it has decoded the pictures, and in step. Their order is kept, also toward the pictures to
// come: as far as a B picture may lie behind the latest one, nothing is restamped (squeeze).
//
// A connection that breaks is replaced while readers wait, for as long as a stream may take to start.
// What they see goes on: one SSRC, running sequence numbers, a timestamp that has grown by the time
// that passed (continuity).
//
// The packages below are the hub's sides: source pulls from cameras, relay serves RTSP readers,
// probe asks a camera whether it is there, motion reads packets for movement, onvif reads what a
// camera says of it, netio guards listeners, and sim is cameras that don't exist. They import this
// package for its words, and never one another.
package streams

import (
	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"sharpeyes/registry"
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

// String is ID/profile.
func (k Key) String() string { return k.Channel + "/" + string(k.Profile) }

// Description is what a camera says it sends: the medias, their formats, their parameter sets.
type Description = description.Session

// URL is where the profile of a channel is pulled from; empty when the channel has no such stream.
func URL(ch registry.Channel, p Profile) string {
	if p == Sub {
		return ch.SubURL
	}
	return ch.URL
}
