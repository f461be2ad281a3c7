//go:build e2e

package e2e

import (
	"net"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// lookingHealth looks at each stream every few seconds.
const lookingHealth = `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 2s, confirm: 2, confirm_gap: 200ms, deep_interval: 2s}`

// Cameras that answer, and send nothing worth watching, are found though nobody watches.
func TestLooksFindWhatProbesDoNot(t *testing.T) {
	t.Parallel()
	s := startSim(t, 400)
	g := startGateway(t, settings{"health": lookingHealth})
	events := g.subscribe(t, "sharpeyes.event.health.>")
	faults := map[string]sim.Fault{
		"no_packets": {Kind: sim.Silent}, "frozen": {Kind: sim.Freeze}, "unauthorized": {Kind: sim.Unauthorized},
		"session_full": {Kind: sim.Sessions}, "clock_skew": {Kind: sim.ClockSkew, By: 60},
	}
	cameras := map[string]int{}
	var rows []row
	next := 0
	for reason, f := range faults {
		next = s.find(t, next, plain(sim.H264, true))
		cameras[reason] = next
		rows = append(rows, s.channelRow(reason, next))
		s.set(t, next, f)
		next++
	}
	well := s.find(t, next, plain(sim.H265, false))
	g.register(t, append(rows, s.channelRow("well", well))...)
	for reason := range faults {
		events.await(t, 60*time.Second, reason, func(e cloudEvent) bool { return e.Subject == reason && e.Data.Reason == reason })
	}
	for _, reason := range []string{"no_packets", "frozen", "session_full", "clock_skew"} { // a refused password is left alone for long
		s.heal(t, cameras[reason])
	}
	for _, reason := range []string{"no_packets", "frozen", "session_full", "clock_skew"} {
		events.await(t, 60*time.Second, reason+" healed", func(e cloudEvent) bool {
			return e.Subject == reason && e.Data.State == "online" && e.Data.Previous != "unknown"
		})
	}
	all, _ := events.events(t)
	for _, e := range all {
		if e.Subject == "well" && e.Data.State != "online" {
			t.Errorf("of the camera that is well: %+v", e)
		}
	}
	if n := s.camera(t, cameras["unauthorized"]).Credentials; n != 0 {
		t.Errorf("%d requests with credentials that the channel doesn't have", n)
	}
}

// A stream that is pulled is judged by its packets, and a look never is a second pull.
func TestPullsAreJudged(t *testing.T) {
	t.Parallel()
	s := startSim(t, 400)
	g := startGateway(t, settings{"health": lookingHealth})
	events := g.subscribe(t, "sharpeyes.event.health.>")
	camera := s.find(t, 0, plain(sim.H264, true))
	g.register(t, s.channelRow("lobby", camera))
	state := func(want, reason string) func(cloudEvent) bool {
		return func(e cloudEvent) bool { return e.Data.State == want && e.Data.Reason == reason }
	}
	events.await(t, 10*time.Second, "online", state("online", ""))
	reader, err := dial(t.Context(), net.Dialer{}, g.play("lobby"))
	if err == nil {
		err = reader.play()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // until it is closed
		defer close(ended)
		for reader.next() == nil {
		}
	}()
	defer func() {
		_ = reader.Close()
		<-ended
	}()
	s.set(t, camera, sim.Fault{Kind: sim.Freeze})
	events.await(t, 40*time.Second, "frozen", state("degraded", "frozen"))
	s.heal(t, camera)
	events.await(t, 40*time.Second, "online again", func(e cloudEvent) bool { return e.Data.State == "online" && e.Data.Previous == "degraded" })
	if all, _ := events.events(t); len(all) != 3 {
		t.Errorf("%d events, want 3: %+v", len(all), all)
	}
	if c := s.camera(t, camera); c.MaxPlays != 1 {
		t.Errorf("%d streams of one profile played at a time, want 1", c.MaxPlays)
	}
}
