//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWithin = 20 * time.Second // on a busy machine; how fast it really is, is measured elsewhere
	exitWithin  = 10 * time.Second
)

// process is a running instance of the built program.
type process struct {
	cmd    *exec.Cmd
	stdout transcript
	stderr transcript
	exited chan struct{} // closed once it has ended and all its output was read
	err    error         // of Wait; valid after exited
	ended  bool          // the test itself has seen to its end
}

// spawn starts the program. When the test ends it is asked to stop, and must exit with status 0.
func spawn(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	return spawnAs(t, built, nil, env, args...)
}

// spawnAs is spawn of any program, by way of another one, which becomes it.
func spawnAs(t testing.TB, program string, by, env []string, args ...string) *process {
	t.Helper()
	line := append(append(by[:len(by):len(by)], program), args...)
	p := &process{cmd: exec.Command(line[0], line[1:]...), exited: make(chan struct{})}
	p.stdout.changed = make(chan struct{})
	p.stderr.changed = make(chan struct{})
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append(cleanEnv(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = exitWithin
	// Nothing stays behind when the tests themselves are killed.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start sharpeyes %s: %v", strings.Join(args, " "), err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		if !p.ended {
			p.terminate(t)
		}
		if t.Failed() {
			t.Logf("stderr of sharpeyes %s:\n%s", strings.Join(args, " "), p.stderr.tail(120))
		}
	})
	return p
}

// pid is the process id.
func (p *process) pid() int { return p.cmd.Process.Pid }

// terminate asks the program to stop and checks that it does, in time and with status 0.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	p.ended = true
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("send SIGTERM: %v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(exitWithin):
		// The stacks of its goroutines tell what it waited for.
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		select {
		case <-p.exited:
		case <-time.After(exitWithin):
			_ = p.cmd.Process.Kill()
			<-p.exited
		}
		t.Errorf("still running %v after SIGTERM:\n%s", exitWithin, p.stderr.tail(400))
		return
	}
	if p.err != nil {
		t.Errorf("exit after SIGTERM: %v, want status 0", p.err)
	}
}

// kill ends the program as a power cut would, as far as a process can tell.
func (p *process) kill(t testing.TB) {
	t.Helper()
	p.ended = true
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	<-p.exited
}

// awaitLine waits until standard error holds a log line with the given message, and returns its
// attributes.
func (p *process) awaitLine(t testing.TB, msg string, within time.Duration) map[string]string {
	t.Helper()
	deadline := time.After(within)
	for {
		text, changed := p.stderr.read()
		for line := range strings.Lines(text) {
			if a := attributes(line); a["msg"] == msg && strings.HasSuffix(line, "\n") {
				return a
			}
		}
		select {
		case <-changed:
		case <-p.exited:
			// What it said last may have come between the read and here.
			if text, _ := p.stderr.read(); !strings.Contains(text, "msg="+msg) {
				p.ended = true
				t.Fatalf("it ended (%v) before its log said %q:\n%s", p.err, msg, p.stderr.tail(60))
			}
		case <-deadline:
			t.Fatalf("its log didn't say %q within %v:\n%s", msg, within, p.stderr.tail(60))
		}
	}
}

var attribute = regexp.MustCompile(`([A-Za-z_.]+)=("(?:[^"\\]|\\.)*"|\S*)`)

// attributes reads the key=value pairs of one line of slog's text form.
func attributes(line string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(line, -1) {
		v := m[2]
		if unquoted, err := strconv.Unquote(v); err == nil {
			v = unquoted
		}
		out[m[1]] = v
	}
	return out
}

// cleanEnv is the environment without whatever would configure the program or the nats command.
func cleanEnv() []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SHARPEYES_") && !strings.HasPrefix(kv, "NATS_") {
			out = append(out, kv)
		}
	}
	return out
}

// command runs the program to its end and returns its output and exit status.
func command(t testing.TB, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built, args...)
	cmd.Env = append(cleanEnv(), env...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return o.String(), e.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("run sharpeyes %s: %v", strings.Join(args, " "), err)
	}
	return o.String(), e.String(), 0
}

// transcript is the output of a process, readable while it grows.
type transcript struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // closed and replaced whenever text grows
}

// Write appends what the process said.
func (s *transcript) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b...)
	close(s.changed)
	s.changed = make(chan struct{})
	return len(b), nil
}

// read returns all that was said, and a channel that is closed when there is more.
func (s *transcript) read() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text), s.changed
}

// tail returns the last lines.
func (s *transcript) tail(lines int) string {
	text, _ := s.read()
	all := strings.SplitAfter(text, "\n")
	if cut := len(all) - lines; cut > 0 {
		return fmt.Sprintf("… %d lines before\n", cut) + strings.Join(all[cut:], "")
	}
	return text
}

// eventually tries until the check is content, and fails the test with its last complaint
// otherwise. It is for what another process tells nobody about; the pause between two tries
// bounds only how soon the answer is noticed.
func eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
		<-pause.C
	}
}
