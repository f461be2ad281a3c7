package live

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/streams"
)

// TestEveryPicture puts a clip through and finds each NAL unit again.
func TestEveryPicture(t *testing.T) {
	for name, want := range map[string]string{
		"moving.h264":     `video/mp4; codecs="avc1.`,
		"moving-sub.h264": `video/mp4; codecs="avc1.`,
		"moving.h265":     `video/mp4; codecs="hvc1.1.6.L`,
	} {
		t.Run(name, func(t *testing.T) {
			pictures, h265 := clip(t, name)
			var f format.Format = &format.H264{PayloadTyp: 96}
			if h265 {
				f = &format.H265{PayloadTyp: 96}
			}
			m, err := New(describe(f)) // the parameter sets come in-band
			if err != nil {
				t.Fatal(err)
			}
			c := newCamera(t, h265)
			ts := uint32(1<<32 - 90_000) // wraps
			next := int64(0)
			var file []byte
			for i, picture := range pictures[:120] {
				segments := m.Unit(c.unit(picture, ts, -1))
				ts += 3600
				if i == 0 {
					if len(segments) != 2 || !strings.HasPrefix(segments[0].MIME, want) {
						t.Fatalf("begins with %d segments, %q", len(segments), segments[0].MIME)
					}
					file = append(file, segments[0].Data...)
					segments = segments[1:]
				}
				if len(segments) != 1 || segments[0].MIME != "" {
					t.Fatalf("picture %d: %d segments", i, len(segments))
				}
				file = append(file, segments[0].Data...)
				p := parseFragment(t, segments[0].Data)
				if p.at != next || p.durations[0] != 3600 || p.shift[0] != 0 || (p.flags[0] == syncSample) != (i%50 == 0) {
					t.Fatalf("picture %d: %d want %d, %+v", i, p.at, next, p)
				}
				next += 3600
				if got := nals(t, p.data); !slices.EqualFunc(got, shown(picture, h265), bytes.Equal) {
					t.Fatalf("picture %d: %d NAL units, want %d", i, len(got), len(shown(picture, h265)))
				}
			}
			probe(t, file, 120, 0)
		})
	}
}

// nals cuts a sample apart.
func nals(t *testing.T, b []byte) (all [][]byte) {
	for len(b) > 0 {
		n := int(binary.BigEndian.Uint32(b))
		all = append(all, b[4:4+n])
		b = b[4+n:]
	}
	return all
}

// shown is a picture's NAL units without those that the initialisation segment has.
func shown(picture [][]byte, h265 bool) (all [][]byte) {
	for _, nal := range picture {
		if t := nal[0] & 0x1f; !h265 && (t <= 6) || h265 && (nal[0]>>1 < 32 || nal[0]>>1 >= 39) {
			all = append(all, nal)
		}
	}
	return all
}

// probe lets ffmpeg decode a file, where there is one, and counts.
func probe(t *testing.T, file []byte, pictures, sounds int) {
	t.Helper()
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Log("no ffprobe: the file isn't decoded")
		return
	}
	path := filepath.Join(t.TempDir(), "live.mp4")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ffprobe, "-v", "error", "-count_frames", "-show_entries", "stream=codec_type,nb_read_frames", "-of", "json", path)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("ffprobe: %v\n%s", err, &complaints)
	}
	var answer struct {
		Streams []struct {
			Type string `json:"codec_type"`
			N    int    `json:"nb_read_frames,string"`
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	for _, s := range answer.Streams {
		if s.Type == "video" && s.N != pictures || s.Type == "audio" && s.N != sounds {
			t.Errorf("%d of %s; want %d and %d", s.N, s.Type, pictures, sounds)
		}
	}
}

func TestUnplayable(t *testing.T) {
	_, err := New(describe(&format.MJPEG{}, &format.G711{}))
	if !errors.Is(err, ErrUnplayable) || !strings.Contains(err.Error(), "G711") {
		t.Errorf("%v", err)
	}
}

// TestHole leaves out what is damaged, and what comes of it, until the next keyframe.
func TestHole(t *testing.T) {
	pictures, _ := clip(t, "moving.h264")
	m, c := muxer(t), newCamera(t, false)
	var got []int
	for i, picture := range pictures[:120] {
		u := c.unit(picture, uint32(i*3600), map[bool]int{true: 0, false: -1}[i == 60])
		if i == 10 {
			continue // lost as a whole
		}
		if len(m.Unit(u)) > 0 {
			got = append(got, i)
		}
	}
	want := append(upTo(0, 10), upTo(50, 60)...)
	want = append(want, upTo(100, 120)...)
	if !slices.Equal(got, want) {
		t.Errorf("shown: %v", got)
	}
}

func upTo(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func muxer(t testing.TB, more ...format.Format) *Muxer {
	m, err := New(describe(append([]format.Format{&format.H264{PayloadTyp: 96}}, more...)...))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestResolution gives a new initialisation segment when the camera changes its picture.
func TestResolution(t *testing.T) {
	large, _ := clip(t, "moving.h264")
	small, _ := clip(t, "moving-sub.h264")
	m, c := muxer(t), newCamera(t, false)
	all := append(append(append([][][]byte{}, large[:20]...), small[:20]...), large[:20]...)
	var types []string
	for i, picture := range all {
		segments := m.Unit(c.unit(picture, uint32(i*3600), -1))
		if (segments[0].MIME != "") != (i%20 == 0) {
			t.Fatalf("picture %d: %q", i, segments[0].MIME)
		}
		if segments[0].MIME != "" {
			types = append(types, segments[0].MIME)
			entry := box(t, segments[0].Data, "moov", "trak", "mdia", "minf", "stbl", "stsd")[8:]
			config := box(t, box(t, entry, "avc1")[78:], "avcC")
			if !bytes.Contains(config, sps264(picture)) {
				t.Errorf("picture %d: avcC isn't of its SPS", i)
			}
		}
	}
	if types[0] != types[2] || types[0] == types[1] {
		t.Errorf("%q", types)
	}
}

func sps264(picture [][]byte) []byte {
	return picture[slices.IndexFunc(picture, func(nal []byte) bool { return nal[0]&0x1f == 7 })]
}

// TestSteady checks what a browser wants of the times, whatever the camera's are: each fragment
// begins where the last one ended, and no error stays.
func TestSteady(t *testing.T) {
	pictures, _ := clip(t, "still-sub.h264")
	m, c := muxer(t), newCamera(t, false)
	const base = 1 << 31
	times := []uint32{}
	now := uint32(base)
	step := func(n int, ticks ...uint32) {
		for i := range n {
			times = append(times, now)
			now += ticks[i%len(ticks)]
		}
	}
	step(50, 90)         // a late join's pictures, squeezed
	step(50, 3000, 4200) // uneven
	step(50, 18000)      // five a second
	step(50, 3600)       // twenty-five
	times[170] -= 45_000 // backwards once
	now += 90_000 * 6    // a pause
	step(50, 3600)       //
	now -= 2_000_000_000 // another clock
	step(50, 3600)       //
	next, last := int64(0), int64(0)
	for i, ts := range times {
		segments := m.Unit(c.unit(pictures[i%50], ts, -1))
		p := parseFragment(t, segments[len(segments)-1].Data)
		if p.at != next {
			t.Fatalf("picture %d at %d, want %d", i, p.at, next)
		}
		next = p.at + int64(p.durations[0])
		if want := int64(ts - base); i > 60 && i < 170 && i%50 > 20 && max(p.at-want, want-p.at) > 1300 {
			t.Errorf("picture %d at %d, want %d", i, p.at, want)
		}
		last = p.at
	}
	// All steps, with those that are another clock counted as one picture's.
	if want := int64(50*90 + 50*3600 + 50*18000 + 50*3600 + 90_000*6 + 50*3600 + 50*3600); max(last-want, want-last) > 4*3600 {
		t.Errorf("ends at %d, want %d", last, want)
	}
}

// TestReordered takes pictures in another order than they are shown in.
func TestReordered(t *testing.T) {
	pictures, _ := clip(t, "still-sub.h264")
	m, c := muxer(t), newCamera(t, false)
	order := []int{0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14, 18, 16, 17, 21, 19, 20, 24, 22, 23, 27, 25, 26}
	var shows []int64
	next := int64(0)
	for i, n := range order {
		segments := m.Unit(c.unit(pictures[i], uint32(n*3600), -1))
		p := parseFragment(t, segments[len(segments)-1].Data)
		if p.at != next || p.shift[0] < 0 {
			t.Fatalf("picture %d at %d, want %d; shift %d", i, p.at, next, p.shift[0])
		}
		next = p.at + int64(p.durations[0])
		shows = append(shows, p.at+int64(p.shift[0]))
	}
	settled := shows[13:] // the depth had to be found out
	for i := range settled {
		for j := range i {
			if d := (settled[i] - settled[j]) - int64(order[13+i]-order[13+j])*3600; d < -1800 || d > 1800 {
				t.Errorf("pictures %d and %d are %d ticks off", i, j, d)
			}
		}
	}
}

// TestSound puts sound to the picture.
func TestSound(t *testing.T) {
	for _, reported := range []bool{false, true} {
		pictures, _ := clip(t, "moving.h264")
		m, c := muxer(t, &format.G711{PayloadTyp: 8}, aacFormat()), newCamera(t, false)
		if m.audio.track != 2 {
			t.Fatalf("sound is track %d", m.audio.track)
		}
		var file []byte
		add := func(segments []Segment) {
			for _, s := range segments {
				file = append(file, s.Data...)
			}
		}
		sounds, seq, start := 0, uint16(0), c.now
		var first int64 = -1
		for i, picture := range pictures[:100] {
			c.now = start.Add(time.Duration(i) * 40 * time.Millisecond)
			if reported && i == 10 { // sound was taken 100 ms before what its arrival says
				m.Unit(senderReport(0, start.Add(400*time.Millisecond), uint32(i*3600)))
				m.Unit(senderReport(2, start.Add(300*time.Millisecond), uint32(77777+i*1920)))
			}
			add(m.Unit(c.unit(picture, uint32(i*3600), -1)))
			segments := m.Unit(aacUnit(t, 2, seq, uint32(77777+i*1920), c.now, 2)) // 2 × 1024 of 1920: too many, so some are left out
			seq++
			add(segments)
			for _, s := range segments {
				p := parseFragment(t, s.Data)
				sounds += len(p.size)
				if first < 0 {
					first = p.at
				}
				want := int64(i * 1920)
				if reported && i > 20 {
					want -= 4800
				}
				if d := p.at - want; (i < 10 || i > 20) && (d < -2048-1920 || d > 2048+1920) {
					t.Errorf("reported %v: sound with picture %d at %d, want %d", reported, i, p.at, want)
				}
			}
		}
		if first != 0 || sounds < 180 || sounds > 200 {
			t.Errorf("reported %v: begins at %d, %d access units", reported, first, sounds)
		}
		probe(t, file, 100, sounds)
	}
}

func senderReport(track int, at time.Time, timestamp uint32) *streams.Unit {
	b := []byte{0x80, 200, 0, 6, 0, 0, 0, 1}
	b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()+2208988800))
	b = binary.BigEndian.AppendUint32(b, uint32(uint64(at.Nanosecond())<<32/1e9))
	b = binary.BigEndian.AppendUint32(b, timestamp)
	b = append(b, make([]byte, 8)...)
	u := streams.NewUnit(track, true, 0)
	u.Append(b)
	u.At = at
	return u
}

// TestSoundAlone plays without a picture.
func TestSoundAlone(t *testing.T) {
	m, err := New(describe(aacFormat()))
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for i := range 50 {
		segments := m.Unit(aacUnit(t, 0, uint16(i), uint32(i*1024), time.Unix(int64(i), 0), 1))
		if i == 0 && segments[0].MIME != `video/mp4; codecs="mp4a.40.2"` {
			t.Errorf("%q", segments[0].MIME)
		}
		for _, s := range segments {
			file = append(file, s.Data...)
		}
	}
	probe(t, file, 0, 50)
}

// TestSilence shows a picture though the promised sound doesn't come, and goes on with it when it does.
func TestSilence(t *testing.T) {
	stereo := aacFormat()
	stereo.Config.ChannelCount = 2
	for name, f := range map[string]format.Format{"mono": aacFormat(), "stereo": stereo, "opus": &format.Opus{PayloadTyp: 97, ChannelCount: 2}} {
		t.Run(name, func(t *testing.T) {
			pictures, _ := clip(t, "moving.h264")
			m, c := muxer(t, f), newCamera(t, false)
			var file []byte
			ends := map[uint32]int64{}
			sounds, start := 0, c.now
			add := func(segments []Segment) {
				for _, s := range segments {
					file = append(file, s.Data...)
					if s.MIME != "" {
						continue
					}
					p := parseFragment(t, s.Data)
					if end, known := ends[p.track]; known && p.at != end {
						t.Fatalf("track %d at %d, want %d", p.track, p.at, end)
					}
					ends[p.track] = p.at
					for _, d := range p.durations {
						ends[p.track] += int64(d)
					}
					if p.track == audioID {
						sounds += len(p.size)
					}
				}
			}
			for i, picture := range pictures[:100] {
				c.now = start.Add(time.Duration(i) * 40 * time.Millisecond)
				add(m.Unit(c.unit(picture, uint32(i*3600), -1)))
				if name == "mono" && i >= 50 {
					add(m.Unit(aacUnit(t, 1, uint16(i), uint32(i*1920), c.now, 2)))
				}
				if i > 60 { // an end of the sound isn't far from that of the picture
					if d := ends[videoID]/90 - ends[audioID]/48; d < -60 || d > 200 {
						t.Errorf("picture %d: sound ends %d ms before it", i, d)
					}
				}
			}
			probe(t, file, 100, sounds)
		})
	}
}

// TestEndIsMissing has a NAL unit in pieces without an end, although no packet is missing: nothing of
// it may be in a sample.
func TestEndIsMissing(t *testing.T) {
	pictures, _ := clip(t, "moving.h264")
	m, c := muxer(t), newCamera(t, false)
	if len(m.Unit(c.unit(pictures[0], 0, -1))) == 0 {
		t.Fatal("no picture")
	}
	slice := c.unit(pictures[1], 3600, -1)
	for _, begun := range [][]byte{{0x7c, 0x81, 1, 2, 3}, {0x7c, 0x85, 1, 2, 3}} {
		u := streams.NewUnit(0, false, 0)
		seq := uint16(0)
		for raw := range slice.Packets() {
			if u.Len() == 0 { // it comes before the picture, with the numbers running on
				seq = binary.BigEndian.Uint16(raw[2:])
				u.Append(append(bytes.Clone(raw[:12]), begun...))
			}
			raw = bytes.Clone(raw)
			seq++
			binary.BigEndian.PutUint16(raw[2:], seq)
			u.Append(raw)
		}
		if got := m.Unit(u); len(got) != 0 {
			t.Errorf("%x: %d segments", begun, len(got))
		}
	}
}

// TestAnotherPayloadType is a camera that doesn't send the payload type that it names.
func TestAnotherPayloadType(t *testing.T) {
	pictures, _ := clip(t, "moving.h264")
	m, err := New(describe(&format.H264{PayloadTyp: 97}))
	if err != nil {
		t.Fatal(err)
	}
	c := newCamera(t, false)
	for i := range 3 {
		if len(m.Unit(c.unit(pictures[i], uint32(i*3600), -1))) == 0 {
			t.Errorf("picture %d is not shown", i)
		}
	}
}
