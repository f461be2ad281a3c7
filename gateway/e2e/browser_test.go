//go:build e2e

package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// browser is a Chromium without a window, driven over its DevTools protocol. It isn't for
// concurrent use.
type browser struct {
	ws      *websocket.Conn
	session string // of the one page
	calls   int
}

// openPage starts a browser and opens a page in it; script runs in the page before its own.
func openPage(t testing.TB, url, script string) *browser {
	t.Helper()
	cmd := exec.Command(program(t, "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--window-size=1280,900", "--lang=en", "--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.Env = append(cleanEnv(), "LANGUAGE=en", "HOME="+t.TempDir())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	said := make(chan struct{})
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, a, found := strings.Cut(lines.Text(), "DevTools listening on "); found {
				address <- a
			}
		}
	}()
	b := &browser{}
	t.Cleanup(func() {
		if b.ws != nil {
			_ = b.ws.WriteJSON(map[string]any{"id": -1, "method": "Browser.close"}) // which ends its helpers, too
			select {
			case <-said:
			case <-time.After(5 * time.Second):
			}
			b.ws.Close()
		}
		_ = cmd.Process.Kill()
		<-said
		_ = cmd.Wait()
	})
	select {
	case a := <-address:
		if b.ws, _, err = websocket.DefaultDialer.Dial(a, nil); err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("chromium doesn't say where it listens")
	}
	var target struct{ TargetID, SessionID string }
	b.call(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.session = target.SessionID
	b.call(t, "Page.enable", nil, nil)
	b.call(t, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script}, nil)
	b.call(t, "Page.navigate", map[string]any{"url": url}, nil)
	return b
}

// call makes one call and waits for its answer. Events are passed over.
func (b *browser) call(t testing.TB, method string, params map[string]any, into any) {
	t.Helper()
	b.calls++
	request := map[string]any{"id": b.calls, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	if err := b.ws.WriteJSON(request); err != nil {
		t.Fatal(err)
	}
	_ = b.ws.SetReadDeadline(time.Now().Add(60 * time.Second))
	for {
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := b.ws.ReadJSON(&answer); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if answer.ID != b.calls {
			continue
		}
		if answer.Error != nil {
			t.Fatalf("%s: %s", method, answer.Error)
		}
		if into != nil {
			if err := json.Unmarshal(answer.Result, into); err != nil {
				t.Fatalf("%s: %v\n%s", method, err, answer.Result)
			}
		}
		return
	}
}

// eval evaluates an expression in the page, waits if it is a promise, and decodes the value.
func (b *browser) eval(t testing.TB, expression string, into any) {
	t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call(t, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, into); err != nil {
		t.Fatalf("%s: %v\n%s", expression, err, answer.Result.Value)
	}
}

// until waits for an expression to be true.
func (b *browser) until(t testing.TB, within time.Duration, expression string) {
	t.Helper()
	eventually(t, within, func() error {
		var holds bool
		if b.eval(t, "Boolean("+expression+")", &holds); !holds {
			return fmt.Errorf("not so: %s", expression)
		}
		return nil
	})
}

// screenshot is what the page looks like, as PNG.
func (b *browser) screenshot(t testing.TB) []byte {
	t.Helper()
	var shot struct{ Data string }
	b.call(t, "Page.captureScreenshot", nil, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		t.Fatal(err)
	}
	return png
}
