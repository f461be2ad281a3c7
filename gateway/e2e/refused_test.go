//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams/sim"
)

// answer is what the gateway says to DESCRIBE, and how long it took.
func (g *gateway) answer(t testing.TB, id string) (*base.Response, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := dial(ctx, net.Dialer{}, g.play(id))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	began := time.Now()
	res, err := p.describe()
	if err != nil {
		t.Fatalf("DESCRIBE %s: %v", id, err)
	}
	return res, time.Since(began)
}

// A reader is told what is wrong, in time, and nothing is left behind.
func TestRefusalsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := startSim(t, 20)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 2s}"})
	faults := map[string]sim.Fault{
		"resets": {Kind: sim.Die},
		"mute":   {Kind: sim.Mute},
		"full":   {Kind: sim.Sessions, Sessions: 0},
	}
	off := s.channelRow("off", 0)
	off["url"] = "rtsp://" + deadAddress(t) + "/main"
	rows, camera := []row{off}, 1
	for id, f := range faults {
		rows = append(rows, s.channelRow(id, camera))
		s.set(t, camera, f)
		camera++
	}
	g.register(t, rows...)

	ask := func(id string, want base.StatusCode) {
		res, took := g.answer(t, id)
		if res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", id, res.StatusCode, res.StatusMessage, want)
		}
		if took > 4*time.Second {
			t.Errorf("%s: answered after %v, want it within start_timeout, 2 s", id, took)
		}
	}
	// Once before counting, so that whatever is made once has been made.
	ask("nobody", base.StatusNotFound)
	ask("off", base.StatusServiceUnavailable)
	var goroutines float64
	var files int
	eventually(t, 20*time.Second, func() error {
		// They may still be falling from the import; two equal counts in a row are rest.
		n, f := g.metric(t, "go_goroutines"), g.files(t)
		if n != goroutines || f != files {
			goroutines, files = n, f
			return fmt.Errorf("%v goroutines, %d files: not at rest", n, f)
		}
		return nil
	})

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { ask("nobody", base.StatusNotFound) })
		wg.Go(func() { ask("off", base.StatusServiceUnavailable) })
		for id := range faults {
			wg.Go(func() { ask(id, base.StatusServiceUnavailable) })
		}
	}
	wg.Wait()
	eventually(t, 20*time.Second, func() error {
		if n, f := g.metric(t, "go_goroutines"), g.files(t); n > goroutines || f > files {
			return fmt.Errorf("%v goroutines and %d files, want at most %v and %d as before", n, f, goroutines, files)
		}
		return nil
	})
	eventually(t, 5*time.Second, func() error {
		if c := s.totals(t); c.Sessions != 0 || c.Open != 0 {
			return fmt.Errorf("the cameras still have %d sessions and %d connections", c.Sessions, c.Open)
		}
		return nil
	})
}

// A camera that promises to send and doesn't is given up, and its reader doesn't wait for ever.
func TestSilentCameraIsGivenUp(t *testing.T) {
	t.Parallel()
	s := startSim(t, 10)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 2s}"})
	s.set(t, 1, sim.Fault{Kind: sim.Silent})
	g.register(t, s.channelRow("silent", 1))
	events := g.subscribe(t, "sharpeyes.event.stream.>")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := dial(ctx, net.Dialer{}, g.play("silent"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var refused *refusal
	if err := p.play(); err == nil {
		if err := p.watch(func(f *flow) bool { return false }); err == nil || ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the reader still waits: %v", err)
		}
	} else if !errors.As(err, &refused) || refused.res.StatusCode != base.StatusServiceUnavailable {
		t.Errorf("refused with %v, want 503", err)
	}
	events.await(t, 10*time.Second, "stream failed", func(e cloudEvent) bool {
		return e.Type == "sharpeyes.stream.failed" && e.Subject == "silent" && e.Data.Reason == "no_packets"
	})
	eventually(t, 5*time.Second, func() error {
		if c := s.totals(t); c.Sessions != 0 {
			return fmt.Errorf("the camera still has %d sessions", c.Sessions)
		}
		return nil
	})
}

// The password of a camera appears nowhere, least of all when it is refused.
func TestCameraRefusesPassword(t *testing.T) {
	t.Parallel()
	const secret = "Xq7#mark-of-the-password/93"
	s := startSim(t, 10)
	g := startGateway(t, settings{
		"health": eagerHealth,
		"log":    "{level: debug}",
	})
	events := g.subscribe(t, "sharpeyes.>")
	s.set(t, 1, sim.Fault{Kind: sim.Unauthorized})
	r := s.channelRow("locked", 1)
	r["username"], r["password"] = "admin", secret
	g.register(t, r)

	res, _ := g.answer(t, "locked")
	if said := res.StatusMessage + " " + string(res.Body); res.StatusCode != base.StatusServiceUnavailable || !strings.Contains(said, "password") && !strings.Contains(said, "unauthorized") {
		t.Errorf("the answer is %d %q, want 503 and the reason", res.StatusCode, said)
	}
	events.await(t, 10*time.Second, "stream failed", func(e cloudEvent) bool {
		return e.Type == "sharpeyes.stream.failed" && e.Subject == "locked" && e.Data.Reason == "unauthorized"
	})

	said := map[string]string{}
	for _, path := range []string{
		"/api/v1/channels", "/api/v1/channels/locked", "/api/v1/channels:export?format=csv", "/api/v1/channels:export?format=ndjson",
		"/api/v1/streams", "/api/v1/streams/locked", "/api/v1/stats", "/metrics",
	} {
		_, b := g.request(t, http.MethodGet, path, "")
		said[path] = string(b)
	}
	said["nats req"] = g.natsCommand(t, "req", "sharpeyes.api.channels.get", `{"id":"locked"}`)
	// A request that fails is where a value likes to slip into an error.
	_, b := g.request(t, http.MethodPatch, "/api/v1/channels/locked", `{"password":"`+secret+`","class":7}`)
	said["a refused PATCH"] = string(b)
	bad := s.channelRow("worse", 2)
	bad["class"], bad["username"], bad["password"] = "7", "admin", secret
	out, errs, _ := g.importFile(t, writeCSV(t, []row{bad}))
	said["a refused import"] = out + errs
	bad["url"], bad["password"] = "rtsp://admin:"+secret+"@127.0.0.1:99999/main", ""
	out, errs, _ = g.importFile(t, writeCSV(t, []row{bad}))
	said["a refused import of a URL"] = out + errs

	g.terminate(t)
	said["its log"], _ = g.stderr.read()
	said["its output"], _ = g.stdout.read()
	said["the events"], _ = events.said.read()
	walk(t, g.dir, func(name string, b []byte) { said["file "+name] = string(b) })
	for where, text := range said {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), "mark-of-the-password"} {
			if strings.Contains(text, form) {
				t.Errorf("the password is in %s", where)
			}
		}
	}
}

// walk reads all files under a folder.
func walk(t testing.TB, dir string, each func(name string, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if err == nil {
			each(name, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
