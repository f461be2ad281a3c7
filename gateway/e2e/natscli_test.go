//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// natsCommand runs the nats command to its end against the gateway; it must succeed.
func (g *gateway) natsCommand(t testing.TB, args ...string) string {
	t.Helper()
	o := run(t, 20*time.Second, natsHome(t), "nats", append([]string{"--server", g.nats}, args...)...)
	if o.err != nil {
		t.Fatalf("nats %s: %v\n%s%s", strings.Join(args, " "), o.err, o.stdout, o.stderr)
	}
	return o.stdout
}

// natsHome keeps the contexts of whoever runs the tests out of them.
func natsHome(t testing.TB) []string {
	dir := t.TempDir()
	return []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "NO_COLOR=1"}
}

// cloudEvent is an event as a subscriber sees it.
type cloudEvent struct {
	Topic   string `json:"-"` // the NATS subject
	ID      string `json:"id"`
	Type    string `json:"type"`
	Source  string `json:"source"`
	Spec    string `json:"specversion"`
	Subject string `json:"subject"`
	Data    struct {
		Channel struct {
			ID    string `json:"id"`
			Class int    `json:"class"`
		} `json:"channel"`
		State    string  `json:"state"`
		Previous string  `json:"previous"`
		Reason   string  `json:"reason"`
		Score    float64 `json:"score"`
		Duration float64 `json:"duration"`
	} `json:"data"`
}

// subscription is a "nats sub" that listens.
type subscription struct {
	said transcript
	gone chan struct{} // closed when the command has ended
	err  error         // valid after gone
}

// marker is the channel whose "events" tell that a subscription has begun to hear.
const marker = "e2e-marker"

// subscribe runs "nats sub" with a pattern that ends in ">" until the test ends. It returns once
// the command hears what is published.
func (g *gateway) subscribe(t testing.TB, pattern string) *subscription {
	t.Helper()
	s := &subscription{gone: make(chan struct{})}
	s.said.changed = make(chan struct{})
	cmd := exec.Command(program(t, "nats"), "--server", g.nats, "sub", pattern)
	cmd.Env = append(cleanEnv(), natsHome(t)...)
	cmd.Stdout, cmd.Stderr = &s.said, &s.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start nats sub: %v", err)
	}
	go func() { s.err = cmd.Wait(); close(s.gone) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.gone
	})
	nc, err := nats.Connect(g.nats, nats.Timeout(5*time.Second))
	if err != nil {
		t.Fatalf("connect to %s: %v", g.nats, err)
	}
	defer nc.Close()
	topic := strings.TrimSuffix(pattern, ">") + marker
	eventually(t, 10*time.Second, func() error {
		if err := nc.Publish(topic, []byte(`{"subject":"`+marker+`"}`)); err != nil {
			return err
		}
		if err := nc.FlushTimeout(5 * time.Second); err != nil {
			return err
		}
		text, _ := s.said.read()
		if !strings.Contains(text, topic) {
			return &quiet{text}
		}
		return nil
	})
	return s
}

// quiet says that a subscription heard nothing yet.
type quiet struct{ said string }

func (q *quiet) Error() string { return "nats sub doesn't hear; it said:\n" + q.said }

var received = regexp.MustCompile(`Received on "([^"]+)"`)

// events are those heard so far, oldest first, and a channel that is closed when there are more.
func (s *subscription) events(t testing.TB) ([]cloudEvent, <-chan struct{}) {
	t.Helper()
	text, changed := s.said.read()
	var (
		out   []cloudEvent
		topic string
	)
	for line := range strings.Lines(text) {
		if m := received.FindStringSubmatch(line); m != nil {
			topic = m[1]
			continue
		}
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "\n") {
			continue
		}
		e := cloudEvent{Topic: topic}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("on %s: %v\n%s", topic, err, line)
		}
		if e.Subject != marker {
			out = append(out, e)
		}
	}
	return out, changed
}

// await waits for an event that is as wanted.
func (s *subscription) await(t testing.TB, within time.Duration, what string, wanted func(cloudEvent) bool) cloudEvent {
	t.Helper()
	deadline := time.After(within)
	for {
		events, changed := s.events(t)
		for _, e := range events {
			if wanted(e) {
				return e
			}
		}
		select {
		case <-changed:
		case <-s.gone:
			t.Fatalf("nats sub ended: %v", s.err)
		case <-deadline:
			t.Fatalf("no event %q within %v; there were %d:\n%s", what, within, len(events), s.said.tail(60))
		}
	}
}
