package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sharpeyes/gateway/api"
)

// shelf keeps walls in memory, by user.
type shelf map[string][]api.Wall

func (s shelf) Walls(user string) ([]api.Wall, error) { return s[user], nil }

func (s shelf) PutWall(_ context.Context, user string, w api.Wall) error {
	s[user] = append(slices.DeleteFunc(s[user], func(other api.Wall) bool { return other.Name == w.Name }), w)
	return nil
}

func (s shelf) DeleteWall(_ context.Context, user, name string) error {
	s[user] = slices.DeleteFunc(s[user], func(other api.Wall) bool { return other.Name == name })
	return nil
}

func TestWalls(t *testing.T) {
	kept := shelf{"somebody else": {{Name: "theirs"}}}
	b := newBench(t, func(o *api.Options) { o.Walls = kept })
	const path = "/api/v1/walls"
	if r := b.ask("GET", path, ""); r.Code != http.StatusOK || strings.TrimSpace(r.Body.String()) != `{"items":[]}` {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if r := b.ask("PUT", path+"/%E5%AD%A6%E6%A0%A1", `{"tiles":4,"cameras":["`+northGate+`",""],"every":20}`); r.Code != http.StatusOK {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	if r := b.ask("GET", path, ""); !strings.Contains(r.Body.String(), `"name":"学校"`) || strings.Contains(r.Body.String(), "theirs") {
		t.Errorf("%s", r.Body)
	}
	for name, body := range map[string]string{
		"a":                     `{"tiles":5,"every":20}`,
		"b":                     `{"tiles":4,"every":2}`,
		"c":                     `{"tiles":4,"every":20,"colour":"red"}`,
		"d":                     `{"name":"e","tiles":4,"every":20}`,
		"f":                     `{"tiles":4,"every":20,"cameras":["` + strings.Repeat("x", 65) + `"]}`,
		"g":                     `{"tiles":4,"every":20,"cameras":[` + strings.Repeat(`"",`, 1000) + `""]}`,
		strings.Repeat("h", 65): `{"tiles":4,"every":20}`,
		"%07":                   `{"tiles":4,"every":20}`,
		"%20":                   `{"tiles":4,"every":20}`,
	} {
		if r := b.ask("PUT", path+"/"+name, body); r.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s %.80s: %d %s", name, body, r.Code, r.Body)
		}
	}
	for i := range 99 {
		if r := b.ask("PUT", fmt.Sprintf("%s/%d", path, i), `{"tiles":1,"every":3}`); r.Code != http.StatusOK {
			t.Fatalf("%d: %d %s", i, r.Code, r.Body)
		}
	}
	if r := b.ask("PUT", path+"/more", `{"tiles":1,"every":3}`); r.Code != http.StatusConflict {
		t.Errorf("the 101st: %d %s", r.Code, r.Body)
	}
	if r := b.ask("PUT", path+"/7", `{"tiles":9,"every":3}`); r.Code != http.StatusOK {
		t.Errorf("one that is there: %d %s", r.Code, r.Body)
	}
	if r := b.ask("DELETE", path+"/7", ""); r.Code != http.StatusNoContent {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if r := b.ask("GET", path, ""); strings.Contains(r.Body.String(), `"name":"7"`) {
		t.Errorf("%s", r.Body)
	}
}
