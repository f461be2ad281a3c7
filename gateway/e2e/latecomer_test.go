//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"sharpeyes/streams/sim"
)

// Subscribers that come while cameras change their state all the time, with an app's token, know the last
// state of each camera that the app may see and then each change, without a gap and without a repeat: the
// examples in Go and in Python that docs/events.md points to.
func TestLateComers(t *testing.T) {
	t.Parallel()
	const cameras, granted = 60, 40
	s := startSim(t, cameras)
	g := startGateway(t, settings{"health": `{interval: {1: 250ms, 2: 250ms, 3: 250ms}, timeout: 1s, confirm: 1,
  flapping: {changes: 0}, site_outage: {ratio: 1, min: 1000}}`})
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%02d", i), i)
		if i >= granted {
			rows[i]["scenario"] = "kitchen"
		}
	}
	g.register(t, rows...)
	g.commandOf(t, "users", "add", "bus", "--role", "app", "--grant", "list,events:scenario=campus")
	token := strings.TrimSpace(g.commandOf(t, "users", "token", "bus", "--for", "late comers"))

	// The truth: what a subscriber hears that was there before all.
	nc, err := nats.Connect(g.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	told := make(chan *nats.Msg, 1<<16)
	if _, err := nc.ChanSubscribe("sharpeyes.event.health.*.campus.>", told); err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	for i := range cameras {
		s.set(t, i, sim.Fault{Kind: sim.Flap, Up: 0.4 + float64(i)/100, Down: 0.5})
	}

	example := filepath.Join(t.TempDir(), "latecomer")
	if b, err := exec.Command("go", "build", "-o", example, "sharpeyes/gateway/e2e/latecomer").CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, b)
	}
	script, err := filepath.Abs("latecomer/latecomer.py")
	if err != nil {
		t.Fatal(err)
	}
	var comers []*lateComer
	for range 4 {
		comers = append(comers, g.comesLate(t, token, example), g.comesLate(t, token, program(t, "python3"), script))
	}
	for _, c := range comers {
		c.await(t, 20*granted)
	}
	for i := range cameras {
		s.heal(t, i)
	}
	// All is quiet when nobody hears anything for longer than a change takes.
	heard := map[string][]string{}
	for quiet := false; !quiet; {
		select {
		case m := <-told:
			var e cloudEvent
			if err := json.Unmarshal(m.Data, &e); err != nil {
				t.Fatal(err)
			}
			heard[e.Subject] = append(heard[e.Subject], e.ID)
		case <-time.After(3 * time.Second):
			quiet = true
		}
	}
	for _, c := range comers {
		c.check(t, heard)
	}
	if len(heard) != granted {
		t.Errorf("%d channels were told of, want %d", len(heard), granted)
	}
}

// lateComer is an example that runs.
type lateComer struct {
	name   string
	stdout transcript
	stderr transcript
}

func (g *gateway) comesLate(t *testing.T, token string, program ...string) *lateComer {
	t.Helper()
	c := &lateComer{name: filepath.Base(program[len(program)-1])}
	c.stdout.changed, c.stderr.changed = make(chan struct{}), make(chan struct{})
	args := append(program[1:], "--server", g.server(), "--nats", g.nats, "--token", token,
		"--subject", "sharpeyes.event.health.*.campus.>", "--filter", "scenario=campus")
	cmd := exec.Command(program[0], args...)
	cmd.Env = cleanEnv()
	cmd.Stdout, cmd.Stderr = &c.stdout, &c.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c.await(t, 1) // so that the next comes at another moment
	return c
}

// await waits until so many lines were printed.
func (c *lateComer) await(t *testing.T, lines int) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		text, changed := c.stdout.read()
		if strings.Count(text, "\n") >= lines {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s printed %d lines within a minute, want %d\n%s", c.name, strings.Count(text, "\n"), lines, c.stderr.tail(20))
		}
	}
}

// check compares what was printed with what was told: of each channel, an event and all that followed it.
func (c *lateComer) check(t *testing.T, told map[string][]string) {
	t.Helper()
	text, _ := c.stdout.read()
	had := map[string][]string{}
	for line := range strings.Lines(text) {
		var l struct{ ID, State, Event string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v in %s", c.name, err, line)
		}
		had[l.ID] = append(had[l.ID], l.Event)
	}
	if len(had) != len(told) {
		t.Errorf("%s knows %d channels, want %d", c.name, len(had), len(told))
	}
	later := 0
	for id, events := range told {
		want, first := events, had[id][0]
		if first == "" { // nothing was told yet
			want = append([]string{""}, events...)
		} else if from := slices.Index(events, first); from >= 0 {
			want = events[from:]
		}
		if !slices.Equal(had[id], want) {
			t.Fatalf("%s: %s: it had %d events, want %d: %v, want %v", c.name, id, len(had[id]), len(want), had[id], want)
		}
		later += len(had[id]) - 1
	}
	if said, _ := c.stderr.read(); said != "" {
		t.Errorf("%s: %s", c.name, said)
	}
	t.Logf("%s: %d changes after it came", c.name, later)
}
