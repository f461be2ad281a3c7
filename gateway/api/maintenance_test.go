package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"sharpeyes/registry"
)

func TestMaintenance(t *testing.T) {
	b := newBench(t, nil)
	const path = "/api/v1/maintenance"
	now := time.Now()
	yesterday := fmt.Sprintf(`"from":%q,"until":%q`, now.Add(-48*time.Hour).Format(time.RFC3339), now.Add(-24*time.Hour).Format(time.RFC3339))
	var site, one registry.Maintenance
	decode(t, b.ask("POST", path, `{"site":"xiamen/siming","until":"2999-01-01T00:00:00Z","why":"x"}`), http.StatusUnprocessableEntity, new(any)) // too long
	decode(t, b.ask("POST", path, `{"site":"xiamen/siming",`+yesterday+`,"why":"线路检修"}`, "Authorization", basic("boss", "pw")), http.StatusCreated, &site)
	decode(t, b.ask("POST", path, fmt.Sprintf(`{"channel":"shop","until":%q,"why":"moved"}`, now.Add(time.Hour).Format(time.RFC3339))), http.StatusCreated, &one)
	if site.ID == "" || site.By != "boss" || site.Why != "线路检修" || one.Channel != "shop" || len(b.catalogue.transactions()) != 2 {
		t.Errorf("%+v, %+v", site, one)
	}
	for query, want := range map[string]int{
		"": 2, "?site=xiamen": 1, "?site=xiamen/siming/binhai": 1, "?site=xiamen/huli": 0, "?channel=shop": 1, "?channel=" + northGate: 1, "?channel=kitchen-1": 0,
		"?open=true&site=xiamen": 0, "?open=true": 1,
	} {
		var all struct{ Items []registry.Maintenance }
		decode(t, b.ask("GET", path+query, ""), http.StatusOK, &all)
		if len(all.Items) != want || all.Items == nil {
			t.Errorf("%q: %+v, want %d", query, all, want)
		}
	}
	for id, want := range map[string]bool{"shop": true, northGate: false} {
		w := b.ask("GET", "/api/v1/channels/"+id, "")
		var c struct{ Maintenance *registry.Maintenance }
		decode(t, w, http.StatusOK, &c)
		if (c.Maintenance != nil) != want || want && c.Maintenance.Why != "moved" {
			t.Errorf("%s", w.Body)
		}
	}
	for body, column := range map[string]string{
		`{"until":"2999-01-01T00:00:00Z","why":"x"}`: "site", `{"site":"x","channel":"shop","from":"2020-01-01T00:00:00Z","until":"2020-02-01T00:00:00Z","why":"x"}`: "channel",
		`{"site":"elsewhere","from":"2020-01-01T00:00:00Z","until":"2020-02-01T00:00:00Z","why":"x"}`: "site", `{"channel":"nobody","from":"2020-01-01T00:00:00Z","until":"2020-02-01T00:00:00Z","why":"x"}`: "channel",
		`{"site":"xiamen","from":"2020-01-01T00:00:00Z","until":"2020-02-01T00:00:00Z"}`: "why", `{"site":"xiamen","why":"x"}`: "until", `{"site":"xiamen","colour":"red"}`: "", `{"site":"xiamen","until":"tomorrow","why":"x"}`: "",
	} {
		p := wantProblem(t, b.ask("POST", path, body), http.StatusUnprocessableEntity)
		if len(p.Errors) == 0 || p.Errors[0].Column != column {
			t.Errorf("%s: %+v", body, p)
		}
	}
	wantProblem(t, b.ask("GET", path+"?channel=nobody", ""), http.StatusNotFound)
	wantProblem(t, b.ask("GET", path+"?when=now", ""), http.StatusBadRequest)
	if w := b.ask("DELETE", path+"/"+one.ID, ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	wantProblem(t, b.ask("DELETE", path+"/"+one.ID, ""), http.StatusNotFound)
	wantProblem(t, b.ask("POST", path, `{}`, "Authorization", basic("eye", "pw")), http.StatusForbidden)
}
