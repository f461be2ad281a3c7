package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/streams"
)

type page struct {
	Items []registry.Listing
	Next  string
	Total int
}

func ids(items []registry.Listing) []string {
	var list []string
	for _, i := range items {
		list = append(list, i.ID)
	}
	return list
}

func TestListChannels(t *testing.T) {
	b := newBench(t, nil)
	for query, want := range map[string][]string{
		"":                            {northGate, southGate, "kitchen-1", "shop"},
		"class=1":                     {northGate, southGate},
		"class=2,3":                   {"kitchen-1", "shop"},
		"class=2&class=3":             {"kitchen-1", "shop"},
		"scenario=kitchen":            {"kitchen-1"},
		"site=xiamen/siming":          {northGate, southGate},
		"site=xiamen/sim":             nil,
		"state=offline":               {southGate},
		"state=unknown,disabled":      {"kitchen-1", "shop"},
		"tag=gate":                    {northGate},
		"q=" + url.QueryEscape("演武"):  {northGate},
		"q=GATE":                      {southGate},
		"bbox=118,24,119,25":          {northGate},
		"sort=-id&limit=2":            {"shop", "kitchen-1"},
		"class=1&state=online&q=3502": {northGate},
	} {
		var p page
		decode(t, b.ask("GET", "/api/v1/channels?"+query, ""), http.StatusOK, &p)
		if !slices.Equal(ids(p.Items), want) {
			t.Errorf("%q: %v, want %v", query, ids(p.Items), want)
		}
	}
}

func TestPaging(t *testing.T) {
	b := newBench(t, nil)
	var got []string
	cursor := ""
	for range 5 {
		var p page
		decode(t, b.ask("GET", "/api/v1/channels?limit=3&cursor="+url.QueryEscape(cursor), ""), http.StatusOK, &p)
		if p.Total != 4 {
			t.Errorf("total %d", p.Total)
		}
		got = append(got, ids(p.Items)...)
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, []string{northGate, southGate, "kitchen-1", "shop"}) {
		t.Errorf("pages: %v", got)
	}
	w := b.ask("GET", "/api/v1/channels?scenario=ecology", "")
	if !strings.Contains(w.Body.String(), `"items":[]`) {
		t.Errorf("an empty page is %s", w.Body)
	}
}

func TestWrongQuestions(t *testing.T) {
	b := newBench(t, nil)
	for query, column := range map[string]string{
		"channels?class=7": "class", "channels?limit=0": "limit", "channels?limit=1001": "limit", "channels?state=sleepy": "state",
		"channels?bbox=1,2,3": "bbox", "channels?cursor=x": "cursor", "channels?sort=age": "sort", "channels?colour=red": "colour",
		"stats?by=colour": "by", "stats?class=x": "class", "sites?depth=7": "depth", "channels:export?format=xml": "format",
		"streams/" + northGate + "?profile=third": "profile",
	} {
		p := wantProblem(t, b.ask("GET", "/api/v1/"+query, ""), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Column != column || p.Errors[0].Message == "" {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func TestGetChannel(t *testing.T) {
	b := newBench(t, nil)
	w := b.ask("GET", "/api/v1/channels/"+northGate, "", "Host", "gateway.local:8080", "Authorization", basic("eye", "pw"))
	var c struct {
		registry.Listing
		RTSP    string `json:"rtsp_url"`
		RTSPSub string `json:"rtsp_sub_url"`
	}
	var raw map[string]any
	decode(t, w, http.StatusOK, &raw)
	decode(t, w, http.StatusOK, &c.Listing)
	if c.Name != "演武小学北门" || c.Status.State != "online" || raw["username"] != "admin" {
		t.Errorf("%s", w.Body)
	}
	if raw["rtsp_url"] != "rtsp://gateway.local:8554/"+northGate || raw["rtsp_sub_url"] != "rtsp://gateway.local:8554/"+northGate+"/sub" {
		t.Errorf("%v, %v", raw["rtsp_url"], raw["rtsp_sub_url"])
	}
	if _, ok := raw["password"]; ok || strings.Contains(w.Body.String(), password) {
		t.Errorf("the password: %s", w.Body)
	}
	if tag := w.Header().Get("ETag"); len(tag) < 4 || tag[0] != '"' {
		t.Errorf("ETag %q", tag)
	}
	if p := wantProblem(t, b.ask("GET", "/api/v1/channels/nobody", ""), http.StatusNotFound); !strings.Contains(p.Detail, "nobody") {
		t.Error(p.Detail)
	}
}

func TestStatsAndSites(t *testing.T) {
	b := newBench(t, nil)
	var s registry.Stats
	decode(t, b.ask("GET", "/api/v1/stats?by=class,scenario", ""), http.StatusOK, &s)
	if s.Total.Total != 4 || s.Total.Online != 1 || s.Total.Disabled != 1 || len(s.Groups) != 3 {
		t.Errorf("%+v", s)
	}
	decode(t, b.ask("GET", "/api/v1/stats", ""), http.StatusOK, &s)
	if s.Total.Total != 4 || len(s.Groups) != 0 {
		t.Errorf("%+v", s)
	}

	var sites struct{ Items []registry.SiteTally }
	decode(t, b.ask("GET", "/api/v1/sites?depth=2", ""), http.StatusOK, &sites)
	if len(sites.Items) != 3 || sites.Items[2].Name != "思明区" || sites.Items[2].Total != 2 || sites.Items[0].Total != 4 {
		t.Errorf("%+v", sites)
	}
	sites.Items = nil
	decode(t, b.ask("GET", "/api/v1/sites?site=xiamen/huli", ""), http.StatusOK, &sites)
	if len(sites.Items) != 1 || sites.Items[0].Path != "xiamen/huli" {
		t.Errorf("%+v", sites)
	}
}

func TestPutSite(t *testing.T) {
	b := newBench(t, nil)
	for _, path := range []string{"xiamen/huli", "xiamen%2Fhuli"} {
		var site registry.Site
		decode(t, b.ask("PUT", "/api/v1/sites/"+path, `{"name":"湖里区","lon":118.1,"lat":24.5}`), http.StatusOK, &site)
		if got, _ := b.catalogue.Snapshot().Site("xiamen/huli"); got.Name != "湖里区" || site.Path != "xiamen/huli" {
			t.Errorf("%s: %+v, %+v", path, got, site)
		}
	}
	for path, body := range map[string]string{
		"xiamen/Huli": `{"name":"x"}`, "xiamen/huli": `{"name":""}`, "xiamen": `{"name":"x","colour":"red"}`,
		"xiamen/tongan": `{"path":"elsewhere","name":"x"}`, "xiamen/jimei": `not json`, "xiamen/haicang": `{"name":"x"} more`,
	} {
		wantProblem(t, b.ask("PUT", "/api/v1/sites/"+path, body), http.StatusUnprocessableEntity)
	}
}

func TestStreams(t *testing.T) {
	b := newBench(t, nil)
	var all struct{ Items []map[string]any }
	decode(t, b.ask("GET", "/api/v1/streams", ""), http.StatusOK, &all)
	if len(all.Items) != 1 || all.Items[0]["id"] != northGate || all.Items[0]["readers"] != 3.0 || all.Items[0]["loss"] != 0.1 || all.Items[0]["codec"] != "H264" {
		t.Errorf("%v", all)
	}
	var one map[string]any
	decode(t, b.ask("GET", "/api/v1/streams/"+northGate, ""), http.StatusOK, &one)
	if one["profile"] != "main" || one["name"] != "演武小学北门" {
		t.Errorf("%v", one)
	}
	for _, path := range []string{southGate, "nobody", northGate + "?profile=sub"} {
		p := wantProblem(t, b.ask("GET", "/api/v1/streams/"+path, ""), http.StatusNotFound)
		if path == southGate && (!strings.Contains(p.Detail, "H265 and G711") || !strings.Contains(p.Detail, "2023-11-14T22:13:20Z it failed: connect_refused: 10.0.0.2")) {
			t.Errorf("%s: %q", path, p.Detail)
		}
	}
}

// Who reads is for administrators to know.
func TestWhoReads(t *testing.T) {
	b := newBench(t, func(o *api.Options) {
		o.Authenticator = door{}
		o.Streams = pulls{{
			Key:         streams.Key{Channel: northGate, Profile: streams.Main},
			ReadersList: []streams.ReaderInfo{{Who: streams.Who{Kind: "browser", Remote: "192.0.2.7:1234", User: "anna"}, Units: 7}},
		}}
	})
	for asker, knows := range map[string]bool{"Basic Ym9zczpwdw==": true, "Basic ZXllOnB3": false} {
		var one api.Stream
		decode(t, b.ask("GET", "/api/v1/streams/"+northGate, "", "Authorization", asker), http.StatusOK, &one)
		if len(one.Reading) != 1 || one.Reading[0].Units != 7 || (one.Reading[0].User == "anna") != knows || (one.Reading[0].Remote != "") != knows {
			t.Errorf("%+v", one.Reading)
		}
	}
}

// Every operation is in the document, under its whole path, and every reference leads somewhere.
func TestOpenAPI(t *testing.T) {
	_, b := newStudio(t, 1)
	w := b.ask("GET", "/api/v1/openapi.json", "", "Authorization", "Basic Ym9zczpwdw==")
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct{ Schemas map[string]json.RawMessage }
	}
	decode(t, w, http.StatusOK, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Error(doc.OpenAPI)
	}
	want := map[string][]string{
		"/api/v1/channels":              {"get"},
		"/api/v1/channels/{id}":         {"delete", "get", "patch", "put"},
		"/api/v1/channels:import":       {"post"},
		"/api/v1/channels:export":       {"get"},
		"/api/v1/channels.geojson":      {"get"},
		"/api/v1/channels:report":       {"get"},
		"/api/v1/channels:versions":     {"get"},
		"/api/v1/channels/{id}/history": {"get"},
		"/api/v1/maintenance":           {"get", "post"},
		"/api/v1/maintenance/{id}":      {"delete"},
		"/api/v1/keys:rotate":           {"post"},
		"/api/v1/sites":                 {"get"},
		"/api/v1/sites/{path}":          {"put"},
		"/api/v1/stats":                 {"get"},
		"/api/v1/nodes":                 {"get"},
		"/api/v1/streams":               {"get"},
		"/api/v1/streams/{id}":          {"get"},
		"/api/v1/streams:prewarm":       {"post"},
		"/api/v1/ws/live/{id}":          {"get"},
		"/api/v1/session":               {"get"},
	}
	for path, methods := range want {
		for _, m := range methods {
			if doc.Paths[path][m].OperationID == "" {
				t.Errorf("%s %s isn't there", m, path)
			}
		}
		if len(doc.Paths[path]) != len(methods) {
			t.Errorf("%s has %d methods, want %d", path, len(doc.Paths[path]), len(methods))
		}
	}
	described, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range want {
		for _, m := range methods {
			if call := "`" + strings.ToUpper(m) + strings.Replace(path, "/api/v1", " ", 1) + "`"; !strings.Contains(string(described), call) {
				t.Errorf("docs/http.md doesn't describe %s", call)
			}
		}
	}
	if len(doc.Paths) != len(want) {
		t.Errorf("%d paths, want %d", len(doc.Paths), len(want))
	}
	for _, part := range strings.Split(w.Body.String(), `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
	if !strings.Contains(string(doc.Components.Schemas["Channel"]), `"writeOnly":true`) {
		t.Errorf("the password isn't write-only: %s", doc.Components.Schemas["Channel"])
	}
}

func TestElsewhere(t *testing.T) {
	b := newBench(t, nil)
	wantProblem(t, b.ask("GET", "/api/v1/nothing", ""), http.StatusNotFound)
	wantProblem(t, b.ask("GET", "/api/v1/", ""), http.StatusNotFound)
	w := b.ask("POST", "/api/v1/channels/shop", "")
	wantProblem(t, w, http.StatusMethodNotAllowed)
	if allow := w.Header().Get("Allow"); allow != "GET, PUT, PATCH, DELETE" {
		t.Errorf("Allow: %q", allow)
	}
	for path, text := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "sharpeyes_test 1", "/": "<html>page"} {
		if w := b.ask("GET", path, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
