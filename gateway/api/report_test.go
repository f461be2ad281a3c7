package api_test

import (
	"net/http"
	"strings"
	"testing"

	"sharpeyes/registry"
)

func TestReport(t *testing.T) {
	b := newBench(t, nil)
	type report struct {
		All     *registry.Gaps
		Classes []registry.ClassGaps
		Sites   []registry.SiteGaps
		Items   []struct {
			ID, Name, Site string
			Class          int
			Missing        []string
		}
		Next  string
		Total int
	}
	var r report
	decode(t, b.ask("GET", "/api/v1/channels:report", ""), http.StatusOK, &r)
	if r.All == nil || *r.All != (registry.Gaps{Channels: 4, Incomplete: 3, Position: 2, InstallTime: 2, Contact: 2, RecordDays: 2}) ||
		len(r.Classes) != 3 || len(r.Sites) != 4 || r.Sites[2].Name != "思明区" || r.Total != 3 || r.Next != "" {
		t.Errorf("%+v", r)
	}
	if len(r.Items) != 3 || r.Items[2].ID != "kitchen-1" || strings.Join(r.Items[2].Missing, ";") != "position" || len(r.Items[1].Missing) != 4 {
		t.Errorf("%+v", r.Items)
	}
	var got []string
	for cursor := ""; ; cursor = r.Next {
		r = report{}
		decode(t, b.ask("GET", "/api/v1/channels:report?missing=position,contact&limit=2&cursor="+cursor, ""), http.StatusOK, &r)
		if (r.All != nil) != (cursor == "") || r.Total != 3 {
			t.Errorf("after %q: %+v", cursor, r)
		}
		for _, i := range r.Items {
			got = append(got, i.ID)
		}
		if r.Next == "" {
			break
		}
	}
	if want := northGate + " " + southGate + " kitchen-1"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	w := b.ask("GET", "/api/v1/channels:report?format=csv&class=2", "")
	if want := "id,name,class,site,missing\nkitchen-1,Kitchen <1>,2,xiamen/huli,position\n"; w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, q := range []string{"missing=colour", "cursor=*", "sort=name", "format=xml", "format=csv&limit=5", "colour=red", "limit=0"} {
		wantProblem(t, b.ask("GET", "/api/v1/channels:report?"+q, ""), http.StatusBadRequest)
	}
}
