//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// The disk of data_dir runs full: edits are refused with the reason, streams and probes go on, what was acknowledged is
// there; and when there is room again all goes on, without a start.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt").Run(); err != nil {
		t.Skipf("no disk of its own can be had here: %v", err)
	}
	s := startSim(t, 60)
	g := prepareGateway(t, settings{"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`})
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	serve := func() {
		script := `mount -t tmpfs -o size=48m none "$1" && shift && exec "$@"`
		g.process = spawnAs(t, built, []string{"unshare", "-rm", "sh", "-c", script, "sh", g.dir}, nil, "serve", "--config", g.config)
		g.addresses(t)
	}
	serve()
	disk := filepath.Join("/proc", fmt.Sprint(g.pid()), "root", g.dir)

	camera := s.find(t, 0, plain(sim.H264, false))
	other := s.find(t, camera+1, plain(sim.H264, false))
	g.register(t, s.channelRow("gate", camera), s.channelRow("yard", other))
	city := &level{gateway: g, name: "the gateway"}
	city.sees(t, "gate", "online", "")
	city.sees(t, "yard", "online", "")
	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	defer close(stop)
	var frames atomic.Int64
	watching.Go(func() { watchOnce(t, g, "gate", stop, &frames) })
	edit := func(name string) (status int, body string, took time.Duration) {
		t.Helper()
		began := time.Now()
		res, b := g.request(t, http.MethodPatch, "/api/v1/channels/gate", fmt.Sprintf(`{"name":%q}`, name))
		return res.StatusCode, string(b), time.Since(began)
	}

	full, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for block := make([]byte, 64<<10); len(block) > 512; { // to the last page
		if _, err := full.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	edits := 0
	eventually(t, 20*time.Second, func() error { // what finds room in a page that is there is taken until it is noticed
		edits++
		if status, body, _ := edit(fmt.Sprint("too late ", edits)); status != http.StatusInsufficientStorage || !strings.Contains(body, "data_dir") {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
	was := frames.Load()
	if status, body, took := edit("never"); status != http.StatusInsufficientStorage || took > 5*time.Second {
		t.Errorf("an edit: %d after %v %s", status, took, body)
	}
	if res, b := g.request(t, http.MethodGet, "/readyz", ""); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(b), "disk") {
		t.Errorf("/readyz: %d %s", res.StatusCode, b)
	}
	s.set(t, other, sim.Fault{Kind: sim.Die})
	city.sees(t, "yard", "offline", "")
	eventually(t, 20*time.Second, func() error {
		if n := frames.Load(); n < was+20 {
			return fmt.Errorf("the reader has %d frames and had %d", n, was)
		}
		return nil
	})

	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	full.Close()
	eventually(t, 30*time.Second, func() error {
		if status, body, _ := edit("again"); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
	eventually(t, 30*time.Second, func() error {
		if res, b, err := g.try(t, http.MethodGet, "/readyz", ""); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%v %s", err, b)
		}
		var page struct {
			Items []struct{ Data struct{ State string } }
		}
		if g.get(t, "/api/v1/events?limit=1&kind=health&channel=yard", &page); len(page.Items) != 1 || page.Items[0].Data.State != "offline" {
			return fmt.Errorf("the last event of the yard is %v", page.Items)
		}
		return nil
	})
	var ch struct{ Name string }
	if g.get(t, "/api/v1/channels/gate", &ch); ch.Name != "again" {
		t.Errorf("the gate is called %q", ch.Name)
	}
}
