//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// jumping is added to package time: the wall clock is off by the seconds that stand in a file, and the monotonic one
// isn't, as when somebody sets the clock.
const jumping = `package time

import (
	"sync/atomic"
	"syscall"
)

var jump atomic.Int64

func init() {
	name, ok := syscall.Getenv("SHARPEYES_TEST_CLOCK")
	if !ok {
		return
	}
	go func() {
		for ; ; Sleep(20 * Millisecond) {
			fd, err := open(name)
			if err != nil {
				continue
			}
			b := make([]byte, 20)
			n, _ := read(fd, b)
			closefd(fd)
			v, sign := int64(0), int64(1)
			for _, c := range b[:max(n, 0)] {
				if c == '-' {
					sign = -1
				} else {
					v = v*10 + int64(c-'0')
				}
			}
			jump.Store(sign * v)
		}
	}()
}
`

// buildJumping builds the program with a clock that can be set.
func buildJumping(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	text, err := os.ReadFile(filepath.Join(src, "time.go"))
	if err != nil {
		t.Fatal(err)
	}
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if !strings.Contains(string(text), now) {
		t.Skip("this version of Go tells the time otherwise")
	}
	changed := strings.Replace(string(text), now, now+"\tsec += jump.Load()\n", 1)
	replace := map[string]string{}
	for name, text := range map[string]string{"time.go": changed, "jumping.go": jumping} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(src, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "sharpeyes")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", file, "-o", program, "sharpeyes/cmd/sharpeyes").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// The clock of one of two gateways is set, to and fro, while both are watched: nobody is taken for dead, no camera for
// offline, streams go on and begin, channels are probed and edited.
func TestClockJumps(t *testing.T) {
	if os.Getenv("SHARPEYES_CLOCK") == "" {
		t.Skip("SHARPEYES_CLOCK=1 runs it: it builds everything anew, which takes minutes")
	}
	program := buildJumping(t)
	const cameras = 60
	s := startSim(t, cameras)
	url := startNATS(t)
	clock := filepath.Join(t.TempDir(), "clock")
	set := func(seconds int) {
		t.Helper()
		if err := os.WriteFile(clock+".new", []byte(fmt.Sprint(seconds)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(clock+".new", clock); err != nil {
			t.Fatal(err)
		}
	}
	set(0)
	all := map[string]*gateway{}
	for _, name := range []string{"a", "b"} {
		g := prepareGateway(t, settings{
			"node": fmt.Sprintf("{name: %s}", name), "nats": fmt.Sprintf("{url: %q}", url),
			"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s, clock_tolerance: 0s}`, // whose clock is wrong it can't know
		})
		var env []string
		if name == "a" {
			env = []string{"SHARPEYES_TEST_CLOCK=" + clock}
		} else {
			copyKey(t, all["a"].dir, g.dir)
		}
		g.process = spawnAs(t, program, nil, env, "serve", "--config", g.config)
		g.addresses(t)
		all[name] = g
	}
	a, b := all["a"], all["b"]
	var rows []row
	for i := 0; len(rows) < 20; i = s.find(t, i+1, plain(sim.H264, false)) {
		if i > 0 {
			r := s.channelRow(fmt.Sprintf("camera-%d", i), i)
			r["site"] = fmt.Sprintf("xiamen/d%d", len(rows)%8)
			rows = append(rows, r)
		}
		if i >= cameras-3 {
			break
		}
	}
	a.register(t, rows...)
	divided(t, time.Minute, a, 2, len(rows))

	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	defer close(stop)
	frames := make([]atomic.Int64, 2*len(rows))
	watched := 0
	watch := func(g *gateway, id string) { // one more reader
		n := &frames[watched]
		watched++
		watching.Go(func() { watchOnce(t, g, id, stop, n) })
	}
	flow := func(when string) {
		t.Helper()
		was := make([]int64, watched)
		for i := range was {
			was[i] = frames[i].Load()
		}
		eventually(t, 20*time.Second, func() error {
			for i := range was {
				if frames[i].Load() < was[i]+20 {
					return fmt.Errorf("%s: reader %d has %d frames, and had %d", when, i, frames[i].Load(), was[i])
				}
			}
			return nil
		})
	}
	online := func(when string) {
		t.Helper()
		for _, g := range all {
			eventually(t, 20*time.Second, func() error {
				if _, out := g.request(t, http.MethodGet, "/api/v1/stats", ""); !strings.Contains(string(out), fmt.Sprintf(`"online":%d`, len(rows))) {
					return fmt.Errorf("%s: %s", when, out)
				}
				return nil
			})
		}
	}
	online("at first")
	watch(a, rows[0]["id"])
	watch(b, rows[0]["id"])
	flow("at first")
	told := func() (all []string) {
		var page struct {
			Items []struct {
				Time time.Time
				Data struct {
					Channel                 struct{ ID string }
					Previous, State, Reason string
					Detail                  string
				}
			}
		}
		a.get(t, "/api/v1/events?kind=health&limit=1000", &page)
		for _, e := range page.Items { // newest first
			all = append(all, fmt.Sprintf("%v %+v", e.Time, e.Data))
		}
		return all
	}
	before := told()
	for n, seconds := range []int{300, -300, 3600, -86400, 0} {
		when := fmt.Sprintf("set by %d s", seconds)
		set(seconds)
		probes := s.totals(t).Probes
		flow(when)
		if divided(t, 20*time.Second, b, 2, len(rows)); n < 2 { // further apart, gateways take no tickets from one another
			watch(a, rows[2*n+1]["id"])
			watch(b, rows[2*n+1]["id"])
			watch(a, rows[2*n+2]["id"])
			watch(b, rows[2*n+2]["id"])
			flow(when + ", new readers")
		}
		for name, g := range all {
			if res, out := g.request(t, http.MethodPatch, "/api/v1/channels/"+rows[0]["id"], fmt.Sprintf(`{"name":"%s %s"}`, name, when)); res.StatusCode != http.StatusOK {
				t.Errorf("%s: an edit at %s: %d %s", when, name, res.StatusCode, out)
			}
		}
		eventually(t, 30*time.Second, func() error { // five times each of those that aren't pulled, and not at once
			if n := s.totals(t).Probes - probes; n < uint64(5*(len(rows)-watched)) {
				return fmt.Errorf("%s: %d probes", when, n)
			}
			return nil
		})
		online(when)
	}
	if now := told(); len(now) != len(before) {
		t.Errorf("changes of states were told:\n%s", strings.Join(now[:len(now)-len(before)], "\n"))
	}
	var alerts struct{ Items []struct{ Title string } }
	if a.get(t, "/api/v1/alerts", &alerts); len(alerts.Items) != 0 {
		t.Errorf("alerts: %+v", alerts.Items)
	}
}
