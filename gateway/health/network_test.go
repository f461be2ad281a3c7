package health

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// Nobody answers any more: that is the gateway's own network, one event, and nobody goes offline.
func TestOwnNetworkIsLost(t *testing.T) {
	for name, r := range map[string]probe.Result{
		"silent": mute, "unreachable": {State: event.Offline, Reason: event.Unreachable, Detail: "network is unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCity(t, slices.Concat(at("xiamen/siming/a", 200), at("xiamen/huli/c", 200))...)
				var told []bool
				c.m.o.Isolated = func(on bool) { told = append(told, on) }
				d := new(dark)
				after := 20 * time.Millisecond
				if r == mute {
					after = 5 * time.Second
				}
				c.act(d.camera(r, after))
				c.run()
				c.pass(2 * time.Minute)
				c.told()
				d.set(under("xiamen"))
				c.pass(3 * time.Minute)
				if g := c.one(event.GatewayIsolated).(event.Gateway); g.Node != "here" {
					t.Errorf("%+v", g)
				}
				c.m.Evidence("xiamen_siming_a-00001", probe.Result{State: event.Offline, Reason: event.NoPackets})
				c.quiet()
				c.all(event.Online, under("xiamen"))
				d.set(under("xiamen/siming/a")) // one site is really out
				c.pass(3 * time.Minute)
				all := c.placed()
				if len(all) != 2 || all[0].Type != event.GatewayReconnected || all[1].Type != event.SiteOutage {
					t.Fatalf("%+v", all)
				}
				c.quiet()
				if !slices.Equal(told, []bool{true, false}) {
					t.Errorf("isolated: %v", told)
				}
			})
		})
	}
}

// A city of few cameras may lose them all.
func TestFewCamerasMayAllDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t, slices.Concat(at("xiamen/siming/a", 2), at("xiamen/huli/c", 1))...)
		c.answer(fine)
		c.run()
		c.pass(time.Minute)
		c.told()
		c.answer(refused)
		c.pass(90 * time.Second)
		if n := len(c.told()); n != 3 {
			t.Errorf("%d events, want 3", n)
		}
		c.quiet()
	})
}

func TestRecordersAreAskedLittleAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channels := gates(64, 1)
		for i := range channels {
			channels[i].URL = fmt.Sprintf("rtsp://10.9.9.9:554/%d", i)
		}
		channels = append(channels, at("xiamen/huli/c", 50)...)
		c := newCity(t, channels...)
		h := c.m.o.Config
		h.DeepInterval = time.Minute
		c.m = c.monitor(h)
		var mu sync.Mutex
		now, most := 0, 0
		ask := func(took time.Duration) func(context.Context, registry.Channel) probe.Result {
			return func(_ context.Context, ch registry.Channel) probe.Result {
				if ch.Site == "xiamen/huli/c" {
					return fine
				}
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(took)
				mu.Lock()
				now--
				mu.Unlock()
				return fine
			}
		}
		c.act(ask(100 * time.Millisecond))
		c.stream = ask(2 * time.Second)
		c.run()
		c.pass(10 * time.Minute)
		if most != 2 {
			t.Errorf("%d probes of one recorder were under way at once, want 2", most)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, ch := range channels {
			if n := len(c.probes[ch.ID]); ch.Site != "xiamen/huli/c" && n < 25 || n < 9 {
				t.Errorf("%s was probed %d times", ch.ID, n)
			}
			if n := len(c.looked[ch.ID]); n < 2 { // of 4 or 5, but for chance
				t.Errorf("%s was looked at %d times", ch.ID, n)
			}
		}
	})
}

func TestHostOf(t *testing.T) {
	for _, same := range [][]string{
		{"rtsp://10.0.0.1/a", "rtsp://10.0.0.1:8554/b?c=d", "rtsps://10.0.0.1:322", "rtsp://10.0.0.1?x"},
		{"rtsp://[fe80::1]/a", "rtsp://[fe80::1]:554/b"},
	} {
		for _, u := range same {
			if hostOf(u) != hostOf(same[0]) {
				t.Errorf("%s is another host than %s", u, same[0])
			}
		}
	}
	if hostOf("rtsp://[fe80::1]/a") == hostOf("rtsp://[fe80::2]/a") {
		t.Error("two hosts are one")
	}
}
