package quality

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"sharpeyes/streams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	frameTime = 40 * time.Millisecond
	gop       = 50
)

// clip is the access units of one of the simulator's clips.
type clip struct {
	hevc     bool
	pictures [][][]byte // NAL units
	keys     []bool
}

func loadClip(t testing.TB, name string) *clip {
	t.Helper()
	b, err := os.ReadFile("../sim/clips/" + name)
	if err != nil {
		t.Fatal(err)
	}
	c := &clip{hevc: strings.HasSuffix(name, "h265")}
	var unit [][]byte
	for _, n := range bytes.Split(b, []byte{0, 0, 1})[1:] {
		n = bytes.TrimRight(n, "\x00")
		kind, slice, key := n[0]&0x1f, false, false
		if c.hevc {
			kind = n[0] >> 1 & 0x3f
			slice, key = kind < 32, kind >= 16 && kind <= 21
		} else {
			slice, key = kind == 1 || kind == 5, kind == 5
		}
		unit = append(unit, n)
		if slice {
			c.pictures, c.keys = append(c.pictures, unit), append(c.keys, key)
			unit = nil
		}
	}
	return c
}

// describe is what a camera that plays the clip describes.
func (c *clip) describe(audio bool) *streams.Description {
	var f format.Format
	sets := c.pictures[0]
	if c.hevc {
		f = &format.H265{PayloadTyp: 96, VPS: sets[0], SPS: sets[1], PPS: sets[2]}
	} else {
		f = &format.H264{PayloadTyp: 96, SPS: sets[0], PPS: sets[1], PacketizationMode: 1}
	}
	d := &streams.Description{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{f}}}}
	if audio {
		d.Medias = append(d.Medias, &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}})
	}
	return d
}

// camera sends units as a camera would, in a time that the test moves.
type camera struct {
	t       testing.TB
	now     time.Time
	encode  func([][]byte) ([]*rtp.Packet, error)
	seq     [2]uint16
	packets int

	clip      *clip
	frame     int
	noKeys    bool
	noVideo   bool
	audio     bool
	silent    bool
	every     int // leaves out all but each so many inter pictures; 0: none
	loseEvery int // packets; 0: none
	skew      time.Duration
	reports   bool
}

func newCamera(t testing.TB, c *clip) *camera {
	t.Helper()
	k := &camera{t: t, now: time.Unix(1_790_000_000, 0), clip: c}
	k.use(c)
	return k
}

// use goes on with another clip.
func (k *camera) use(c *clip) {
	k.clip = c
	if c.hevc {
		e := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: 1400}
		if err := e.Init(); err != nil {
			k.t.Fatal(err)
		}
		k.encode = e.Encode
		return
	}
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1400, PacketizationMode: 1}
	if err := e.Init(); err != nil {
		k.t.Fatal(err)
	}
	k.encode = e.Encode
}

// step sends what belongs to one picture's time.
func (k *camera) step(to func(*streams.Unit)) {
	k.now = k.now.Add(frameTime)
	i := k.frame % len(k.clip.pictures)
	k.frame++
	key := k.clip.keys[i]
	if k.silent {
		return
	}
	if k.reports && k.frame%125 == 1 {
		to(report(0, k.now, k.now.Add(k.skew)))
	}
	if !k.noVideo && !(key && k.noKeys) && (key || k.every == 0 || i%k.every == 0) {
		k.picture(k.clip.pictures[i], key, to)
	}
	if k.audio {
		u := streams.NewUnit(1, false, 200)
		k.append(u, 1, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8}, Payload: make([]byte, 160)})
		u.At = k.now
		to(u)
	}
}

func (k *camera) picture(nalus [][]byte, key bool, to func(*streams.Unit)) {
	packets, err := k.encode(nalus)
	if err != nil {
		k.t.Fatal(err)
	}
	u := streams.NewUnit(0, false, 4096)
	for _, p := range packets {
		k.append(u, 0, p)
	}
	u.At, u.Keyframe = k.now, key
	if u.Len() > 0 {
		to(u)
	}
}

func (k *camera) append(u *streams.Unit, track int, p *rtp.Packet) {
	p.SequenceNumber = k.seq[track]
	k.seq[track]++
	k.packets++
	if k.loseEvery > 0 && k.packets%k.loseEvery == 0 {
		return
	}
	if err := u.AppendRTP(p); err != nil {
		k.t.Fatal(err)
	}
}

// report is a sender report of a camera whose clock shows the given time.
func report(track int, at, shows time.Time) *streams.Unit {
	b := make([]byte, senderInfo)
	b[0], b[1], b[3] = 0x80, senderReport, senderInfo/4-1
	binary.BigEndian.PutUint32(b[8:], uint32(shows.Unix()+ntpEpoch))
	binary.BigEndian.PutUint32(b[12:], uint32(uint64(shows.Nanosecond())<<32/1e9))
	u := streams.NewUnit(track, true, 64)
	u.Append(b)
	u.At = at
	return u
}

// run sends for d, and returns each change of the judge's verdict and when it came.
func (k *camera) run(j *Judge, d time.Duration) (changes []change) {
	was := j.Verdict(k.now).Reason
	until := k.now.Add(d)
	for n := 1; k.now.Before(until); n++ {
		k.step(j.Unit)
		if n%25 != 0 {
			continue
		}
		if v := j.Verdict(k.now); v.Reason != was {
			changes = append(changes, change{d - until.Sub(k.now), v})
			was = v.Reason
		}
	}
	return changes
}

type change struct {
	after time.Duration
	Verdict
}
