package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestRates(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"GET /stats/rates?by=class&from=2026-05-01T00%3A00%3A00Z&until=2026-06-01T00%3A00%3A00Z": `{"from":"2026-05-01T00:00:00Z","until":"2026-06-01T00:00:00Z","by":["class"],
			"groups":[{"class":1,"channels":2,"online":90,"degraded":3600,"offline":10,"unknown":0,"excluded":0,"online_rate":0.975,"intact_rate":0.9,"unknown_share":0.5,"target":0.98,"met":false}],
			"total":{"channels":2}}`,
		"GET /stats/rates/channels?limit=2&site=xiamen": `{"items":[{"id":"gate-1","name":"北门","class":1,"site":"xiamen","online":86390.5,"offline":9.5,"online_rate":0.9999,"intact_rate":0.9999}],"next":"x","total":7}`,
		"GET /stats/rates?by=site&format=csv":           "site,channels\nxiamen,2\n",
	})
	got := f.program(t, "", "stats", "rates", "--from=2026-05-01T00:00:00Z", "--until=2026-06-01T00:00:00Z")
	if want := "CLASS  CHANNELS  ONLINE RATE  TARGET         INTACT RATE  UNKNOWN  OFFLINE  DEGRADED\n" +
		"1      2         97.50%       98.00% missed  90.00%       50.00%   10s      1h0m0s\n" +
		"all    2         -                           -            0.00%    0s       0s\n"; got.out != want {
		t.Errorf("got (%d)\n%s%s\nwant\n%s", got.status, got.out, got.err, want)
	}
	got = f.program(t, "", "stats", "--site=xiamen", "rates", "--channels", "--limit=2")
	if !strings.Contains(got.out, "gate-1  北门  1      xiamen  99.99%") || !strings.Contains(got.err, "1 of 7") {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
	if got := f.program(t, "", "stats", "rates", "--by=site", "--csv"); got.out != "site,channels\nxiamen,2\n" {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
	if got := f.program(t, "", "stats", "rates", "--from=yesterday"); got.status != wrongUsage {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	const (
		older = `{"id":"1","type":"sharpeyes.health.changed","time":"2026-05-01T00:00:00Z","data":{"channel":{"id":"gate-1","name":"N","site":"a/b"},"state":"offline","previous":"online","reason":"no_answer"}}`
		newer = `{"id":"2","type":"sharpeyes.site.outage","time":"2026-05-01T00:00:01Z","data":{"site":"a/b","offline":9,"total":10}}`
		last  = `{"id":"3","type":"sharpeyes.motion.started","time":"2026-05-01T00:00:02Z","data":{"channel":{"id":"gate-2"},"score":0.5}}`
	)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("kind") != "health,site,motion" || q.Get("class") != "1":
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/api/v1/events" && q.Get("cursor") == "":
			_, _ = w.Write([]byte(`{"items":[` + newer + `],"next":"2"}`))
		case r.URL.Path == "/api/v1/events":
			_, _ = w.Write([]byte(`{"items":[` + older + `],"next":""}`))
		case r.URL.Path == "/api/v1/ws/events":
			ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer ws.Close()
			for _, m := range []string{newer, `{"missed":4}`, last} {
				if err := ws.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
					t.Error(err)
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	args := []string{"events", "--server", s.URL, "--kind=health,site,motion", "--class=1"}
	got := program(t, nil, "", append(args, "--since=1h")...)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "health.changed  gate-1  N  a/b  online → offline  no_answer") ||
		!strings.HasSuffix(lines[1], "site.outage  a/b  9 of 10 offline") || !strings.HasSuffix(lines[2], "motion.started  gate-2  score 0.50") ||
		!strings.Contains(got.err, "4 events were missed") || got.status != failed {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
	if got := program(t, nil, "", append(args, "--since=1h", "--no-follow", "--json")...); got.out != older+"\n"+newer+"\n" || got.status != done {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
	if got := program(t, nil, "", "events", "--server", s.URL); got.status != failed || !strings.Contains(got.err, "400") {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
	if got := program(t, nil, "", append(args, "--since=soon")...); got.status != wrongUsage {
		t.Errorf("got (%d)\n%s%s", got.status, got.out, got.err)
	}
}
