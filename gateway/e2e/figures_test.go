//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestDemoFigures measures the demo of the whole city: the time until it is ready on an existing
// data directory, and the memory and processor time of the one process that holds the gateway and
// all the simulated cameras while every channel is probed on its interval. It takes some minutes:
//
//	SHARPEYES_FIGURES=1 go test -tags e2e -run TestDemoFigures -v -timeout 30m ./gateway/e2e
//
// SHARPEYES_FIGURES_MINUTES is how long it probes before it is measured, 5 by default.
func TestDemoFigures(t *testing.T) {
	if os.Getenv("SHARPEYES_FIGURES") != "1" {
		t.Skip("takes minutes and a machine of its own: set SHARPEYES_FIGURES=1")
	}
	minutes := 5
	if v := os.Getenv("SHARPEYES_FIGURES_MINUTES"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			t.Fatalf("SHARPEYES_FIGURES_MINUTES=%s: want whole minutes", v)
		}
		minutes = n
	}
	dir := filepath.Join(t.TempDir(), "data")
	cameras := deadAddress(t)
	first := startDemo(t, dir, cameras)
	first.terminate(t)
	d := startDemo(t, dir, cameras)
	if n := d.total(t); n != city {
		t.Errorf("%d channels, want %d", n, city)
	}

	<-time.After(time.Duration(minutes) * time.Minute)
	before, probesBefore, began := d.cpu(t), d.sum(t, "sharpeyes_health_probes_total"), time.Now()
	<-time.After(time.Minute)
	used, probes, elapsed := d.cpu(t)-before, d.sum(t, "sharpeyes_health_probes_total")-probesBefore, time.Since(began)
	now, most := d.resident(t)
	var stats struct {
		Total struct{ Total, Online, Offline, Unknown int }
	}
	d.get(t, "/api/v1/stats", &stats)

	share, rate := used.Seconds()/elapsed.Seconds(), probes/elapsed.Seconds()
	t.Logf("\n"+
		"| %d channels, one process             | measured | asked for |\n"+
		"| ------------------------------------- | -------- | --------- |\n"+
		"| first start to ready, s               | %8.2f |           |\n"+
		"| start on existing data to ready, s    | %8.2f |      < 10 |\n"+
		"| memory after %2d minutes, MiB          | %8d |     < 600 |\n"+
		"| most memory until then, MiB           | %8d |           |\n"+
		"| probes a second                       | %8.0f |      3540 |\n"+
		"| cores used, simulator included        | %8.2f |       < 1 |\n"+
		"| channels online                       | %8d |           |\n",
		stats.Total.Total, first.took.Seconds(), d.took.Seconds(), minutes, now>>20, most>>20, rate, share, stats.Total.Online)
	if d.took > 10*time.Second {
		t.Errorf("ready after %v, want it within 10 s", d.took)
	}
	if now > 600<<20 {
		t.Errorf("%d MiB of memory, want less than 600", now>>20)
	}
	if share >= 1 {
		t.Errorf("%.2f cores, want less than 1", share)
	}
}
