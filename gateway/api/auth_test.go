package api_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"sharpeyes/gateway/api"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestWhoMay(t *testing.T) {
	b := newBench(t, func(o *api.Options) { o.Authenticator = door{} })
	for _, path := range []string{"/api/v1/channels", "/api/v1/stats", "/api/v1/openapi.json", "/metrics", "/api/v1/nothing"} {
		w := b.ask("GET", path, "")
		wantProblem(t, w, http.StatusUnauthorized)
		if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge", path)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		if w := b.ask("GET", path, ""); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels", "", "Authorization", basic("eye", "wrong")), http.StatusUnauthorized)
	wantProblem(t, b.ask("GET", "/api/v1/channels", "", "Authorization", basic("", "")), http.StatusUnauthorized)
	wantProblem(t, b.ask("GET", "/api/v1/channels", "", "Authorization", "Bearer x"), http.StatusUnauthorized)
	if w := b.ask("GET", "/api/v1/channels", "", "Authorization", basic("eye", "pw")); w.Code != http.StatusOK {
		t.Errorf("eye: %d", w.Code)
	}
	if w := b.ask("GET", "/api/v1/channels", "", "Authorization", "Bearer eye-token"); w.Code != http.StatusOK {
		t.Errorf("eye, with a token: %d", w.Code)
	}
	for _, c := range [][2]string{{"PUT", "channels/x"}, {"PATCH", "channels/shop"}, {"DELETE", "channels/shop"}, {"POST", "channels:import"}, {"PUT", "sites/xiamen"}} {
		wantProblem(t, b.ask(c[0], "/api/v1/"+c[1], "{}", "Authorization", basic("eye", "pw")), http.StatusForbidden)
	}
	if w := b.ask("DELETE", "/api/v1/channels/shop", "", "Authorization", basic("boss", "pw")); w.Code != http.StatusNoContent {
		t.Errorf("boss: %d", w.Code)
	}
	if log := b.catalogue.transactions(); len(log) != 1 || log[0].By != "boss" {
		t.Errorf("%+v", log)
	}
	w := b.ask("GET", "/api/v1/channels", "", "Authorization", basic("guesser", "x"))
	wantProblem(t, w, http.StatusTooManyRequests)
	if w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After: %q", w.Header().Get("Retry-After"))
	}
	if p := wantProblem(t, b.ask("GET", "/api/v1/channels", "", "Authorization", basic("unlucky", "x")), http.StatusServiceUnavailable); strings.Contains(p.Detail, "fire") {
		t.Error(p.Detail)
	}
}

// Nobody from elsewhere is taken for someone on this machine.
func TestAnonymousIsNear(t *testing.T) {
	b := newBench(t, nil)
	for _, host := range []string{"localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:80", "[::1]:8080"} {
		if w := b.ask("GET", "/api/v1/stats", "", "Host", host); w.Code != http.StatusOK {
			t.Errorf("%s: %d", host, w.Code)
		}
	}
	for _, headers := range [][]string{
		{"Host", "rebound.example:8080"}, {"Host", "10.0.0.1:8080"}, {"Host", "localhost.example"}, {"Host", ""},
		{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"},
	} {
		wantProblem(t, b.ask("GET", "/api/v1/stats", "", headers...), http.StatusUnauthorized)
	}
	r := httptest.NewRequest("GET", "/api/v1/stats", nil)
	r.Host, r.RemoteAddr = "127.0.0.1", "192.0.2.1:9"
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	wantProblem(t, w, http.StatusUnauthorized)
}

// A page of another site can't use the visitor's access.
func TestForeignPage(t *testing.T) {
	b := newBench(t, nil)
	wantProblem(t, b.ask("POST", "/api/v1/channels:import?prune=true", header, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	wantProblem(t, b.ask("POST", "/api/v1/channels:import?prune=true", header, "Origin", "https://elsewhere.example"), http.StatusForbidden)
	if b.catalogue.Snapshot().Len() != 4 {
		t.Error("it did")
	}
	w := b.ask("GET", "/api/v1/channels", "", "Origin", "https://elsewhere.example")
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("its answers can be read")
	}
}

func TestNotReady(t *testing.T) {
	b := newBench(t, func(o *api.Options) {
		o.Ready = func() error { return errors.Join(errors.New("NATS is away"), errors.New("RTSP isn't open")) }
	})
	var v struct {
		Status  string
		Reasons []string
	}
	decode(t, b.ask("GET", "/readyz", ""), http.StatusServiceUnavailable, &v)
	if !slices.Equal(v.Reasons, []string{"NATS is away", "RTSP isn't open"}) {
		t.Errorf("%+v", v)
	}
}
