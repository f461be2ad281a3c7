package sim

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"sharpeyes/streams"
)

//go:embed clips/*.h264 clips/*.h265
var clipFiles embed.FS

const (
	gop         = 50   // pictures from one keyframe to the next, in every clip
	payloadMax  = 1400 // bytes of a packet's payload, if a camera's traits don't say
	frameHeader = 4    // of an interleaved frame: '$', channel, length
	rtpHeader   = 12   // of an RTP packet without extensions
	videoType   = 96   // payload type
)

// picture is one access unit, ready to go: its RTP packets as interleaved frames, one after the
// other. Channel, sequence number, timestamp and SSRC are 0.
type picture struct {
	wire     []byte
	keyframe bool
}

// clip is a loop of pictures, and what an SDP says of them.
type clip struct {
	pictures []picture
	media    string // lines of the SDP that describe it, but for the control attribute
}

// clips is every clip by its name.
type clips map[string]*clip

// sized is clips cut into packets of other sizes than most, by the payload's.
type sized struct {
	mu    sync.Mutex
	clips map[int]clips
}

// clipsOf is the clips in packets of at most payload bytes; 0 is as most cameras send them.
func (f *Farm) clipsOf(payload int) (clips, error) {
	if payload == 0 {
		return f.clips, nil
	}
	f.sized.mu.Lock()
	defer f.sized.mu.Unlock()
	all, ok := f.sized.clips[payload]
	if ok {
		return all, nil
	}
	all, err := loadClips(payload)
	if err != nil {
		return nil, err
	}
	if f.sized.clips == nil {
		f.sized.clips = make(map[int]clips)
	}
	f.sized.clips[payload] = all
	return all, nil
}

// loadClips cuts all clips into packets of at most payload bytes.
func loadClips(payload int) (clips, error) {
	files, err := clipFiles.ReadDir("clips")
	if err != nil {
		return nil, fmt.Errorf("sim: read clips: %w", err)
	}
	all := make(clips, len(files))
	for _, f := range files {
		b, err := clipFiles.ReadFile("clips/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("sim: read clip: %w", err)
		}
		if all[f.Name()], err = newClip(b, strings.HasSuffix(f.Name(), ".h265"), payload); err != nil {
			return nil, fmt.Errorf("sim: clip %s: %w", f.Name(), err)
		}
	}
	return all, nil
}

// pick is what a camera plays.
func (all clips) pick(s Scene, p streams.Profile, frozen bool) *clip {
	name := "still"
	switch {
	case frozen:
		name = "frozen"
	case s.Moving:
		name = "moving"
	}
	if p == streams.Sub {
		return all[name+"-sub.h264"]
	}
	return all[name+"."+string(s.Codec)]
}

// newClip cuts a byte stream with start codes into access units, and these into packets.
func newClip(b []byte, h265 bool, payload int) (*clip, error) {
	classify := classifyH264
	if h265 {
		classify = classifyH265
	}
	encode, err := encoder(h265, payload)
	if err != nil {
		return nil, err
	}
	c := new(clip)
	var unit [][]byte
	sets := make(map[naluKind][]byte)
	for _, nalu := range splitAnnexB(b) {
		kind := classify(nalu)
		switch kind {
		case otherNALU:
			continue
		case inter, key:
			packets, err := encode(append(unit, nalu))
			if err != nil {
				return nil, fmt.Errorf("cut picture %d into packets: %w", len(c.pictures), err)
			}
			p, err := newPicture(packets, kind == key)
			if err != nil {
				return nil, fmt.Errorf("picture %d: %w", len(c.pictures), err)
			}
			if p.keyframe != (len(c.pictures)%gop == 0) {
				return nil, fmt.Errorf("picture %d: want a keyframe every %d pictures and nowhere else", len(c.pictures), gop)
			}
			c.pictures = append(c.pictures, p)
			unit = nil
		default:
			unit = append(unit, nalu)
			sets[kind] = nalu
		}
	}
	if len(c.pictures) == 0 || len(c.pictures)%gop != 0 {
		return nil, fmt.Errorf("%d pictures: want a multiple of %d", len(c.pictures), gop)
	}
	if len(sets[sps]) < 4 || sets[pps] == nil || h265 && sets[vps] == nil {
		return nil, fmt.Errorf("no parameter sets")
	}
	c.media = mediaLines(h265, sets)
	return c, nil
}

func newPicture(packets []*rtp.Packet, keyframe bool) (picture, error) {
	p := picture{keyframe: keyframe}
	for _, pkt := range packets {
		pkt.SequenceNumber, pkt.Timestamp, pkt.SSRC = 0, 0, 0
		n := pkt.MarshalSize()
		at := len(p.wire)
		p.wire = append(p.wire, '$', 0, byte(n>>8), byte(n))
		p.wire = append(p.wire, make([]byte, n)...)
		if _, err := pkt.MarshalTo(p.wire[at+frameHeader:]); err != nil {
			return p, err
		}
	}
	return p, nil
}

// encoder makes packets of access units.
func encoder(h265 bool, payload int) (func([][]byte) ([]*rtp.Packet, error), error) {
	if h265 {
		e := &rtph265.Encoder{PayloadType: videoType, PayloadMaxSize: payload}
		return e.Encode, e.Init()
	}
	e := &rtph264.Encoder{PayloadType: videoType, PayloadMaxSize: payload, PacketizationMode: 1}
	return e.Encode, e.Init()
}

// mediaLines describes a video track in an SDP.
func mediaLines(h265 bool, sets map[naluKind][]byte) string {
	b64 := base64.StdEncoding.EncodeToString
	if h265 {
		return fmt.Sprintf("m=video 0 RTP/AVP %d\r\na=rtpmap:%[1]d H265/90000\r\na=fmtp:%[1]d sprop-vps=%s; sprop-sps=%s; sprop-pps=%s\r\n",
			videoType, b64(sets[vps]), b64(sets[sps]), b64(sets[pps]))
	}
	return fmt.Sprintf("m=video 0 RTP/AVP %d\r\na=rtpmap:%[1]d H264/90000\r\na=fmtp:%[1]d packetization-mode=1; profile-level-id=%s; sprop-parameter-sets=%s,%s\r\n",
		videoType, strings.ToUpper(hex.EncodeToString(sets[sps][1:4])), b64(sets[sps]), b64(sets[pps]))
}

// naluKind is what the simulator must know of a NAL unit.
type naluKind int

const (
	otherNALU naluKind = iota // left out: SEI, delimiters
	vps
	sps
	pps
	inter // a slice of an inter picture
	key   // a slice of a picture that a decoder can begin with
)

func classifyH264(nalu []byte) naluKind {
	switch nalu[0] & 0x1f {
	case 1:
		return inter
	case 5:
		return key
	case 7:
		return sps
	case 8:
		return pps
	}
	return otherNALU
}

func classifyH265(nalu []byte) naluKind {
	switch t := nalu[0] >> 1 & 0x3f; {
	case t <= 9:
		return inter
	case t >= 16 && t <= 21:
		return key
	case t == 32:
		return vps
	case t == 33:
		return sps
	case t == 34:
		return pps
	}
	return otherNALU
}

// splitAnnexB is the NAL units of a byte stream, without start codes and trailing zeros.
func splitAnnexB(b []byte) [][]byte {
	start := []byte{0, 0, 1}
	var nalus [][]byte
	at := bytes.Index(b, start)
	for at >= 0 {
		b = b[at+len(start):]
		at = bytes.Index(b, start)
		nalu := b
		if at >= 0 {
			nalu = b[:at]
		}
		if nalu = bytes.TrimRight(nalu, "\x00"); len(nalu) > 0 {
			nalus = append(nalus, nalu)
		}
	}
	return nalus
}
