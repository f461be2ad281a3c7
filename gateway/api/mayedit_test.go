package api_test

import (
	"net/http"
	"strings"
	"testing"

	"sharpeyes/registry"
)

// Who may edit a part changes and deletes what lies in it, moves nothing out of it and makes nothing, and
// can't tell what isn't granted from what isn't there.
func TestEditOfAPart(t *testing.T) {
	b := everything(t)
	as := []string{"Authorization", basic("keeper", "pw"), "Content-Type", "application/merge-patch+json"}
	ask := func(method, path, body string, want int) string {
		t.Helper()
		w := b.ask(method, "/api/v1/"+path, body, as...)
		if w.Code != want {
			t.Errorf("%s %s %s: %d %s", method, path, body, w.Code, w.Body)
		}
		return w.Body.String()
	}
	ask("PATCH", "channels/"+northGate, `{"name":"New gate"}`, http.StatusOK)
	if c, _ := b.catalogue.Snapshot().Get(northGate); c.Name != "New gate" {
		t.Errorf("%+v", c)
	}
	ask("PATCH", "channels/"+northGate, `{"scenario":"kitchen"}`, http.StatusForbidden)
	ask("PATCH", "channels/"+northGate, `{"scenario":"kitchen","site":"xiamen/tongan"}`, http.StatusOK)
	ask("PATCH", "channels/"+northGate, `{"scenario":"campus"}`, http.StatusOK)
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		for _, body := range []string{shop, `{}`, `{"class":77}`} {
			if method == "PATCH" && body == shop {
				continue
			}
			one, other := ask(method, "channels/kitchen-1", body, hidden(method, body)), ask(method, "channels/kitchen-2", body, hidden(method, body))
			if strings.ReplaceAll(one, "kitchen-1", "kitchen-2") != other {
				t.Errorf("%s: %s, %s", method, one, other)
			}
		}
	}
	// Whoever sees a part sees what happened to a channel since it lies there.
	if h := ask("GET", "channels/"+northGate+"/history", "", http.StatusOK); strings.Contains(h, "New gate") || strings.Contains(h, "kitchen") {
		t.Error(h)
	}
	ask("PATCH", "channels/"+northGate, `{"name":"Newer gate"}`, http.StatusOK)
	if h := ask("GET", "channels/"+northGate+"/history", "", http.StatusOK); !strings.Contains(h, "Newer gate") || strings.Contains(h, "kitchen") {
		t.Error(h)
	}
	ask("DELETE", "channels/"+southGate, "", http.StatusNoContent)
	if _, there := b.catalogue.Snapshot().Get(southGate); there {
		t.Error("it is still there")
	}
	ask("PUT", "sites/xiamen/tongan", `{"name":"Tongan"}`, http.StatusForbidden)
	wantProblem(t, b.ask("POST", "/api/v1/channels:import?format=csv", "id\n", as...), http.StatusForbidden)

	until := `"until":"2199-01-01T00:00:00Z","from":"2198-12-01T00:00:00Z","why":"painting"`
	ask("POST", "maintenance", `{"channel":"`+northGate+`",`+until+`}`, http.StatusCreated)
	ask("POST", "maintenance", `{"channel":"kitchen-1",`+until+`}`, http.StatusUnprocessableEntity)
	if one, other := ask("POST", "maintenance", `{"site":"xiamen",`+until+`}`, http.StatusUnprocessableEntity),
		ask("POST", "maintenance", `{"site":"fuzhou",`+until+`}`, http.StatusUnprocessableEntity); strings.ReplaceAll(one, "xiamen", "fuzhou") != other {
		t.Errorf("a site that isn't granted can be told from none: %s, %s", one, other)
	}
	boss := b.ask("POST", "/api/v1/maintenance", `{"site":"xiamen",`+until+`}`, "Authorization", basic("boss", "pw"))
	var w registry.Maintenance
	decode(t, boss, http.StatusCreated, &w)
	if list := ask("GET", "maintenance", "", http.StatusOK); strings.Contains(list, w.ID) || !strings.Contains(list, northGate) {
		t.Error(list)
	}
	ask("DELETE", "maintenance/"+w.ID, "", http.StatusNotFound)
}

// hidden is how a request about what isn't granted is answered.
func hidden(method, body string) int {
	if method == "PUT" && body != shop { // it is wrong whatever it is about
		return http.StatusUnprocessableEntity
	}
	return http.StatusNotFound
}

// A stored password goes to another address only when an administrator says so.
func TestPasswordStaysWithItsAddress(t *testing.T) {
	b := everything(t)
	for who, want := range map[string]int{"editor": http.StatusUnprocessableEntity, "boss": http.StatusOK} {
		as := []string{"Authorization", basic(who, "pw"), "Content-Type", "application/merge-patch+json"}
		if w := b.ask("PUT", "/api/v1/channels/keeps-1", shop, "Authorization", basic("boss", "pw")); w.Code >= 300 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, body := range []string{`{"url":"rtsp://10.9.9.9/main"}`, `{"sub_url":"rtsp://10.9.9.9/sub"}`} {
			if w := b.ask("PATCH", "/api/v1/channels/keeps-1", body, as...); w.Code != want {
				t.Errorf("%s %s: %d %s", who, body, w.Code, w.Body)
			}
		}
		if who == "editor" {
			for _, body := range []string{`{"url":"rtsp://10.0.0.9/other"}`, `{"url":"rtsp://10.9.9.9/main","password":"another"}`} {
				if w := b.ask("PATCH", "/api/v1/channels/keeps-1", body, as...); w.Code != http.StatusOK {
					t.Errorf("%s %s: %d %s", who, body, w.Code, w.Body)
				}
			}
		}
	}
}
