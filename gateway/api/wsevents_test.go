package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sharpeyes/gateway/api"
	"sharpeyes/registry/event"
)

// wire is a bus on which the test publishes by hand.
type wire struct {
	subject chan string
	deliver func(subject string, ev []byte)
	stopped chan struct{}
}

func (w *wire) Subscribe(subject string, deliver func(string, []byte)) (func(), error) {
	w.deliver = deliver
	w.subject <- subject
	return func() { close(w.stopped) }, nil
}

func (w *wire) Past(context.Context, event.Filter, time.Time, time.Time, uint64, int) ([][]byte, uint64, error) {
	return nil, 0, nil
}

func TestWebSocketOfEvents(t *testing.T) {
	bus := &wire{subject: make(chan string, 1), stopped: make(chan struct{})}
	b := newBench(t, func(o *api.Options) { o.Events, o.Authenticator = bus, door{} })
	s := httptest.NewServer(b.api.Handler())
	defer s.Close()
	url := "ws" + strings.TrimPrefix(s.URL, "http") + "/api/v1/ws/events"
	boss := http.Header{"Authorization": {"Basic Ym9zczpwdw=="}}

	for _, c := range []struct {
		query  string
		header http.Header
		status int
	}{
		{"", http.Header{}, http.StatusUnauthorized},
		{"?kind=weather", boss, http.StatusBadRequest},
		{"?site=a.>", boss, http.StatusBadRequest},
		{"?colour=red", boss, http.StatusBadRequest},
		{"", http.Header{"Authorization": boss["Authorization"], "Origin": {"http://elsewhere.example"}}, http.StatusForbidden},
	} {
		_, res, err := websocket.DefaultDialer.Dial(url+c.query, c.header)
		if err == nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%q: %v, %v; want %d", c.query, res, err, c.status)
		}
	}

	ws, _, err := websocket.DefaultDialer.Dial(url+"?kind=motion&class=1,2&site=xiamen", boss)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if subject := <-bus.subject; subject != "sharpeyes.event.motion.*.*.xiamen.>" {
		t.Errorf("it listens to %s", subject)
	}
	bus.deliver("sharpeyes.event.motion.c3.campus.xiamen.x", []byte(`{"id":"not meant"}`))
	bus.deliver("sharpeyes.event.motion.c2.campus.xiamen.x", []byte(`{"id":"1"}`))
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, ev, err := ws.ReadMessage(); err != nil || string(ev) != `{"id":"1"}` {
		t.Errorf("got %s, %v", ev, err)
	}

	// A listener that reads nothing holds nobody up, and is told what it missed.
	big := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	const sent = 20_000
	for range sent {
		bus.deliver("sharpeyes.event.motion.c1.campus.xiamen.x", big)
	}
	got, missed := 0, 0
	for got+missed < sent {
		var told struct{ Missed int }
		_, ev, err := ws.ReadMessage()
		switch {
		case err != nil:
			t.Fatalf("after %d and %d missed: %v", got, missed, err)
		case len(ev) == len(big):
			got++
		default:
			if err := json.Unmarshal(ev, &told); err != nil {
				t.Fatal(err)
			}
			missed += told.Missed
		}
	}
	if missed == 0 {
		t.Error("nothing was missed: the test doesn't test")
	}

	b.api.Close()
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("ended with %v", err)
	}
	<-bus.stopped
}
