package api_test

import (
	"net/http"
	"strings"
	"testing"

	"sharpeyes/registry"
)

func TestHistory(t *testing.T) {
	b := newBench(t, nil)
	path := "/api/v1/channels/" + southGate
	decode(t, b.ask("PATCH", path, `{"name":"First","username":"admin","password":"s3cret-of-the-edit"}`), http.StatusOK, new(any))
	decode(t, b.ask("PATCH", path, `{"name":"Second","lon":118.1,"lat":24.5}`, "Authorization", basic("boss", "pw")), http.StatusOK, new(any))
	decode(t, b.ask("PATCH", "/api/v1/channels/shop", `{"name":"Other"}`), http.StatusOK, new(any))
	var h struct{ Items []registry.Change }
	w := b.ask("GET", path+"/history", "")
	decode(t, w, http.StatusOK, &h)
	if len(h.Items) != 2 || h.Items[0].By != "boss" || h.Items[0].Kind != "updated" || h.Items[0].At.IsZero() || h.Items[0].Version != 3 ||
		len(h.Items[0].Fields) != 3 || h.Items[0].Fields[0] != (registry.FieldChange{Field: "name", Old: "First", New: "Second"}) {
		t.Errorf("%+v", h)
	}
	if strings.Contains(w.Body.String(), "s3cret") || !strings.Contains(w.Body.String(), "password") {
		t.Errorf("the password: %s", w.Body)
	}
	h.Items = nil
	decode(t, b.ask("GET", path+"/history?limit=1", ""), http.StatusOK, &h)
	if len(h.Items) != 1 || h.Items[0].Version != 3 {
		t.Errorf("%+v", h)
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels/nobody/history", ""), http.StatusNotFound)
	for _, q := range []string{"limit=0", "limit=1001", "limit=x", "site=xiamen"} {
		wantProblem(t, b.ask("GET", path+"/history?"+q, ""), http.StatusBadRequest)
		wantProblem(t, b.ask("GET", "/api/v1/channels:versions?"+q, ""), http.StatusBadRequest)
	}

	var v struct{ Items []registry.Version }
	decode(t, b.ask("GET", "/api/v1/channels:versions", ""), http.StatusOK, &v)
	if len(v.Items) != 3 || v.Items[0].Version != 4 || v.Items[0].Action != "edit" || v.Items[2].Version != 2 {
		t.Errorf("%+v", v)
	}
	export := func(version string) string {
		return b.ask("GET", "/api/v1/channels:export?format=ndjson&version="+version, "").Body.String()
	}
	if s := export("2"); !strings.Contains(s, "First") || strings.Contains(s, "Second") {
		t.Errorf("version 2: %s", s)
	}
	if s := export(""); !strings.Contains(s, "Second") {
		t.Errorf("now: %s", s)
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels:export?version=99", ""), http.StatusNotFound)
	wantProblem(t, b.ask("GET", "/api/v1/channels:export?version=x", ""), http.StatusBadRequest)
}

// A refused change says what came between, and only that.
func TestConflictSaysWhatChanged(t *testing.T) {
	b := newBench(t, nil)
	path := "/api/v1/channels/" + northGate
	decode(t, b.ask("PATCH", path, `{"heading":90}`), http.StatusOK, new(any))
	tag := b.ask("GET", path, "").Header().Get("ETag")
	decode(t, b.ask("PATCH", path, `{"name":"A","tags":[],"lon":null,"lat":null,"password":"s3cret-of-the-edit"}`, "Authorization", basic("boss", "pw")), http.StatusOK, new(any))
	decode(t, b.ask("PATCH", path, `{"class":2,"enabled":false,"record_days":3}`), http.StatusOK, new(any))
	w := b.ask("PATCH", path, `{"name":"mine"}`, "If-Match", tag)
	p := wantProblem(t, w, http.StatusPreconditionFailed)
	var more struct{ Changes []registry.Change }
	decode(t, w, http.StatusPreconditionFailed, &more)
	if len(more.Changes) != 2 || more.Changes[0].By != "anonymous" || more.Changes[1].By != "boss" {
		t.Errorf("%+v", more)
	}
	for _, want := range []string{"class, record_days, enabled by anonymous", "name, tags, lon, lat, password by boss", "(version 3)", "repeat the change"} {
		if !strings.Contains(p.Detail, want) {
			t.Errorf("%q isn't in %s", want, p.Detail)
		}
	}
	if strings.Contains(w.Body.String(), "s3cret") {
		t.Errorf("the password: %s", w.Body)
	}
	// Taken away meanwhile.
	tag = b.ask("GET", path, "").Header().Get("ETag")
	b.ask("DELETE", path, "")
	if p := wantProblem(t, b.ask("PUT", path, shop, "If-Match", tag), http.StatusPreconditionFailed); !strings.Contains(p.Detail, "deleted by anonymous") {
		t.Error(p.Detail)
	}
}
