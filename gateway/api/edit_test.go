package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"sharpeyes/registry"
)

const shop = `{"name":"Corner shop","class":3,"site":"xiamen/huli","scenario":"community","url":"rtsp://u:p%40ss@10.0.0.9/main"}`

func TestPut(t *testing.T) {
	b := newBench(t, nil)
	w := b.ask("PUT", "/api/v1/channels/new-1", shop)
	var c registry.Listing
	decode(t, w, http.StatusCreated, &c)
	got, _ := b.catalogue.Snapshot().Get("new-1")
	if c.ID != "new-1" || c.URL != "rtsp://10.0.0.9/main" || c.Username != "u" || !c.Enabled || got.Password.Reveal() != "p@ss" {
		t.Errorf("%+v, %+v", c, got)
	}
	if strings.Contains(w.Body.String(), "p@ss") || strings.Contains(w.Body.String(), "p%40ss") {
		t.Errorf("the password: %s", w.Body)
	}
	log := b.catalogue.transactions()
	if len(log) != 1 || log[0].By != "anonymous" || log[0].Action != "edit" {
		t.Errorf("%+v", log)
	}
	// The same again writes nothing; what an answer adds may be sent back.
	again := b.ask("PUT", "/api/v1/channels/new-1", b.ask("GET", "/api/v1/channels/new-1", "").Body.String())
	decode(t, again, http.StatusOK, &c)
	if len(b.catalogue.transactions()) != 1 || again.Header().Get("ETag") != w.Header().Get("ETag") {
		t.Errorf("sent back: %d transactions\n%s", len(b.catalogue.transactions()), again.Body)
	}
	if got, _ := b.catalogue.Snapshot().Get("new-1"); got.Password.Reveal() != "p@ss" {
		t.Error("the password is lost")
	}
}

func TestPutWrong(t *testing.T) {
	b := newBench(t, nil)
	for name, c := range map[string]struct{ body, column string }{
		"class":     {strings.Replace(shop, `"class":3`, `"class":7`, 1), "class"},
		"unknown":   {strings.Replace(shop, `"class":3`, `"class":3,"colour":"red"`, 1), "colour"},
		"twice":     {strings.Replace(shop, `"class":3`, `"class":3,"class":3`, 1), "class"},
		"id":        {strings.Replace(shop, `{`, `{"id":"other",`, 1), "id"},
		"not json":  {`class=3`, ""},
		"cut":       {shop[:len(shop)-20], ""},
		"more":      {shop + `{}`, ""},
		"empty":     {``, ""},
		"no fields": {`{}`, "name"},
	} {
		p := wantProblem(t, b.ask("PUT", "/api/v1/channels/new-1", c.body), http.StatusUnprocessableEntity)
		if len(p.Errors) == 0 || p.Errors[0].Column != c.column || p.Errors[0].Message == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	wantProblem(t, b.ask("PUT", "/api/v1/channels/35020301002001000001", shop), http.StatusUnprocessableEntity)
	wantProblem(t, b.ask("PUT", "/api/v1/channels/new-1", `{"name":"`+strings.Repeat("x", 300<<10)+`"}`), http.StatusRequestEntityTooLarge)
	if n := len(b.catalogue.transactions()); n != 0 {
		t.Errorf("%d transactions", n)
	}
}

func TestPatch(t *testing.T) {
	b := newBench(t, nil)
	path := "/api/v1/channels/" + northGate
	var c registry.Listing
	decode(t, b.ask("PATCH", path, `{"name":"North gate","tags":["gate","ptz"],"lon":null,"lat":null}`, "Content-Type", "application/merge-patch+json"), http.StatusOK, &c)
	got, _ := b.catalogue.Snapshot().Get(northGate)
	if c.Name != "North gate" || len(got.Tags) != 2 || got.Lon != nil || got.Password.Reveal() != password || got.Scenario != "campus" {
		t.Errorf("%+v", got)
	}
	decode(t, b.ask("PATCH", path, `{"password":null}`), http.StatusOK, &c)
	if got, _ := b.catalogue.Snapshot().Get(northGate); got.Password != "" {
		t.Error("the password is still there")
	}
	wantProblem(t, b.ask("PATCH", path, `{"class":7}`), http.StatusUnprocessableEntity)
	p := wantProblem(t, b.ask("PATCH", path, `{"password":["`+password+`"],"url":"rtsp://x:`+password+`@h:99999/"}`), http.StatusUnprocessableEntity)
	if strings.Contains(p.Detail, password) || len(p.Errors) != 1 && len(p.Errors) != 2 {
		t.Errorf("%+v", p)
	}
	wantProblem(t, b.ask("PATCH", "/api/v1/channels/nobody", `{"name":"x"}`), http.StatusNotFound)
}

func TestDelete(t *testing.T) {
	b := newBench(t, nil)
	if w := b.ask("DELETE", "/api/v1/channels/shop", ""); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	wantProblem(t, b.ask("DELETE", "/api/v1/channels/shop", ""), http.StatusNotFound)
	if log := b.catalogue.transactions(); len(log) != 1 || log[0].Action != "delete" {
		t.Errorf("%+v", log)
	}
}

func TestPreconditions(t *testing.T) {
	b := newBench(t, nil)
	path := "/api/v1/channels/" + southGate
	tag := b.ask("GET", path, "").Header().Get("ETag")
	w := b.ask("PATCH", path, `{"name":"Changed"}`, "If-Match", tag)
	if w.Code != http.StatusOK || w.Header().Get("ETag") == tag {
		t.Fatalf("%d, %s", w.Code, w.Header().Get("ETag"))
	}
	wantProblem(t, b.ask("PATCH", path, `{"name":"Again"}`, "If-Match", tag), http.StatusPreconditionFailed)
	wantProblem(t, b.ask("PUT", path, shop, "If-Match", tag), http.StatusPreconditionFailed)
	wantProblem(t, b.ask("DELETE", path, "", "If-Match", tag), http.StatusPreconditionFailed)
	wantProblem(t, b.ask("PUT", path, shop, "If-None-Match", "*"), http.StatusPreconditionFailed)
	wantProblem(t, b.ask("PUT", "/api/v1/channels/new-1", shop, "If-Match", "*"), http.StatusPreconditionFailed)
	if w := b.ask("PUT", "/api/v1/channels/new-1", shop, "If-None-Match", "*"); w.Code != http.StatusCreated {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	tag = w.Header().Get("ETag")
	if w := b.ask("DELETE", path, "", "If-Match", `"other", `+tag); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// A change of state is another answer, but refuses no edit.
	tag = b.ask("GET", "/api/v1/channels/kitchen-1", "").Header().Get("ETag")
	b.statuses.Set("kitchen-1", registry.Status{State: "degraded"})
	if now := b.ask("GET", "/api/v1/channels/kitchen-1", "").Header().Get("ETag"); now == tag {
		t.Errorf("the tag was %s and is %s", tag, now)
	}
	if w := b.ask("PATCH", "/api/v1/channels/kitchen-1", `{"name":"x"}`, "If-Match", tag); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestStoreRefuses(t *testing.T) {
	b := newBench(t, nil)
	b.catalogue.err = errors.New("nats: no responders at 10.9.9.9")
	w := b.ask("PUT", "/api/v1/channels/new-1", shop)
	if p := wantProblem(t, w, http.StatusServiceUnavailable); strings.Contains(p.Detail, "10.9.9.9") || w.Header().Get("Retry-After") == "" {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(b.log.String(), "no responders") || strings.Contains(b.log.String(), "p@ss") {
		t.Errorf("log: %s", b.log)
	}
	b.catalogue.err = &registry.ConflictError{What: "registry", Expected: "1", Actual: "2"}
	wantProblem(t, b.ask("PUT", "/api/v1/channels/new-1", shop), http.StatusConflict)
}
