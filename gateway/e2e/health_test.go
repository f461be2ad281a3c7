//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// A camera that dies and comes back is heard of by whoever subscribed with the nats command.
func TestHealthEvents(t *testing.T) {
	t.Parallel()
	s := startSim(t, 10)
	g := startGateway(t, settings{"health": eagerHealth})
	events := g.subscribe(t, "sharpeyes.event.health.>")
	g.register(t, s.channelRow("lobby", 1), s.channelRow("other", 2))

	became := func(state, previous string) func(cloudEvent) bool {
		return func(e cloudEvent) bool {
			return e.Subject == "lobby" && e.Data.State == state && e.Data.Previous == previous
		}
	}
	e := events.await(t, 10*time.Second, "online at first", became("online", "unknown"))
	if want := "sharpeyes.event.health.c1.campus.xiamen.siming.zhonghua.lobby"; e.Topic != want {
		t.Errorf("published on %s, want %s", e.Topic, want)
	}
	if e.Spec != "1.0" || e.Type != "sharpeyes.health.changed" || e.ID == "" || e.Data.Channel.ID != "lobby" || e.Data.Channel.Class != 1 {
		t.Errorf("not the CloudEvent that was promised: %+v", e)
	}
	g.wantStatus(t, "lobby", "online")

	s.set(t, 1, sim.Fault{Kind: sim.Die})
	e = events.await(t, 10*time.Second, "offline", became("offline", "online"))
	if e.Data.Reason == "" {
		t.Errorf("offline without a reason: %+v", e)
	}
	g.wantStatus(t, "lobby", "offline")
	var stats struct {
		Total struct{ Online, Offline int }
	}
	if g.get(t, "/api/v1/stats", &stats); stats.Total.Online != 1 || stats.Total.Offline != 1 {
		t.Errorf("the statistics say %+v, want 1 online, 1 offline", stats.Total)
	}

	s.heal(t, 1)
	events.await(t, 10*time.Second, "online again", became("online", "offline"))
	g.wantStatus(t, "lobby", "online")

	// Changes, not samples: the other camera, probed all the while, was in the news once.
	all, _ := events.events(t)
	other := 0
	for _, e := range all {
		if e.Subject == "other" {
			other++
		}
	}
	if other != 1 || len(all) != 4 {
		t.Errorf("%d events, %d of the camera that was well, want 4 and 1", len(all), other)
	}

	// What was believed is believed after a restart, without news of it.
	g.terminate(t)
	g.start(t)
	g.wantStatus(t, "lobby", "online")
	var ch struct{ Status struct{ State string } }
	if g.get(t, "/api/v1/channels/lobby", &ch); ch.Status.State != "online" {
		t.Errorf("after a restart the channel is %q, want online", ch.Status.State)
	}
}

// wantStatus reads a channel's last status from the key-value bucket, with the nats command.
func (g *gateway) wantStatus(t testing.TB, id, state string) {
	t.Helper()
	eventually(t, 5*time.Second, func() error {
		o := run(t, 10*time.Second, natsHome(t), "nats", "--server", g.nats, "kv", "get", "SHARPEYES_STATUS", id, "--raw")
		if o.err != nil {
			return fmt.Errorf("nats kv get: %w\n%s%s", o.err, o.stdout, o.stderr)
		}
		var s struct{ State string }
		if err := json.Unmarshal([]byte(o.stdout), &s); err != nil {
			return fmt.Errorf("nats kv get: %w\n%s", err, o.stdout)
		}
		if s.State != state {
			return fmt.Errorf("SHARPEYES_STATUS says %q of %s, want %q", s.State, id, state)
		}
		return nil
	})
}
