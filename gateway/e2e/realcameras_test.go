//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is the user that VLC runs as when the tests run as root, which it refuses.
const nobody = 65534

// background runs a program of somebody else for as long as the test, and returns what it prints.
func background(t testing.TB, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	var stderr transcript
	stderr.changed = make(chan struct{})
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("stderr of %s:\n%s", cmd.Path, stderr.tail(60))
		}
	})
	return bufio.NewScanner(out)
}

// realRow registers a camera that isn't simulated.
func realRow(id, url, transport string) row {
	return row{"id": id, "name": "Camera " + id, "class": "1", "site": "xiamen", "scenario": "campus", "url": url, "transport": transport}
}

// watchWhole reads a channel through the gateway as FFmpeg does, which decodes everything and must
// have nothing to complain of.
// What a line of its complaints must hold to be left alone is given by but.
func watchWhole(t *testing.T, g *gateway, id string, but []string, codecs ...string) {
	t.Helper()
	out := sober(t, but, "ffprobe", "-v", "error", "-rtsp_transport", "tcp",
		"-show_entries", "stream=codec_name", "-of", "csv=p=0", g.play(id))
	got := strings.Fields(out)
	slices.Sort(got)
	if slices.Sort(codecs); !slices.Equal(got, codecs) {
		t.Errorf("ffprobe says %q, want %q", got, codecs)
	}
	for _, transport := range []string{"tcp", "udp"} {
		// What was cached comes with times close together, so they are counted finely.
		out = sober(t, but, "ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", transport, "-i", g.play(id),
			"-t", "3", "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-progress", "-", "-f", "null", "-")
		frames := 0
		for line := range strings.Lines(out) {
			if n, ok := strings.CutPrefix(line, "frame="); ok {
				frames, _ = strconv.Atoi(strings.TrimSpace(n))
			}
		}
		// 75, and up to a group of pictures more at once.
		if frames < 60 || frames > 105 {
			t.Errorf("over %s: %d pictures in 3 s of the stream, want about 75", transport, frames)
		}
	}
}

// sober runs a program that must succeed and have nothing to say but what it may.
func sober(t *testing.T, but []string, name string, args ...string) string {
	t.Helper()
	o := run(t, 40*time.Second, nil, name, args...)
	for line := range strings.Lines(o.stderr) {
		if o.err != nil || !slices.ContainsFunc(but, func(s string) bool { return strings.Contains(line, s) }) {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), o.err, o.stderr)
		}
	}
	if o.err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), o.err)
	}
	return o.stdout
}

// GStreamer's RTSP server is what many an encoder and most home-made cameras are made of.
func TestGStreamerServerAsCamera(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // the one that Debian's python3-gi belongs to
	lines := background(t, exec.Command(python, filepath.Join("testdata", "gstcamera.py")))
	var open, locked int
	if !lines.Scan() {
		t.Fatal("GStreamer's server printed nothing: run .ci/setup")
	}
	if _, err := fmt.Sscan(lines.Text(), &open, &locked); err != nil {
		t.Fatalf("GStreamer's server says %q: %v", lines.Text(), err)
	}
	url := func(path string) string { return fmt.Sprintf("rtsp://127.0.0.1:%d/%s", open, path) }
	// Seven encoders that start at once take their time.
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 20s}"})
	secret := realRow("locked", fmt.Sprintf("rtsp://127.0.0.1:%d/locked", locked), "auto")
	secret["username"], secret["password"] = "admin", "gst pass:1"
	codecs := map[string][]string{
		"h264": {"h264"}, "h265": {"hevc"}, "aac": {"h264", "aac"}, "h264-udp": {"h264"}, "h265-udp": {"hevc"}, "only-udp": {"h264"}, "locked": {"h264"},
	}
	g.register(t,
		realRow("h264", url("h264"), "tcp"), realRow("h265", url("h265"), "auto"), realRow("aac", url("aac"), "tcp"),
		realRow("h264-udp", url("h264"), "udp"), realRow("h265-udp", url("h265"), "udp"), realRow("only-udp", url("udp"), "auto"), secret,
	)
	for id, want := range codecs {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			var but []string
			if id == "aac" {
				// FFmpeg goes by the time of the packets until a track's first sender report, and by
				// the report's from then on, which may be a few pictures earlier.
				but = append(but, "non monotonically increasing dts")
			}
			watchWhole(t, g, id, but, want...)
		})
	}
}

// vlc is VLC without a face, as a user that it agrees to run as, at home in a folder of its own.
func vlc(t testing.TB, args ...string) (cmd *exec.Cmd, home string) {
	t.Helper()
	home, err := os.MkdirTemp("", "sharpeyes-vlc-") // t.TempDir is for its owner alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	cmd = exec.Command(program(t, "vlc"), append([]string{"-I", "dummy", "--no-audio", "--no-dbus"}, args...)...)
	cmd.Dir = home
	cmd.Env = append(cleanEnv(), "HOME="+home)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := os.Chown(home, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return cmd, home
}

// VLC's server has no TCP, names no slash after its base, tells of sound before the picture, and
// gives both the same payload type.
func TestVLCServerAsCamera(t *testing.T) {
	t.Parallel()
	address := deadAddress(t)
	cmd, home := vlc(t, "--loop", "clip.mp4", "--sout", "#rtp{sdp=rtsp://"+address+"/x}", "--sout-keep")
	clip := filepath.Join(home, "clip.mp4")
	clean(t, 60*time.Second, "ffmpeg", "-nostdin", "-v", "error",
		"-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=60", "-f", "lavfi", "-i", "sine=frequency=400:sample_rate=48000:duration=60",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", clip)
	if err := os.Chmod(clip, 0o644); err != nil {
		t.Fatal(err)
	}
	background(t, cmd)
	eventually(t, 20*time.Second, func() error {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	g := startGateway(t, nil)
	g.register(t, realRow("vlc", "rtsp://"+address+"/x", "auto"))
	watchWhole(t, g, "vlc", []string{
		// FFmpeg takes the parameters of each track for the other's, too, since their types are one.
		"The profile-level-id field value is not a valid number",
		// VLC's reports give the last packet's timestamp the time of the report, so that on a busy
		// machine FFmpeg's idea of the time goes back by a picture or two.
		"non monotonically increasing dts",
	}, "h264", "aac")
}

// VLC is what people have on their desks. Its RTSP is that of LIVE555, which Debian's build leaves
// out: then there is nothing to be tested.
func TestVLCPlays(t *testing.T) {
	t.Parallel()
	list, _ := vlc(t, "--list")
	if out, err := list.Output(); err != nil || !strings.Contains(string(out), "live555") {
		t.Skipf("this VLC plays no RTSP: it was built without LIVE555 (%v)", err)
	}
	g, codecs := playable(t)
	names := map[string]string{"h264": "h264", "h265": "hevc"}
	for id := range codecs {
		for _, transport := range []string{"tcp", "udp"} {
			t.Run(id+" "+transport, func(t *testing.T) {
				t.Parallel()
				args := []string{g.play(id), "--play-and-exit", "--run-time=4", "--sout", "#file{mux=ts,dst=out.ts}", "vlc://quit"}
				if transport == "tcp" {
					args = append(args, "--rtsp-tcp")
				}
				cmd, home := vlc(t, args...)
				lines := background(t, cmd)
				done := make(chan struct{})
				go func() {
					for lines.Scan() {
					}
					close(done) // it has ended
				}()
				select {
				case <-done:
				case <-time.After(40 * time.Second):
					t.Fatal("VLC didn't end")
				}
				v := probeVideo(t, "-count_packets", filepath.Join(home, "out.ts"))
				n, _ := strconv.Atoi(v.Packets)
				if v.Codec != names[id] || v.Width != 640 || n < 75 {
					t.Errorf("VLC recorded %+v in 4 s", v)
				}
			})
		}
	}
}
