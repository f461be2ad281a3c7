// Package live makes of a pull's units what a browser plays: fragmented MP4 for Media Source
// Extensions, one access unit a fragment, with no frame of delay.
//
// Time. A fragment must say how long its picture lasts before the next one is there. So the samples
// of a track are laid end to end: each begins where the one before said it would end, and lasts as
// long as pictures lasted lately, plus or minus what it was placed too early or too late. A sample's
// time is therefore never farther from the camera's than the last error of the guess, errors don't
// add up, and there is no hole that a browser would stop at: one takes a gap of two pictures for a
// discontinuity and then shows nothing until the next keyframe. Whatever makes a gap, be it a slow
// network, a camera that pauses or a reader that skipped to a keyframe, the picture after it lasts
// longer in its stead, and the time is right again with the next.
//
// The timeline is the video's RTP clock. Sound is put on it by the sender reports of both tracks
// where there are some to be believed, else by when the packets arrive: at first by one pair of
// packets, and then by the average of many, so that two clocks that drift apart are pulled together
// again. Sound is laid end to end, too, and is moved when it is out of step by more than one hears.
//
// Where sound was promised and doesn't come, silence takes its place after a short while: a browser
// shows no picture for whose time there is no sound.
//
// Loss. When a packet is missing, the pictures up to the next keyframe are left out: decoders in
// hardware give up on a stream with a hole in it, and the page would have to begin anew.
//
// The boxes are written here, by hand: a fragment is the payload of the packets, copied once, and
// about a hundred bytes before it.
package live

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"sharpeyes/streams"
)

// ErrUnplayable says that no track of a stream can be played by a browser.
var ErrUnplayable = errors.New("no track of it can be played by a browser")

// Segment is what is to be appended to a browser's buffer.
type Segment struct {
	// MIME is the type of what follows, with its codecs (RFC 6381), when the segment is an
	// initialisation segment; else it is empty.
	MIME string
	// Data is an initialisation segment, or a fragment that begins a new access unit. It is good
	// until the next call of the Muxer.
	Data []byte
}

// Muxer makes segments of the units of one reader. It is not for concurrent use.
type Muxer struct {
	video *video // nil: none that a browser plays
	audio *audio // nil: none that a browser plays

	started  bool // the initialisation segment was given
	sequence uint32
	last     instant // of the video
	buf      []byte  // of the fragment given last, or nil
	out      []Segment
}

// instant is one moment on all clocks.
type instant struct {
	media int64 // ns on the timeline
	at    int64 // ns, when it arrived
	ntp   int64 // ns on the camera's clock
	known bool  // ntp is
}

// New makes a muxer for a stream's first video track and first audio track that a browser can play:
// H.264 or H.265, AAC or Opus. Others are left out. Without any the error is ErrUnplayable, and says
// what there is.
func New(d *streams.Description) (*Muxer, error) {
	m := &Muxer{}
	var names []string
	for i, media := range d.Medias {
		for _, f := range media.Formats {
			names = append(names, f.Codec())
			switch {
			case media.Type == description.MediaTypeVideo && m.video == nil:
				m.video = newVideo(i, f, len(media.Formats) == 1)
			case media.Type == description.MediaTypeAudio && m.audio == nil:
				m.audio = newAudio(i, f)
			}
		}
	}
	if m.video == nil && m.audio == nil {
		return nil, fmt.Errorf("%w: it has %s", ErrUnplayable, strings.Join(names, ", "))
	}
	return m, nil
}

// VideoTrack is which of the stream's tracks is shown; false when there is but sound, of which every
// unit can be begun with.
func (m *Muxer) VideoTrack() (track int, ok bool) {
	if m.video == nil {
		return 0, false
	}
	return m.video.track, true
}

// Unit takes the next unit of the stream, and returns what comes of it, if anything: nothing before
// the first keyframe whose parameter sets are known. Segments are good until the next call.
func (m *Muxer) Unit(u *streams.Unit) []Segment {
	clear(m.out)
	m.out = m.out[:0]
	switch {
	case m.video != nil && u.Track == m.video.track:
		if u.Control {
			m.video.report(u)
			break
		}
		m.picture(u)
	case m.audio != nil && u.Track == m.audio.track:
		if u.Control {
			m.audio.report(u)
			break
		}
		m.sound(u)
	}
	return m.out
}
