//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program finds a program on PATH or among the tools that .ci/setup installed.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", "tools", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s is neither on PATH nor in bin/tools: run .ci/setup", name)
	}
	return path
}

// output is what a program said.
type output struct {
	stdout, stderr string
	err            error // with the exit status; nil for 0
}

// run runs a program to its end, for a bounded time.
func run(t testing.TB, within time.Duration, env []string, name string, args ...string) output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Env = append(cleanEnv(), env...)
	cmd.WaitDelay = time.Second
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if ctx.Err() != nil && t.Context().Err() == nil {
		err = ctx.Err()
	}
	return output{o.String(), e.String(), err}
}

// clean runs a program that must succeed and have nothing to say on standard error.
func clean(t testing.TB, within time.Duration, name string, args ...string) string {
	t.Helper()
	o := run(t, within, nil, name, args...)
	if o.err != nil || strings.TrimSpace(o.stderr) != "" {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), o.err, o.stderr)
	}
	return o.stdout
}

// videoStream is what ffprobe tells of a video stream.
type videoStream struct {
	Codec     string `json:"codec_name"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	FrameRate string `json:"r_frame_rate"`
	Frames    string `json:"nb_read_frames"`
	Packets   string `json:"nb_read_packets"`
}

// probeVideo asks ffprobe for the one video stream of a URL or file.
func probeVideo(t testing.TB, flags ...string) videoStream {
	t.Helper()
	args := append([]string{"-v", "error", "-select_streams", "v", "-show_streams", "-of", "json"}, flags...)
	var found struct {
		Streams []videoStream `json:"streams"`
	}
	out := clean(t, 30*time.Second, "ffprobe", args...)
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found.Streams) != 1 {
		t.Fatalf("ffprobe %s: %v, %d video streams, want 1\n%s", strings.Join(flags, " "), err, len(found.Streams), out)
	}
	return found.Streams[0]
}
