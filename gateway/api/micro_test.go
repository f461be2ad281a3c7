package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// startNATS runs a server and connects to it.
func startNATS(t *testing.T) *nats.Conn {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server doesn't start")
	}
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func TestMicro(t *testing.T) {
	nc := startNATS(t)
	b := newBench(t, nil)
	stop, err := b.api.ServeNATS(nc)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(subject, data string) *nats.Msg {
		t.Helper()
		m, err := nc.Request(subject, []byte(data), 10*time.Second)
		if err != nil {
			t.Fatalf("%s %s: %v", subject, data, err)
		}
		return m
	}
	same := func(subject, data, path string) {
		t.Helper()
		m, w := ask(subject, data), b.ask("GET", path, "")
		if code := m.Header.Get("Nats-Service-Error-Code"); code != "" || strings.TrimSpace(w.Body.String()) != unescaped(t, m.Data) {
			t.Errorf("%s %s: %s\n%s\nand over HTTP\n%s", subject, data, code, m.Data, w.Body)
		}
	}
	same(event.ChannelsGet, `{"id":"kitchen-1"}`, "/api/v1/channels/kitchen-1")
	same(event.ChannelsGet, `{"id":"`+northGate+`"}`, "/api/v1/channels/"+northGate)
	same(event.ChannelsGet, `{"id":`+northGate+`}`, "/api/v1/channels/"+northGate)
	same(event.ChannelsQuery, `{"class":[1,2],"state":"online,unknown","limit":2}`, "/api/v1/channels?class=1,2&state=online,unknown&limit=2")
	same(event.ChannelsQuery, ``, "/api/v1/channels")
	same(event.Stats, `{"by":["class","scenario"],"site":"xiamen/siming"}`, "/api/v1/stats?by=class,scenario&site=xiamen/siming")
	same(event.Stats, `{}`, "/api/v1/stats")
	same(event.Sites, `{"depth":2,"class":[1]}`, "/api/v1/sites?depth=2&class=1")
	same(event.ChannelsReport, `{"missing":"position","limit":2}`, "/api/v1/channels:report?missing=position&limit=2")

	for _, c := range []struct {
		subject, data, code string
	}{
		{event.ChannelsGet, `{"id":"nobody"}`, "404"}, {event.ChannelsGet, `{}`, "400"}, {event.ChannelsGet, `{"id":"x","y":1}`, "400"},
		{event.ChannelsGet, `{"id":{"x":1}}`, "400"}, {event.ChannelsGet, `nobody`, "400"}, {event.ChannelsGet, `{"id":"x"} {}`, "400"},
		{event.ChannelsQuery, `{"class":7}`, "400"}, {event.ChannelsQuery, `{"colour":"red"}`, "400"}, {event.Stats, `{"by":"colour"}`, "400"},
		{event.Sites, `{"depth":9}`, "400"}, {event.ChannelsReport, `{"missing":"hat"}`, "400"}, {event.ChannelsReport, `{"format":"csv"}`, "400"},
	} {
		m := ask(c.subject, c.data)
		var p problem
		if err := json.Unmarshal(m.Data, &p); err != nil || m.Header.Get("Nats-Service-Error-Code") != c.code || m.Header.Get("Nats-Service-Error") == "" || fmt.Sprint(p.Status) != c.code {
			t.Errorf("%s %s: %v, %v\n%s", c.subject, c.data, err, m.Header, m.Data)
		}
	}

	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if m, err := nc.Request(event.ChannelsQuery, []byte(`{"q":"gate"}`), 10*time.Second); err != nil || len(m.Data) == 0 {
				t.Errorf("one of many: %v", err)
			}
		})
	}
	wg.Wait()

	if m := ask("$SRV.INFO.sharpeyes", ""); !strings.Contains(string(m.Data), `"version":"1.2.3"`) {
		t.Errorf("info: %s", m.Data)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Request(event.Stats, nil, 10*time.Second); err != nats.ErrNoResponders {
		t.Errorf("after stop: %v", err)
	}
}

// unescaped is JSON with < and > as they are, as HTTP writes them.
func unescaped(t *testing.T, b []byte) string {
	t.Helper()
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// An answer that NATS can't carry is an error that says so.
func TestMicroLargeAnswer(t *testing.T) {
	nc := startNATS(t)
	b := newBench(t, nil)
	var many []registry.Channel
	for i := range 1000 {
		many = append(many, registry.Channel{
			ID: fmt.Sprint("c", i), Name: strings.Repeat("字", 128), Class: 9, Site: "xiamen", Scenario: "traffic",
			URL: "rtsp://h/" + strings.Repeat("x", 1000), Contact: strings.Repeat("人", 200), Enabled: true, Transport: "auto", Motion: "auto",
		})
	}
	now, err := registry.Empty().Apply(registry.Transaction{Put: many}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.catalogue.now = now
	stop, err := b.api.ServeNATS(nc)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	m, err := nc.Request(event.ChannelsQuery, []byte(`{"limit":1000}`), 10*time.Second)
	if err != nil || m.Header.Get("Nats-Service-Error-Code") != fmt.Sprint(http.StatusRequestEntityTooLarge) {
		t.Errorf("%v, %v", err, m)
	}
	if m, err = nc.Request(event.ChannelsQuery, []byte(`{"limit":100}`), 10*time.Second); err != nil || m.Header.Get("Nats-Service-Error-Code") != "" {
		t.Errorf("%v, %v", err, m.Header)
	}
}
