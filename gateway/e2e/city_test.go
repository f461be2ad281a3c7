//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/gateway/nodes"
	"sharpeyes/streams/sim"
)

// Three gateways share the reference city, one is killed, and twenty readers of one camera are spread over them:
// what make bench-city prints. A missed bar fails.
func TestCityOfGateways(t *testing.T) {
	if os.Getenv("SHARPEYES_CITY") == "" {
		t.Skip("SHARPEYES_CITY=1 runs it: it wants the machine for itself")
	}
	const cameras = 62283
	s := startSim(t, cameras)
	url := startNATS(t)
	over := settings{"health": `{interval: {1: 10s, 2: 30s, 3: 60s}, deep_interval: 0s}`}
	a := startNode(t, url, "a", nil, over)
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/d%d/s%d", i%6, i%216)
		rows[i]["class"] = []string{"1", "1", "1", "1", "2", "2", "3", "3", "3"}[i%9]
	}
	a.register(t, rows...)
	divided(t, time.Minute, a, 1, cameras)
	joined := time.Now()
	all := map[string]*gateway{"a": a, "b": startNode(t, url, "b", a, over), "c": startNode(t, url, "c", a, over)}
	by := divided(t, time.Minute, a, 3, cameras)
	var table benchtable.Table
	fair, off := cameras/3, 0
	for _, n := range by {
		off = max(off, n-fair, fair-n)
	}
	table.Add(benchtable.Row{
		What: "three gateways: channels of each", Measured: fmt.Sprintf("%v, off by %.1f%%", by, 100*float64(off)/float64(fair)), Bar: "5%", Missed: off > fair/20,
	})
	table.Add(benchtable.Row{What: "until the two that came had theirs", Measured: benchtable.Show(time.Since(joined))})

	eventually(t, 3*time.Minute, func() error { // every camera was probed once
		if n := s.totals(t).Probes; n < cameras*2 {
			return fmt.Errorf("%d probes", n)
		}
		return nil
	})
	// Each class on its interval: 27,681 of class 1, 13,841 of 2, 20,761 of 3.
	want := 27681.0/10 + 13841.0/30 + 20761.0/60
	before, began := s.totals(t).Probes, time.Now()
	enough := before + uint64(60*want) // a minute's
	eventually(t, 3*time.Minute, func() error {
		if n := s.totals(t).Probes; n < enough {
			return fmt.Errorf("%d probes of %d", n-before, enough-before)
		}
		return nil
	})
	rate := float64(s.totals(t).Probes-before) / time.Since(began).Seconds()
	table.Add(benchtable.Row{
		What: "probes a second, of all together", Measured: fmt.Sprintf("%.0f, %.2f of what the intervals ask", rate, rate/want), Bar: "0.95 to 1.05",
		Missed: rate < want*0.95 || rate > want*1.05,
	})

	camera := s.find(t, 0, plain(sim.H264, false))
	id := fmt.Sprintf("camera-%d", camera)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	defer watching.Wait()
	defer sync.OnceFunc(func() { close(stop) })()
	var frames [20]atomic.Int64
	for i := range frames {
		g := all[[]string{"a", "b", "c"}[i%3]]
		watching.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					watchOnce(t, g, id, stop, &frames[i])
				}
			}
		})
	}
	eventually(t, 30*time.Second, func() error {
		for i := range frames {
			if frames[i].Load() < 25 {
				return fmt.Errorf("reader %d has %d frames", i, frames[i].Load())
			}
		}
		return nil
	})
	c := s.camera(t, camera)
	table.Add(benchtable.Row{What: "twenty readers at three gateways: sessions at the camera", Measured: fmt.Sprint(c.Sessions), Bar: "1", Missed: c.Sessions != 1})

	owner := ownerOf(t, all, id)
	living := strings.ReplaceAll("abc", owner, "")
	sample := map[int]int{} // cameras of the one that is killed, and how often each was probed
	t0 := ownersOf(t, url)
	for i := 0; i < cameras && len(sample) < 300; i += 37 {
		if i != camera && t0.Owner(rows[i]["site"], rows[i]["id"]) == owner { // one that is pulled needs no probe
			sample[i] = s.camera(t, i).Probes
		}
	}
	var was [20]int64
	all[owner].kill(t)
	died := time.Now()
	for i := range frames {
		was[i] = frames[i].Load()
	}
	var streamed time.Duration
	eventually(t, time.Minute, func() error {
		for i := range frames {
			if strings.Contains(living, []string{"a", "b", "c"}[i%3]) && frames[i].Load() <= was[i] {
				return fmt.Errorf("reader %d waits", i)
			}
		}
		streamed = time.Since(died)
		return nil
	})
	table.Add(benchtable.Row{
		What: "the puller is killed: all readers of the others have a picture", Measured: benchtable.Show(streamed), Bar: "5 s and the camera's start", Missed: streamed > 6*time.Second,
	})
	g := all[living[:1]]
	by = divided(t, time.Minute, g, 2, cameras)
	owned := time.Since(died)
	table.Add(benchtable.Row{What: "its channels are owned", Measured: fmt.Sprintf("%s, %v", benchtable.Show(owned), by), Bar: "10 s", Missed: owned > 10*time.Second})
	of := len(sample)
	eventually(t, time.Minute, func() error {
		for i, n := range sample {
			if s.camera(t, i).Probes > n {
				delete(sample, i)
			}
		}
		if len(sample) > 0 {
			return fmt.Errorf("%d cameras wait for a probe", len(sample))
		}
		return nil
	})
	probed := time.Since(died)
	table.Add(benchtable.Row{
		What: fmt.Sprintf("its cameras were probed again (each of %d of them)", of), Measured: benchtable.Show(probed), Bar: "10 s", Missed: probed > 10*time.Second,
	})
	table.Add(benchtable.Row{
		What: "cameras that had two sessions at a time, ever", Measured: fmt.Sprint(s.totals(t).Overpulled), Bar: "0", Missed: s.totals(t).Overpulled != 0,
	})
	var out strings.Builder
	missed, err := table.Write(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", out.String())
	if missed > 0 {
		t.Errorf("%d bars are missed", missed)
	}
}

// ownersOf is the table of owners that the gateways go by.
func ownersOf(t testing.TB, url string) *nodes.Table {
	t.Helper()
	kv, err := openJetStream(t, url).KeyValue(t.Context(), "SHARPEYES_NODES")
	if err != nil {
		t.Fatal(err)
	}
	e, err := kv.Get(t.Context(), "owners")
	if err != nil {
		t.Fatal(err)
	}
	table := new(nodes.Table)
	if err := json.Unmarshal(e.Value(), table); err != nil {
		t.Fatal(err)
	}
	return table
}

// A district with all of the reference city's channels is linked with the city: how long until the city has them, and what
// it missed while the link was cut. It is part of what make bench-city prints.
func TestCityOfLevels(t *testing.T) {
	if os.Getenv("SHARPEYES_CITY") == "" {
		t.Skip("SHARPEYES_CITY=1 runs it: it wants the machine for itself")
	}
	const cameras = 62283
	s := startSim(t, cameras)
	over := settings{"health": `{interval: {1: 10s, 2: 30s, 3: 60s}, confirm: 1, deep_interval: 0s, site_outage: {ratio: 1, window: 10s, min: 100000}}`}
	city := startLevel(t, "city", nil, over)
	district := startLevel(t, "siming", city, over)
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/d%d/s%d", i%6, i%216)
		rows[i]["class"] = []string{"1", "1", "1", "1", "2", "2", "3", "3", "3"}[i%9]
	}
	district.register(t, rows...)
	began := time.Now()
	var table benchtable.Table
	eventually(t, 3*time.Minute, func() error {
		if n := city.total(t); n != cameras {
			return fmt.Errorf("the city has %d channels", n)
		}
		return nil
	})
	table.Add(benchtable.Row{What: "62,283 channels of a district are the city's too", Measured: benchtable.Show(time.Since(began))})
	count := func(l *level) (n int) {
		var stats struct{ Total struct{ Online int } }
		l.get(t, "/api/v1/stats", &stats)
		return stats.Total.Online
	}
	same := func(what string, within time.Duration) {
		t.Helper()
		began := time.Now()
		eventually(t, within, func() error {
			if here, there := count(city), count(district); here != there || here == 0 {
				return fmt.Errorf("online are %d in the city, %d in the district", here, there)
			}
			return nil
		})
		table.Add(benchtable.Row{What: what, Measured: benchtable.Show(time.Since(began))})
	}
	eventually(t, 3*time.Minute, func() error {
		if n := count(district); n < cameras*9/10 {
			return fmt.Errorf("%d are online", n)
		}
		return nil
	})
	same("their states are the same, from when nine of ten are online", time.Minute)

	// Ten thousand cameras go and come while the link is cut.
	district.up.set(true)
	before := count(district)
	for i := range 10_000 {
		s.set(t, i, sim.Fault{Kind: sim.Die})
	}
	eventually(t, 3*time.Minute, func() error {
		if n := before - count(district); n < 8000 {
			return fmt.Errorf("%d have gone", n)
		}
		return nil
	})
	district.up.set(false)
	same("the link is back after 10,000 cameras went: the same states", time.Minute)
	last := func(l *level) string {
		var page struct{ Items []struct{ ID string } }
		l.get(t, "/api/v1/events?limit=1&kind=health", &page)
		return fmt.Sprint(page.Items)
	}
	backed := time.Now()
	eventually(t, time.Minute, func() error {
		if here, there := last(city), last(district); here != there {
			return fmt.Errorf("the last event is %s in the city, %s in the district", here, there)
		}
		return nil
	})
	table.Add(benchtable.Row{What: "and from then, the same last event", Measured: benchtable.Show(time.Since(backed))})
	now, most := city.resident(t)
	table.Add(benchtable.Row{What: "memory of the city's gateway", Measured: fmt.Sprintf("%d MiB, %d MiB at most", now>>20, most>>20)})
	var out strings.Builder
	if _, err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", out.String())
}
