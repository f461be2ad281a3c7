//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// A camera dies, an alert is raised, a webhook is told, somebody acknowledges it, the gateway is killed and
// started again, the camera comes back and the alert closes: each step is told once.
func TestAlertsLiveAndSurvive(t *testing.T) {
	t.Parallel()
	told := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var e cloudEvent
		if json.Unmarshal(b, &e) == nil && strings.HasPrefix(r.Header.Get("Sharpeyes-Signature"), "sha256=") {
			told <- e.Type
		}
	}))
	defer hook.Close()
	s := startSim(t, 10)
	g := startGateway(t, settings{"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`})
	g.register(t, s.channelRow("gate", 1), s.channelRow("door", 2))
	g.done(t, http.MethodPut, "/api/v1/rules/gone", `{"title":"{channel} is gone","enabled":true,"types":["sharpeyes.health.changed"],
		"when":"state == 'offline'","for":"1s","severity":"critical","tell":[{"url":"`+hook.URL+`","secret":"marked"}]}`)
	events := g.subscribe(t, "sharpeyes.event.alert.>")
	of := func(kind string) func(cloudEvent) bool {
		return func(e cloudEvent) bool { return e.Type == "sharpeyes.alert."+kind && e.Subject == "gate" }
	}
	s.set(t, 1, sim.Fault{Kind: sim.Die})
	events.await(t, 30*time.Second, "raised", of("raised"))
	if got := <-told; got != "sharpeyes.alert.raised" {
		t.Errorf("the webhook was told %s", got)
	}
	var page struct{ Items []struct{ ID, State string } }
	if g.get(t, "/api/v1/alerts?rule=gone", &page); len(page.Items) != 1 {
		t.Fatalf("%+v", page)
	}
	id := page.Items[0].ID
	g.done(t, http.MethodPost, "/api/v1/alerts/"+id+":ack", `{"comment":"on my way"}`)
	events.await(t, 10*time.Second, "acknowledged", of("acknowledged"))
	g.kill(t)
	g.start(t)
	events = g.subscribe(t, "sharpeyes.event.alert.>")
	s.heal(t, 1)
	events.await(t, 60*time.Second, "closed", of("closed"))
	all, _ := events.events(t)
	for _, e := range all {
		if of("raised")(e) {
			t.Errorf("raised again: %+v", e)
		}
	}
	if g.get(t, "/api/v1/alerts?rule=gone", &page); len(page.Items) != 1 || page.Items[0].State != "closed" {
		t.Errorf("%+v", page)
	}
}

// done makes a request that must be taken.
func (g *gateway) done(t testing.TB, method, path, body string) {
	t.Helper()
	if res, b := g.request(t, method, path, body); res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s\n%s", method, path, res.Status, b)
	}
}
