//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sharpeyes/streams/motion"
)

// What every film is: so long, and something moves in it at these times, the first long after the detector
// has learnt what is usual.
const (
	width, height, fps = 640, 360, 15
	frame              = time.Second / fps
	filmLength         = 64 * time.Second
)

// span is when something moves.
type span struct{ from, to time.Duration }

var moves = []span{{20 * time.Second, 26 * time.Second}, {36 * time.Second, 44 * time.Second}, {54 * time.Second, 58 * time.Second}}

// scenes are what stands behind, as filters on a picture that never changes.
var scenes = []struct{ name, filter string }{
	{"still", "null"},
	{"noisy", "noise=alls=6:allf=t"},
	{"swaying", "split[a][b];[b]crop=160:160:40:20,rotate='0.06*sin(2*PI*t/2.7)':fillcolor=none[c];[a][c]overlay=40:20"},
	{"raining", "noise=alls=18:allf=t,dblur=angle=82:radius=7"},
	{"night noise", "eq=brightness=-0.25:contrast=0.6,noise=alls=14:allf=t"},
	{"light switch", "eq=brightness='if(lt(mod(t,17),8.5),0,-0.22)':eval=frame,noise=alls=3:allf=t"},
}

// coders are how cameras encode.
var coders = []struct {
	name  string
	codec motion.Codec
	args  []string
}{
	{"x264 baseline, quality 24", motion.H264, []string{"-c:v", "libx264", "-profile:v", "baseline", "-crf", "24"}},
	{"x264 main, quality 24", motion.H264, []string{"-c:v", "libx264", "-profile:v", "main", "-crf", "24", "-bf", "0"}},
	{"x264 high, 400 kbit/s constant", motion.H264, []string{"-c:v", "libx264", "-profile:v", "high", "-b:v", "400k", "-maxrate", "400k", "-bufsize", "400k", "-bf", "0"}},
	{"x265, quality 26", motion.H265, []string{"-c:v", "libx265", "-crf", "26", "-bf", "0"}},
}

// film is an encoded scene: its access units, and what moves in it.
type film struct {
	codec motion.Codec
	units [][][]byte // of NAL units
	moves []span
}

// shoot makes a film of a scene in which something of a part of the picture (0: nothing) moves.
func shoot(ctx context.Context, dir string, scene, coder int, part float64) (film, error) {
	s, c := scenes[scene], coders[coder]
	name := filepath.Join(dir, fmt.Sprintf("%d-%d-%.2f.bin", scene, coder, part))
	graph := "[0:v]" + s.filter + "[s]"
	out := "[s]"
	if part > 0 {
		side := int(math.Sqrt(part*width*height)) &^ 1
		when := make([]string, len(moves))
		for i, m := range moves {
			when[i] = fmt.Sprintf("between(t,%g,%g)", m.from.Seconds(), m.to.Seconds())
		}
		// A box with something on it, that walks to and fro.
		graph += fmt.Sprintf(";[1:v]scale=%d:%d[o];[s][o]overlay=x='abs(mod(t*90,2*(W-w))-(W-w))':y='(H-h)/2+20*sin(t*3)':enable='%s':shortest=1[v]",
			side, side, strings.Join(when, "+"))
		out = "[v]"
	}
	raw, params := "h264", "-x264-params"
	if c.codec == motion.H265 {
		raw, params = "hevc", "-x265-params"
	}
	args := []string{
		"-v", "error", "-y",
		"-f", "lavfi", "-i", fmt.Sprintf("mandelbrot=size=%dx%d:rate=1:end_pts=1,trim=end_frame=1,loop=-1:1,fps=%d", width, height, fps),
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=160x160:rate=%d", fps),
		"-filter_complex", graph, "-map", out, "-t", fmt.Sprint(filmLength.Seconds()), "-pix_fmt", "yuv420p", "-preset", "veryfast", "-threads", "1",
	}
	args = append(args, c.args...)
	// An access unit delimiter tells where pictures begin; keyframes every two seconds, as cameras send them.
	args = append(args, params, fmt.Sprintf("aud=1:keyint=%d:min-keyint=%d:scenecut=0:log-level=error", 2*fps, 2*fps), "-f", raw, name)
	cmd := exec.CommandContext(ctx, "ffmpeg", args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return film{}, fmt.Errorf("making the scene %q: %w\n%s", s.name, err, said.String())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return film{}, fmt.Errorf("reading the scene %q: %w", s.name, err)
	}
	_ = os.Remove(name) // the folder goes later
	f := film{codec: c.codec, units: accessUnits(b, c.codec)}
	if part > 0 {
		f.moves = moves
	}
	if got, want := len(f.units), int(filmLength/frame); got < want-2 || got > want+2 {
		return film{}, fmt.Errorf("the scene %q has %d pictures, want %d", s.name, got, want)
	}
	return f, nil
}

// accessUnits splits a byte stream (H.264 and H.265, annex B) at its delimiters, which are left out.
func accessUnits(b []byte, codec motion.Codec) (units [][][]byte) {
	b = bytes.ReplaceAll(b, []byte{0, 0, 0, 1}, []byte{0, 0, 1})
	for _, nalu := range bytes.Split(b, []byte{0, 0, 1})[1:] {
		delimits := len(nalu) > 0 && (codec == motion.H264 && nalu[0]&0x1f == 9 || codec == motion.H265 && nalu[0]>>1&0x3f == 35)
		switch {
		case delimits:
			units = append(units, nil)
		case len(units) > 0:
			units[len(units)-1] = append(units[len(units)-1], nalu)
		}
	}
	return units
}
