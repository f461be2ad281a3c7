//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// The film is what it says: so many bits a second, one keyframe, at the beginning.
func TestFilm(t *testing.T) {
	t.Parallel()
	for _, gop := range []int{shortGOP, longGOP} {
		film, size := newFilm(gop), 0
		for i, p := range film {
			size += len(p)
			for rest := []byte(p); len(rest) > 0; {
				n := 4 + int(binary.BigEndian.Uint16(rest[2:]))
				packet, ok := parsePacket(rest[4:n])
				if !ok || packet.keyframe != (i == 0) || packet.marker != (n == len(rest)) {
					t.Fatalf("picture %d of %d: %+v, %v, with %d bytes left", i, gop, packet, ok, len(rest)-n)
				}
				rest = rest[n:]
			}
		}
		const fps = int(time.Second / frameTime)
		if rate := size * 8 / len(film) * fps; rate < 1_950_000 || rate > 2_080_000 {
			t.Errorf("GOP of %d: %d bit/s, want about 2 Mbit/s", gop, rate)
		}
	}
}

// Whoever reads the description takes the camera for one of 1080p.
func TestDescription(t *testing.T) {
	t.Parallel()
	var text sdp.SessionDescription
	if err := text.Unmarshal(sessionDescription()); err != nil {
		t.Fatal(err)
	}
	var d description.Session
	if err := d.Unmarshal(&text); err != nil {
		t.Fatal(err)
	}
	f, ok := d.Medias[0].Formats[0].(*format.H264)
	if !ok {
		t.Fatalf("the format is %T", d.Medias[0].Formats[0])
	}
	var s h264.SPS
	if err := s.Unmarshal(f.SPS); err != nil || s.Width() != 1920 || s.Height() != 1080 {
		t.Errorf("%d × %d, %v, want 1920 × 1080", s.Width(), s.Height(), err)
	}
}

// A reader sees what was lost, what was missing, and how long a picture took.
func TestWatcherCounts(t *testing.T) {
	t.Parallel()
	film := newFilm(shortGOP)
	sent := time.UnixMicro(1_800_000_000_123_456)
	n := numbers{ssrc: 1, timestamp: 0xffff_f000, seq: 65_530}
	var w watcher
	var lags histogram
	feed := func(b []byte) {
		t.Helper()
		// In pieces that respect nothing.
		for part := range slices.Chunk(b, 1000) {
			if err := w.feed(append(slices.Clone(w.rest), part...), sent.Add(3*time.Millisecond), &lags); err != nil {
				t.Fatal(err)
			}
		}
	}
	send := func(i int) []byte {
		b := n.appendPicture(nil, film[i], sent)
		n.timestamp += frameTicks
		return b
	}
	feed(n.appendReport(nil, sent))
	feed(send(0))
	feed(send(1))
	if w.lost != 0 || w.missing != 0 || w.uneven != 0 || w.frames != 2 {
		t.Errorf("all came, and it counts %+v", w.counts)
	}
	skipped := int64(len(slices.Collect(slices.Chunk(film[2], payloadMost))))
	send(2)
	feed(send(3))
	if w.missing != 1 || w.lost < skipped-1 || w.lost > skipped+1 {
		t.Errorf("a picture of about %d packets didn't come, and it counts %+v", skipped, w.counts)
	}
	n.timestamp += 100
	feed(send(4))
	if w.uneven != 1 || w.frames != 4 || w.worst != 3*time.Millisecond {
		t.Errorf("it counts %+v", w.counts)
	}
	if p50 := lags.quantile(0.5); p50 < 3*time.Millisecond || p50 > 3*time.Millisecond+2*cell || lags.n != 4 {
		t.Errorf("%d lags, p50 %v, want 4 of 3 ms", lags.n, p50)
	}
	if err := w.feed([]byte("RTSP/1.0"), sent, &lags); err == nil {
		t.Error("takes anything for packets")
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	if q := quantile([]int{}, 0.5); q != 0 {
		t.Errorf("of nothing: %d", q)
	}
	all := []int{5, 1, 4, 2, 3}
	if a, b := quantile(all, 0.5), quantile(all, 0.95); a != 3 || b != 5 {
		t.Errorf("p50 %d, p95 %d, want 3 and 5", a, b)
	}
}

func TestChannelNames(t *testing.T) {
	t.Parallel()
	kind, i, err := parseChannel(channelID(key, 123))
	if kind != key || i != 123 || err != nil {
		t.Errorf("%s %d %v", kind, i, err)
	}
	if _, _, err := parseChannel("x"); err == nil {
		t.Error("takes anything for a channel")
	}
	if got, want := cameraURL(long, 258, 554), "rtsp://127.1.1.2:554/long"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTrackURL(t *testing.T) {
	t.Parallel()
	for sdp, want := range map[string]string{
		"a=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=0\r\n": "rtsp://h/c/trackID=0",
		"a=control:rtsp://h/else\r\n":                                    "rtsp://h/else",
	} {
		if got := trackURL("rtsp://h/c/", []byte(sdp)); got != want {
			t.Errorf("%q: %s, want %s", sdp, got, want)
		}
	}
	r := &base.Request{Method: base.Setup, Header: base.Header{"CSeq": {"3"}, "Transport": {"RTP/AVP;unicast;client_port=1-2"}}}
	var res base.Response
	if err := res.Unmarshal(bufio.NewReader(bytes.NewReader(setupAnswer(r)))); err != nil || res.StatusCode != base.StatusUnsupportedTransport {
		t.Errorf("UDP is answered with %d, %v", res.StatusCode, err)
	}
}
