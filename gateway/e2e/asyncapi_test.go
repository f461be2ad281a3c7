//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sharpeyes/streams/sim"
)

// Whatever is published is as the AsyncAPI document says.
func TestEventsAreAsDocumented(t *testing.T) {
	t.Parallel()
	const cameras = 6
	s := startSim(t, cameras)
	g := startGateway(t, settings{"health": `{interval: {1: 250ms, 2: 250ms, 3: 250ms}, timeout: 1s, confirm: 1, site_outage: {window: 2s}}`})
	res, document := g.request(t, http.MethodGet, "/api/v1/asyncapi.json", "")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/asyncapi+json" {
		t.Fatalf("%s %s", res.Status, res.Header.Get("Content-Type"))
	}
	is := schemasOf(t, document)

	nc, err := nats.Connect(g.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	told := make(chan *nats.Msg, 1<<16)
	if _, err := nc.ChanSubscribe("sharpeyes.event.>", told); err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
	}
	g.register(t, rows...)
	if res, b := g.request(t, http.MethodPut, "/api/v1/rules/moves", `{"enabled":true,"types":["sharpeyes.motion.started"],"severity":"info","title":"It moves"}`); res.StatusCode/100 != 2 {
		t.Fatalf("%s %s", res.Status, b)
	}

	wanted := map[string]func(){ // by type, and what makes the next happen
		"sharpeyes.health.changed": func() {
			g.request(t, http.MethodPost, "/api/v1/motion:report", `{"id":"camera-1","state":"started","score":0.5}`)
			g.request(t, http.MethodPost, "/api/v1/motion:report", `{"id":"camera-1","state":"ended"}`)
		},
		"sharpeyes.motion.started": nil,
		"sharpeyes.alert.raised": func() {
			probeVideo(t, "-rtsp_transport", "tcp", g.play("camera-2"))
		},
		"sharpeyes.motion.ended":   nil,
		"sharpeyes.stream.started": nil,
		"sharpeyes.stream.stopped": func() {
			for i := range cameras {
				s.set(t, i, sim.Fault{Kind: sim.Die})
			}
		},
		"sharpeyes.site.outage": func() {
			for i := range cameras {
				s.heal(t, i)
			}
		},
		"sharpeyes.site.restored": nil,
	}
	seen := map[string]int{}
	deadline := time.After(60 * time.Second)
	for len(wanted) > 0 {
		select {
		case m := <-told:
			var e cloudEvent
			if err := json.Unmarshal(m.Data, &e); err != nil {
				t.Fatal(err)
			}
			schema := is[e.Type]
			if schema == nil {
				t.Fatalf("the document has no %s", e.Type)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(m.Data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("on %s: %v\n%s", m.Subject, err, m.Data)
			}
			if !strings.HasPrefix(m.Subject, "sharpeyes.event."+strings.Split(e.Type, ".")[1]+".") {
				t.Errorf("a %s is on %s", e.Type, m.Subject)
			}
			seen[e.Type]++
			next, waited := wanted[e.Type]
			delete(wanted, e.Type)
			if waited && next != nil {
				next()
			}
		case <-deadline:
			t.Fatalf("of %v nothing was heard; heard: %v", wanted, seen)
		}
	}
}

// schemasOf are the schemas of an AsyncAPI document's messages, by their names.
func schemasOf(t *testing.T, document []byte) map[string]*jsonschema.Schema {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const at = "asyncapi.json"
	if err := c.AddResource(at, value); err != nil {
		t.Fatal(err)
	}
	var d struct {
		Components struct {
			Messages map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for name := range d.Components.Messages {
		if all[name], err = c.Compile(at + "#/components/messages/" + name + "/payload"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}
