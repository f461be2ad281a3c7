//go:build e2e

package e2e

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// playable starts a gateway with a channel of each codec, and returns the codecs by channel id.
func playable(t *testing.T) (*gateway, map[string]sim.Codec) {
	t.Helper()
	s := startSim(t, 400)
	g := startGateway(t, nil)
	codecs := map[string]sim.Codec{"h264": sim.H264, "h265": sim.H265}
	var rows []row
	for id, codec := range codecs {
		rows = append(rows, s.channelRow(id, s.find(t, 0, plain(codec, true))))
	}
	g.register(t, rows...)
	return g, codecs
}

// FFmpeg is what most video walls and programs are made with.
func TestFFmpegPlays(t *testing.T) {
	t.Parallel()
	g, codecs := playable(t)
	names := map[sim.Codec]string{sim.H264: "h264", sim.H265: "hevc"}
	for id, codec := range codecs {
		for _, transport := range []string{"tcp", "udp"} {
			t.Run(id+" "+transport, func(t *testing.T) {
				t.Parallel()
				// ffprobe decodes 100 pictures and has nothing to complain of.
				v := probeVideo(t, "-rtsp_transport", transport, "-count_frames", "-read_intervals", "%+#100", g.play(id))
				want := videoStream{Codec: names[codec], Width: 640, Height: 360, FrameRate: "25/1", Frames: "100"}
				// A reader that comes late gets the cached pictures close together, of which ffprobe makes
				// a high rate.
				if v.FrameRate != want.FrameRate && v.Frames == want.Frames {
					want.FrameRate = v.FrameRate
				}
				if v.Packets = ""; v != want {
					t.Errorf("ffprobe says %+v, want %+v", v, want)
				}
				// What ffmpeg copies has all pictures, evenly spaced, and decodes without a word.
				file := filepath.Join(t.TempDir(), "copy.mkv")
				clean(t, 30*time.Second, "ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", transport,
					"-i", g.play(id), "-c", "copy", "-frames:v", "100", file)
				times := packetTimes(t, file)
				if len(times) != 100 {
					t.Errorf("ffmpeg copied %d pictures, want 100", len(times))
				}
				// FFmpeg knows no time for the first picture of any RTSP stream, and copies it as
				// if it came with the second.
				// The pictures of the cache come first, closer together.
				live := false
				for i := 2; i < len(times); i++ {
					step := times[i] - times[i-1]
					if live = live || step > 0.038; live && math.Abs(step-0.040) > 0.002 {
						t.Errorf("picture %d comes %.3f s after the one before, want 0.040", i, step)
					}
				}
				clean(t, 30*time.Second, "ffmpeg", "-nostdin", "-v", "error", "-i", file,
					"-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-")
			})
		}
	}
	t.Run("sub stream", func(t *testing.T) {
		t.Parallel()
		v := probeVideo(t, "-rtsp_transport", "tcp", g.play("h265")+"/sub")
		if v.Codec != "h264" || v.Width != 320 || v.FrameRate != "25/1" {
			t.Errorf("ffprobe says %+v of the sub stream, want h264, 320 wide, 25/1", v)
		}
	})
}

// packetTimes are the times of a file's video packets, in seconds.
func packetTimes(t *testing.T, file string) []float64 {
	t.Helper()
	var found struct {
		Packets []struct {
			Time string `json:"pts_time"`
		} `json:"packets"`
	}
	out := clean(t, 30*time.Second, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "json", file)
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatal(err)
	}
	times := make([]float64, len(found.Packets))
	for i, p := range found.Packets {
		v, err := strconv.ParseFloat(p.Time, 64)
		if err != nil {
			t.Fatalf("time of packet %d: %v", i, err)
		}
		times[i] = v
	}
	return times
}

// GStreamer is what the rest is made with, on another RTSP stack.
func TestGStreamerPlays(t *testing.T) {
	t.Parallel()
	g, codecs := playable(t)
	for id := range codecs {
		for _, transport := range []string{"tcp", "udp"} {
			t.Run(id+" "+transport, func(t *testing.T) {
				t.Parallel()
				// The sink takes 100 decoded pictures and ends the pipeline. GStreamer may then interrupt itself in
				// the middle of writing PAUSE, and take the connection, which half a request ends, for broken.
				var o output
				for range 3 {
					o = run(t, 40*time.Second, []string{"GST_DEBUG=2"}, "gst-launch-1.0", "-q",
						"rtspsrc", "location="+g.play(id), "protocols="+transport, "latency=100",
						"!", "rtp"+id+"depay", "!", id+"parse", "!", "avdec_"+id,
						"!", "fakesink", "num-buffers=100", "sync=false")
					if o.err == nil || !strings.Contains(o.stderr, "Operation was cancelled") {
						break
					}
				}
				if o.err != nil {
					t.Fatalf("gst-launch-1.0: %v\n%s%s", o.err, o.stdout, o.stderr)
				}
			})
		}
	}
}

// Sound passes through beside the picture.
func TestSoundPlays(t *testing.T) {
	t.Parallel()
	s := startSim(t, 400)
	g := startGateway(t, nil)
	camera := s.find(t, 0, func(c sim.Scene) bool { return c.Audio && c.Codec == sim.H264 })
	g.register(t, s.channelRow("sound", camera))
	out := clean(t, 30*time.Second, "ffprobe", "-v", "error", "-rtsp_transport", "tcp",
		"-show_entries", "stream=codec_name,sample_rate", "-of", "csv=p=0", g.play("sound"))
	if got := strings.Fields(out); !slices.Equal(got, []string{"h264", "pcm_alaw,8000"}) {
		t.Errorf("ffprobe says %q, want h264 and pcm_alaw at 8000", got)
	}
}
