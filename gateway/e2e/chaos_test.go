//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry"
	"sharpeyes/streams/sim"
)

// edit is one change of a name, as its asker saw it.
type edit struct {
	channel, name string
	asked         time.Time
	answered      time.Time // zero: nobody knows whether it was made
}

// Gateways are killed, stopped and paused at random, for as long as SHARPEYES_CHAOS says, while channels are edited
// and cameras fail at all of them. Afterwards every edit that was acknowledged is in the history, once, and in an order in
// which they may have been made; all gateways have the same registry; no event is there twice, and no alert.
func TestChaos(t *testing.T) {
	t.Parallel()
	length := 30 * time.Second
	if v := os.Getenv("SHARPEYES_CHAOS"); v != "" {
		var err error
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatalf("SHARPEYES_CHAOS: %v", err)
		}
	}
	const cameras, edited = 200, 100
	s := startSim(t, cameras)
	url := startNATS(t)
	over := settings{"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`}
	first := startNode(t, url, "a", nil, over)
	all := []*gateway{first}
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/d%d/s%d", i%4, i%20)
	}
	first.register(t, rows...)
	for _, name := range []string{"b", "c"} {
		all = append(all, startNode(t, url, name, first, over))
	}
	rule := `{"enabled":true,"types":["sharpeyes.health.changed"],"when":"state == \"offline\"","severity":"warning","title":"{channel} is gone","fold_by":"channel"}`
	if res, b := first.request(t, http.MethodPut, "/api/v1/rules/gone", rule); res.StatusCode/100 != 2 {
		t.Fatalf("%s %s", res.Status, b)
	}
	divided(t, 60*time.Second, first, 3, cameras)

	end := time.Now().Add(length)
	var work sync.WaitGroup
	var mu sync.Mutex
	var edits []edit
	up := make([]sync.RWMutex, len(all)) // held while a gateway is brought down and up again
	for worker := range 4 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(worker)))
			for n := 0; time.Now().Before(end); n++ {
				e := edit{channel: fmt.Sprintf("camera-%d", r.IntN(edited)), name: fmt.Sprintf("name %d %d", worker, n), asked: time.Now()}
				i := r.IntN(len(all))
				up[i].RLock()
				server := all[i]
				up[i].RUnlock()
				res, _, err := server.try(t, http.MethodPatch, "/api/v1/channels/"+e.channel, fmt.Sprintf(`{"name":%q}`, e.name))
				if err == nil && res.StatusCode == http.StatusOK {
					e.answered = time.Now()
				}
				mu.Lock()
				edits = append(edits, e)
				mu.Unlock()
				pause(t.Context(), r, 40*time.Millisecond)
			}
		})
	}
	failed := 0
	work.Go(func() { // cameras die and come back
		r := rand.New(rand.NewPCG(9, 9))
		for time.Now().Before(end) {
			camera := edited + r.IntN(cameras-edited)
			s.set(t, camera, sim.Fault{Kind: sim.Die})
			failed++
			pause(t.Context(), r, 5*time.Second) // whether it is found or not
			s.heal(t, camera)
		}
	})
	r := rand.New(rand.NewPCG(8, 8))
	done := map[string]int{}
	for time.Now().Before(end) {
		i := r.IntN(len(all))
		g := all[i]
		switch r.IntN(3) {
		case 0:
			done["killed"]++
			up[i].Lock()
			g.kill(t)
			pause(t.Context(), r, 4*time.Second)
			g.start(t)
			up[i].Unlock()
		case 1:
			done["stopped"]++
			up[i].Lock()
			g.terminate(t)
			g.start(t)
			up[i].Unlock()
		default:
			done["paused"]++
			if err := syscall.Kill(g.pid(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			pause(t.Context(), r, 6*time.Second)
			if err := syscall.Kill(g.pid(), syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
		}
		pause(t.Context(), r, 3*time.Second)
	}
	work.Wait()
	divided(t, 90*time.Second, first, 3, cameras)

	acknowledged := 0
	for _, e := range edits {
		if !e.answered.IsZero() {
			acknowledged++
		}
	}
	t.Logf("%v; %d edits, %d acknowledged; %d cameras failed", done, len(edits), acknowledged, failed)
	if acknowledged < len(edits)/4 {
		t.Errorf("of %d edits only %d were acknowledged", len(edits), acknowledged)
	}
	eventually(t, 20*time.Second, func() error {
		want := first.commandOf(t, "channels", "export", "--format", "csv")
		for _, g := range all[1:] {
			if g.commandOf(t, "channels", "export", "--format", "csv") != want {
				return fmt.Errorf("two gateways have different registries")
			}
		}
		return nil
	})
	for channel := range edited {
		id := fmt.Sprintf("camera-%d", channel)
		_, b := all[channel%3].request(t, http.MethodGet, "/api/v1/channels/"+id+"/history?limit=1000", "")
		var h struct{ Items []registry.Change }
		if err := json.Unmarshal(b, &h); err != nil {
			t.Fatalf("%v %s", err, b)
		}
		if len(h.Items) == 1000 {
			t.Fatalf("%s was edited more often than history tells: it can't be checked for so long a run", id)
		}
		checkHistory(t, id, h.Items, edits)
	}
	var told events
	eventually(t, 90*time.Second, func() error { // whoever raised alerts last may have been killed
		told = readEvents(t, url)
		if told.offline == 0 || len(told.raised) != told.offline {
			return fmt.Errorf("%d channels went offline, and %d alerts were raised", told.offline, len(told.raised))
		}
		return nil
	})
	t.Logf("%d events, %d channels went offline, %d alerts", len(told.ids), told.offline, len(told.raised))
	for id, n := range told.ids {
		if n > 1 {
			t.Errorf("the event %s is there %d times", id, n)
		}
	}
	for id, n := range told.raised {
		if n > 1 {
			t.Errorf("the alert %s was raised %d times", id, n)
		}
	}
	for _, channel := range told.twice {
		t.Errorf("%s is told twice to be what it was", channel)
	}
}

// checkHistory holds a channel's history, newest first, against what the askers saw.
func checkHistory(t *testing.T, id string, history []registry.Change, edits []edit) {
	t.Helper()
	at := map[string]int{} // place of a name in the history, the oldest first
	for i, c := range slices.Backward(history) {
		for _, f := range c.Fields {
			if f.Field != "name" {
				continue
			}
			if _, twice := at[f.New]; twice {
				t.Errorf("%s became %q twice", id, f.New)
			}
			at[f.New] = len(history) - i
		}
	}
	var made []edit
	for _, e := range edits {
		if e.channel != id {
			continue
		}
		_, there := at[e.name]
		if !there && !e.answered.IsZero() {
			t.Errorf("%s: that it became %q was acknowledged, and isn't in the history", id, e.name)
		}
		if there {
			made = append(made, e)
		}
	}
	for _, a := range made {
		for _, b := range made {
			if !a.answered.IsZero() && a.answered.Before(b.asked) && at[a.name] > at[b.name] {
				t.Errorf("%s: %q was acknowledged before %q was asked for, and came later", id, a.name, b.name)
			}
		}
	}
}

// events are those of a stream.
type events struct {
	ids, raised map[string]int // how often each event is there, and each alert was raised
	offline     int            // changes of health to offline
	twice       []string       // channels of which a change told what was told before
}

func readEvents(t *testing.T, url string) events {
	t.Helper()
	c, err := openJetStream(t, url).OrderedConsumer(t.Context(), "SHARPEYES_EVENTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	all, state := events{ids: map[string]int{}, raised: map[string]int{}}, map[string]string{}
	for {
		m, err := c.Next(jetstream.FetchMaxWait(time.Second))
		if err != nil { // that was the last
			return all
		}
		var e struct {
			ID, Type, Subject string
			Data              struct{ Alert, Rule, State string }
		}
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			t.Fatal(err)
		}
		all.ids[e.ID]++
		switch e.Type {
		case "sharpeyes.alert.raised":
			if e.Data.Rule == "gone" { // others have causes of their own, such as the online rate
				all.raised[e.Data.Alert]++
			}
		case "sharpeyes.health.changed":
			if e.Data.State == "offline" {
				all.offline++
			}
			if was := state[e.Subject]; was != "" && was == e.Data.State {
				all.twice = append(all.twice, e.Subject)
			}
			state[e.Subject] = e.Data.State
		}
	}
}
