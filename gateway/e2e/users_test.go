//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/gorilla/websocket"

	"sharpeyes/streams/sim"
)

// An app that is granted the campuses sees, hears and plays these, and is cut off within moments of being
// deleted: its stream, its WebSocket and its connection to NATS.
func TestAppSeesWhatItIsGranted(t *testing.T) {
	t.Parallel()
	s := startSim(t, 400)
	g := startGateway(t, nil)
	stove := s.channelRow("stove", s.find(t, 0, plain(sim.H264, true)))
	stove["scenario"] = "kitchen"
	g.register(t, s.channelRow("gate", s.find(t, 0, plain(sim.H264, false))), stove)
	g.commandOf(t, "users", "add", "app", "--role", "app", "--grant", "list,view,events:scenario=campus")
	token := strings.TrimSpace(g.commandOf(t, "users", "token", "app", "--for", "the bus"))
	if !strings.HasPrefix(token, "se_") {
		t.Fatalf("token %q", token)
	}
	ask := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.server()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body json.RawMessage
		_ = json.NewDecoder(res.Body).Decode(&body)
		return res.StatusCode, string(body)
	}
	if status, body := ask("/api/v1/channels"); status != http.StatusOK || !strings.Contains(body, `"total":1`) || strings.Contains(body, "stove") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask("/api/v1/channels/stove"); status != http.StatusNotFound {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask("/api/v1/users"); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}

	header := http.Header{"Authorization": {"Bearer " + token}}
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+g.http+"/api/v1/ws/events", header)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	wsClosed := make(chan error, 1)
	go func() {
		for {
			if _, b, err := ws.ReadMessage(); err != nil {
				wsClosed <- err
				return
			} else if strings.Contains(string(b), "stove") {
				wsClosed <- fmt.Errorf("it heard %s", b)
				return
			}
		}
	}()
	play := func(id string) *player {
		p, err := dial(t.Context(), net.Dialer{}, g.play(id))
		if err != nil {
			t.Fatal(err)
		}
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("token:"+token))
		return p
	}
	other := play("stove")
	if res, err := other.describe(); err != nil || res.StatusCode != base.StatusNotFound {
		t.Errorf("playing what isn't granted: %v %v", res, err)
	}
	other.Close()
	playing := play("gate")
	defer playing.Close()
	if err := playing.play(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for {
			if err := playing.next(); err != nil {
				ended <- err
				return
			}
		}
	}()
	eventually(t, 20*time.Second, func() error {
		if _, b := g.request(t, http.MethodGet, "/api/v1/streams/gate", ""); !strings.Contains(string(b), `"user":"app"`) {
			return fmt.Errorf("nobody plays: %s", b)
		}
		return nil
	})
	// Whoever may ask on NATS can hand a stream on for a minute, to somebody without an account.
	var opened struct {
		RTSP string `json:"rtsp_url"`
		WS   string `json:"ws_url"`
	}
	if err := json.Unmarshal([]byte(g.natsCommand(t, "req", "--raw", "sharpeyes.api.streams.open", `{"id":"stove"}`)), &opened); err != nil || !strings.Contains(opened.WS, "ticket=") {
		t.Fatalf("%+v, %v", opened, err)
	}
	guest, err := dial(t.Context(), net.Dialer{}, opened.RTSP)
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	guest.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody:wrong"))
	if err := guest.play(); err != nil {
		t.Errorf("with a ticket: %v", err)
	}
	video, _, err := websocket.DefaultDialer.DialContext(t.Context(), opened.WS, http.Header{"Authorization": {guest.authorization}})
	if err != nil {
		t.Fatalf("with a ticket in %s: %v", opened.WS, err)
	}
	defer video.Close()
	if _, b, err := video.ReadMessage(); err != nil || !strings.Contains(string(b), "video/mp4") {
		t.Errorf("%s, %v", b, err)
	}
	g.commandOf(t, "users", "delete", "app")
	for what, gone := range map[string]chan error{"the stream": ended, "the WebSocket": wsClosed} {
		select {
		case err := <-gone:
			if what == "the WebSocket" && !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("the WebSocket: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s goes on", what)
		}
	}
	if status, body := ask("/api/v1/channels"); status != http.StatusUnauthorized {
		t.Errorf("%d %s", status, body)
	}
}
