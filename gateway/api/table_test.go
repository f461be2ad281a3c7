package api_test

import (
	"net/http"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// The table has every channel once, in columns of the same length, and what the filters mean.
func TestTable(t *testing.T) {
	b := everything(t)
	b.statuses.Set(southGate, registry.Status{State: event.Offline})
	type table struct {
		IDs, Names                              []string
		Classes, Sites, Scenarios, States, Subs []int
		Lons, Lats                              []*float64
		SiteNames                               []string `json:"site_names"`
		ScenarioNames                           []string `json:"scenario_names"`
	}
	ask := func(query string) table {
		t.Helper()
		var got table
		decode(t, b.ask("GET", "/api/v1/channels:table"+query, "", "Authorization", basic("boss", "pw")), http.StatusOK, &got)
		n := len(got.IDs)
		for name, length := range map[string]int{
			"names": len(got.Names), "classes": len(got.Classes), "sites": len(got.Sites), "scenarios": len(got.Scenarios),
			"states": len(got.States), "subs": len(got.Subs), "lons": len(got.Lons), "lats": len(got.Lats),
		} {
			if length != n {
				t.Errorf("%d %s of %d channels", length, name, n)
			}
		}
		return got
	}
	all := ask("")
	if len(all.IDs) != len(channels()) {
		t.Errorf("%d channels, want %d", len(all.IDs), len(channels()))
	}
	for i, id := range all.IDs {
		for _, c := range channels() {
			if c.ID != id {
				continue
			}
			if all.Names[i] != c.Name || all.Classes[i] != int(c.Class) || all.SiteNames[all.Sites[i]] != c.Site ||
				all.ScenarioNames[all.Scenarios[i]] != c.Scenario || (all.Lons[i] == nil) != (c.Lon == nil) || (all.Subs[i] == 1) != (c.SubURL != "") {
				t.Errorf("%s is %+v at %d", id, all, i)
			}
		}
		if id == southGate && all.States[i] != 2 {
			t.Errorf("the south gate is %d, want offline", all.States[i])
		}
	}
	if got := ask("?state=offline"); len(got.IDs) != 1 || got.IDs[0] != southGate {
		t.Errorf("offline are %v", got.IDs)
	}
	if got := ask("?q=nothing-is-called-so"); len(got.IDs) != 0 {
		t.Errorf("nothing is %v", got.IDs)
	}
	wantProblem(t, b.ask("GET", "/api/v1/channels:table?limit=1", "", "Authorization", basic("boss", "pw")), http.StatusBadRequest)
}
