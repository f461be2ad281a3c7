package api_test

import (
	"net/http"
	"testing"
)

func TestRotateKey(t *testing.T) {
	b := newBench(t, nil)
	var r struct{ Key string }
	decode(t, b.ask("POST", "/api/v1/keys:rotate", "", "Authorization", basic("boss", "pw")), http.StatusOK, &r)
	if r.Key != "key-of-boss" {
		t.Errorf("%+v", r)
	}
	wantProblem(t, b.ask("POST", "/api/v1/keys:rotate", "", "Authorization", basic("eye", "pw")), http.StatusForbidden)
}
