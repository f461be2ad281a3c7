//go:build e2e

package e2e

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// What happened can be read again, page by page and as it comes, and the rates of a time in which a camera
// was dead are those of the minutes behind them.
func TestRatesAndPastEvents(t *testing.T) {
	t.Parallel()
	s := startSim(t, 4)
	g := startGateway(t, settings{"health": eagerHealth})
	events := g.subscribe(t, "sharpeyes.event.health.>")
	kitchen := s.channelRow("kitchen", 2)
	kitchen["scenario"], kitchen["class"] = "kitchen", "2"
	g.register(t, s.channelRow("gate", 0), s.channelRow("yard", 1), kitchen)
	is := func(id, state string) {
		t.Helper()
		events.await(t, 15*time.Second, id+" "+state, func(e cloudEvent) bool { return e.Subject == id && e.Data.State == state })
	}
	for _, id := range []string{"gate", "yard", "kitchen"} {
		is(id, "online")
	}
	from := time.Now().UTC()
	s.set(t, 0, sim.Fault{Kind: sim.Die})
	is("gate", "offline")
	s.heal(t, 0)
	events.await(t, 15*time.Second, "the gate is back", func(e cloudEvent) bool {
		return e.Subject == "gate" && e.Data.State == "online" && e.Data.Previous == "offline"
	})
	until := time.Now().UTC()
	period := url.Values{"from": {from.Format(time.RFC3339Nano)}, "until": {until.Format(time.RFC3339Nano)}}.Encode()

	// The rate of a class, the channels behind it, and the seconds behind those are the same.
	type rate struct {
		ID                                 string
		Class, Channels                    int
		Online, Degraded, Offline, Unknown float64
		OnlineRate                         float64 `json:"online_rate"`
	}
	var rates struct {
		Groups []rate
		Total  rate
	}
	g.get(t, "/api/v1/stats/rates?by=class&"+period, &rates)
	if len(rates.Groups) != 2 || rates.Groups[0].Offline <= 0 || rates.Groups[1].Offline != 0 || rates.Groups[1].OnlineRate != 1 {
		t.Fatalf("%+v", rates)
	}
	var behind struct{ Items []rate }
	g.get(t, "/api/v1/stats/rates/channels?class=1&"+period, &behind)
	if len(behind.Items) != 2 || behind.Items[0].ID != "gate" || math.Abs(behind.Items[0].Offline-rates.Groups[0].Offline) > 0.001 {
		t.Fatalf("%+v are not the channels of %+v", behind, rates.Groups[0])
	}
	var states struct {
		Items []struct {
			State       string
			From, Until time.Time
		}
	}
	g.get(t, "/api/v1/channels/gate/states?"+period, &states)
	var offline time.Duration
	for _, span := range states.Items {
		if span.State == "offline" {
			offline += span.Until.Sub(span.From)
		}
	}
	if math.Abs(offline.Seconds()-rates.Groups[0].Offline) > 0.002 {
		t.Errorf("offline for %v in %+v, and for %v s in the rate", offline, states, rates.Groups[0].Offline)
	}
	for _, form := range [][]string{{"--json"}, {"--csv"}, nil} {
		args := []string{"stats", "rates", "--from", from.Format(time.RFC3339Nano), "--until", until.Format(time.RFC3339Nano)}
		out := g.commandOf(t, append(args, form...)...)
		switch {
		case form == nil:
			if !strings.Contains(out, "100") || !strings.Contains(out, "%") {
				t.Errorf("the table is\n%s", out)
			}
		case form[0] == "--json":
			var same struct{ Total rate }
			if err := json.Unmarshal([]byte(out), &same); err != nil || same.Total != rates.Total {
				t.Errorf("%v: %+v, want %+v", err, same.Total, rates.Total)
			}
		default:
			if lines, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(lines) < 3 || !strings.Contains(out, "online_rate") {
				t.Errorf("%v in\n%s", err, out)
			}
		}
	}

	// Past events: newest first, a page at a time, and what was asked for alone.
	var all []string
	for cursor := ""; ; {
		var page struct {
			Items []cloudEvent
			Next  string
		}
		g.get(t, "/api/v1/events?kind=health&channel=gate&limit=1&cursor="+cursor, &page)
		for _, e := range page.Items {
			if e.Subject != "gate" {
				t.Errorf("of %s, not of the gate", e.Subject)
			}
			all = append(all, e.Data.State)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if strings.Join(all, " ") != "online offline online" {
		t.Errorf("the events of the gate, newest first, are %v", all)
	}
	out := g.commandOf(t, "events", "--kind", "health", "--class", "2", "--since", "1h", "--no-follow", "--json")
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, `"kitchen"`) {
		t.Errorf("of class 2:\n%s", out)
	}
	follows := spawn(t, []string{"SHARPEYES_SERVER=" + g.server()}, "events", "--scenario", "kitchen", "--since", "1h", "--json")
	follows.ended = true // it is interrupted below
	heard := func(what string) {
		t.Helper()
		eventually(t, 15*time.Second, func() error {
			text, _ := follows.stdout.read()
			if !strings.Contains(text, what) {
				return &quiet{text + follows.stderr.tail(10)}
			}
			return nil
		})
	}
	heard(`"state":"online"`)
	s.set(t, 2, sim.Fault{Kind: sim.Die})
	heard(`"state":"offline"`)
	follows.kill(t)
	if text, _ := follows.stdout.read(); strings.Count(text, "\n") != 2 || strings.Contains(text, "gate") {
		t.Errorf("it heard\n%s", text)
	}
}
