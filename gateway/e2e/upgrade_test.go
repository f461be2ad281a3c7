//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// Three gateways run an earlier program, SHARPEYES_UPGRADE_FROM, and are replaced by this one, one after another, while
// six readers watch a camera and channels are edited: no reader connects again more than once, no edit is lost. make
// upgrade builds the earlier one.
func TestRollingUpgrade(t *testing.T) {
	earlier := os.Getenv("SHARPEYES_UPGRADE_FROM")
	if earlier == "" {
		t.Skip("SHARPEYES_UPGRADE_FROM names no earlier program")
	}
	const cameras = 90
	s := startSim(t, cameras)
	url := startNATS(t)
	health := `{interval: {1: 2s, 2: 2s, 3: 2s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`
	names := []string{"a", "b", "c"}
	all := map[string]*gateway{}
	for _, name := range names {
		g := prepareGateway(t, settings{
			"node": fmt.Sprintf("{name: %s}", name), "nats": fmt.Sprintf("{url: %q}", url), "health": health,
			"http": fmt.Sprintf("{listen: 127.0.0.1:%d}", freePorts(t, 1)[0]), "rtsp": fmt.Sprintf("{listen: 127.0.0.1:%d}", freePorts(t, 1)[0]),
		})
		if name != "a" {
			copyKey(t, all["a"].dir, g.dir)
		}
		g.process = spawnAs(t, earlier, nil, nil, "serve", "--config", g.config)
		g.addresses(t)
		all[name] = g
	}
	a := all["a"]
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/d%d/s%d", i%5, i%15)
	}
	a.register(t, rows...)
	divided(t, time.Minute, a, 3, cameras)

	camera := s.find(t, 0, plain(sim.H264, false))
	id := fmt.Sprintf("camera-%d", camera)
	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	defer close(stop)
	var frames, connected [6]atomic.Int64
	for i := range frames {
		g := all[names[i%3]]
		watching.Go(func() {
			for {
				was := frames[i].Load()
				watchOnce(t, g, id, stop, &frames[i])
				if frames[i].Load() > was { // else the gateway was not there yet
					connected[i].Add(1)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	flow := func() {
		t.Helper()
		var was [6]int64
		for i := range frames {
			was[i] = frames[i].Load()
		}
		eventually(t, 40*time.Second, func() error {
			for i := range frames {
				if frames[i].Load() < was[i]+20 {
					return fmt.Errorf("reader %d has %d frames, and had %d", i, frames[i].Load(), was[i])
				}
			}
			return nil
		})
	}
	flow()
	edits := 0
	edit := func(g *gateway) {
		t.Helper()
		edits++
		eventually(t, 20*time.Second, func() error {
			res, b, err := g.try(t, http.MethodPatch, "/api/v1/channels/camera-0", fmt.Sprintf(`{"name":"edit %d"}`, edits))
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("%d %s", res.StatusCode, b)
			}
			return err
		})
	}
	for i, name := range names {
		g := all[name]
		g.terminate(t)
		edit(all[names[(i+1)%3]])
		g.start(t)
		divided(t, time.Minute, g, 3, cameras)
		edit(g)
		flow()
	}
	for i := range connected {
		if n := connected[i].Load(); n > 1 {
			t.Errorf("reader %d, at %s, has connected again %d times", i, names[i%3], n)
		}
	}
	if n := s.totals(t).Overpulled; n != 0 {
		t.Errorf("%d cameras had two sessions at a time", n)
	}
	var h struct{ Items []struct{ Version uint64 } }
	a.get(t, "/api/v1/channels/camera-0/history?limit=1000", &h)
	if len(h.Items) != edits+1 {
		t.Errorf("%d changes are in the history, of %d", len(h.Items), edits+1)
	}
}
