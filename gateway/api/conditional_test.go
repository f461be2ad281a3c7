package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Who has an answer already is told so, until the registry or a state changes it.
func TestConditionalAnswers(t *testing.T) {
	b := newBench(t, nil)
	for _, path := range []string{"channels?class=1", "channels/" + northGate, "sites", "stats?by=class"} {
		path = "/api/v1/" + path
		w := b.ask("GET", path, "")
		tag := w.Header().Get("ETag")
		if w.Code != http.StatusOK || tag == "" {
			t.Fatalf("%s: %d, ETag %q", path, w.Code, tag)
		}
		for _, list := range []string{tag, `"other", ` + tag, "*"} {
			same := b.ask("GET", path, "", "If-None-Match", list)
			if same.Code != http.StatusNotModified || same.Body.Len() != 0 || same.Header().Get("ETag") != tag || same.Header().Get("Content-Type") != "" {
				t.Errorf("%s with %s: %d %v %s", path, list, same.Code, same.Header(), same.Body)
			}
		}
		b.statuses.Set(northGate, registry.Status{State: event.Degraded, Detail: path})
		changed := b.ask("GET", path, "", "If-None-Match", tag)
		if changed.Code != http.StatusOK || changed.Header().Get("ETag") == tag {
			t.Errorf("%s: after a change of state %d, ETag %s", path, changed.Code, changed.Header().Get("ETag"))
		}
		b.statuses.Set(northGate, registry.Status{State: event.Online})
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels/nobody", "", "If-None-Match", "*"), http.StatusNotFound)
	if w := b.ask("GET", "/api/v1/channels?class=7", ""); w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an error has %v", w.Header())
	}
}

// Long answers are gzipped for those who take that.
func TestCompression(t *testing.T) {
	b := cityBench(t, 100)
	for path, want := range map[string]string{
		"channels": "gzip", "channels?limit=1": "", "channels:export?format=csv": "gzip", "channels:export?format=ndjson": "gzip", "openapi.json": "gzip",
	} {
		plain := b.ask("GET", "/api/v1/"+path, "")
		w := b.ask("GET", "/api/v1/"+path, "", "Accept-Encoding", "gzip")
		if got := w.Header().Get("Content-Encoding"); got != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Content-Encoding %q, want %q; Vary %q", path, got, want, w.Header().Get("Vary"))
			continue
		}
		if want != "" && string(unzipped(t, w)) != plain.Body.String() {
			t.Errorf("%s: gzipped it is another", path)
		}
	}
	list := b.ask("GET", "/api/v1/channels", "", "Accept-Encoding", "gzip")
	if w := b.ask("GET", "/api/v1/channels", "", "Accept-Encoding", "gzip", "If-None-Match", list.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("%d with %d bytes", w.Code, w.Body.Len())
	}
}

// BenchmarkPage is what 100 of a city's channels cost over HTTP.
func BenchmarkPage(b *testing.B) {
	a := cityBench(b, 62283)
	for _, accept := range []string{"", "gzip"} {
		b.Run(fmt.Sprintf("accept=%s", accept), func(b *testing.B) {
			for range b.N {
				decodeOK(b, a.ask("GET", "/api/v1/channels?class=1&site=xiamen/siming&limit=100", "", "Accept-Encoding", accept))
			}
		})
	}
}
