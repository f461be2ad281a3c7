package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"sharpeyes/gateway/api"
)

func TestRotateKey(t *testing.T) {
	b := newBench(t, nil)
	var r struct{ Key string }
	decode(t, b.ask("POST", "/api/v1/keys:rotate", "", "Authorization", basic("boss", "pw")), http.StatusOK, &r)
	if r.Key != "key-of-boss" {
		t.Errorf("%+v", r)
	}
	wantProblem(t, b.ask("POST", "/api/v1/keys:rotate", "", "Authorization", basic("eye", "pw")), http.StatusForbidden)
	for refusal, status := range map[error]int{
		api.RefusedError{Err: errors.New("say so to all gateways first")}: http.StatusConflict,
		errors.New("nats: disk full"):                                     http.StatusServiceUnavailable,
	} {
		b := newBench(t, func(o *api.Options) {
			o.RotateKey = func(context.Context, string) (api.Rotation, error) { return api.Rotation{}, refusal }
		})
		p := wantProblem(t, b.ask("POST", "/api/v1/keys:rotate", ""), status)
		if told := strings.Contains(p.Detail, refusal.Error()); told != (status == http.StatusConflict) {
			t.Errorf("%v is told as %s", refusal, p.Detail)
		}
	}
}
