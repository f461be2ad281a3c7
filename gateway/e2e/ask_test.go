//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// channelPage is one answer to a query.
type channelPage struct {
	Items []struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Class    int      `json:"class"`
		Site     string   `json:"site"`
		Scenario string   `json:"scenario"`
		Tags     []string `json:"tags"`
		Lon      float64  `json:"lon"`
		Lat      float64  `json:"lat"`
		Status   struct {
			State string `json:"state"`
		} `json:"status"`
	} `json:"items"`
	Next  string `json:"next"`
	Total int    `json:"total"`
}

// What is registered can be asked for, in all the ways that were promised.
func TestAsk(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(630, 554)
	g.register(t, rows...)
	has := func(column string, values ...string) func(row) bool {
		return func(r row) bool { return slices.Contains(values, r[column]) }
	}

	t.Run("filters", func(t *testing.T) {
		for query, matches := range map[string]func(row) bool{
			"":                             func(row) bool { return true },
			"class=2":                      has("class", "2"),
			"class=1,3":                    has("class", "1", "3"),
			"scenario=campus":              has("scenario", "campus"),
			"scenario=campus,kitchen":      has("scenario", "campus", "kitchen"),
			"class=1&scenario=hospital":    func(r row) bool { return r["class"] == "1" && r["scenario"] == "hospital" },
			"site=xiamen/siming":           func(r row) bool { return strings.HasPrefix(r["site"], "xiamen/siming/") },
			"site=xiamen/sim":              func(row) bool { return false },
			"tag=gate":                     func(r row) bool { return strings.HasPrefix(r["tags"], "gate") },
			"q=kitchen":                    func(r row) bool { return strings.Contains(r["name"], "kitchen") },
			"q=" + url.QueryEscape("厦门"):   func(row) bool { return true },
			"state=unknown":                func(row) bool { return true },
			"state=online":                 func(row) bool { return false },
			"bbox=118.08,24.45,118.1,24.5": func(r row) bool { return r["lon"] <= "118.100000" },
		} {
			want := map[string]bool{}
			for _, r := range rows {
				if matches(r) {
					want[r["id"]] = true
				}
			}
			// Pages of an odd size, so that the last one isn't full.
			got, cursor := map[string]bool{}, ""
			for pages := 0; ; pages++ {
				var page channelPage
				g.get(t, "/api/v1/channels?limit=97&"+query+"&cursor="+url.QueryEscape(cursor), &page)
				if page.Total != len(want) {
					t.Errorf("%q: total %d, want %d", query, page.Total, len(want))
				}
				for _, c := range page.Items {
					if got[c.ID] {
						t.Errorf("%q: %s comes twice", query, c.ID)
					}
					got[c.ID] = true
					if c.Status.State != "unknown" {
						t.Errorf("%q: %s is %q, want unknown", query, c.ID, c.Status.State)
					}
				}
				if cursor = page.Next; cursor == "" || pages > 10 {
					break
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %d channels, want %d, or others", query, len(got), len(want))
			}
		}
	})

	t.Run("order", func(t *testing.T) {
		var page channelPage
		g.get(t, "/api/v1/channels?sort=-name&limit=1000", &page)
		for i := 1; i < len(page.Items); i++ {
			if page.Items[i].Name > page.Items[i-1].Name {
				t.Fatalf("sort=-name: %q comes after %q", page.Items[i].Name, page.Items[i-1].Name)
			}
		}
	})

	t.Run("wrong questions", func(t *testing.T) {
		for path, status := range map[string]int{
			"/api/v1/channels?class=7":        http.StatusUnprocessableEntity,
			"/api/v1/channels?limit=0":        http.StatusUnprocessableEntity,
			"/api/v1/channels?limit=1001":     http.StatusUnprocessableEntity,
			"/api/v1/channels?state=sleepy":   http.StatusUnprocessableEntity,
			"/api/v1/channels?bbox=1,2,3":     http.StatusUnprocessableEntity,
			"/api/v1/channels?cursor=nothing": http.StatusUnprocessableEntity,
			"/api/v1/channels/nobody":         http.StatusNotFound,
			"/api/v1/nothing":                 http.StatusNotFound,
		} {
			res, b := g.request(t, http.MethodGet, path, "")
			if ok := res.StatusCode == status || status == 422 && res.StatusCode == 400; !ok {
				t.Errorf("%s: %s, want %d\n%s", path, res.Status, status, b)
			}
			var problem struct{ Status int }
			if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/problem+json") {
				t.Errorf("%s: the answer is %s, want application/problem+json", path, kind)
			} else if err := json.Unmarshal(b, &problem); err != nil || problem.Status != res.StatusCode {
				t.Errorf("%s: not a problem of status %d: %v\n%s", path, res.StatusCode, err, b)
			}
		}
	})

	t.Run("statistics", func(t *testing.T) {
		var stats struct {
			Groups []struct{ Class, Total, Unknown int }
			Total  struct{ Total, Unknown int }
		}
		g.get(t, "/api/v1/stats?by=class", &stats)
		if stats.Total.Total != 630 || stats.Total.Unknown != 630 || len(stats.Groups) != 3 {
			t.Errorf("got %+v, want 630 unknown in 3 classes", stats)
		}
		for _, group := range stats.Groups {
			if group.Total != 210 {
				t.Errorf("class %d has %d, want 210", group.Class, group.Total)
			}
		}
	})

	t.Run("one channel", func(t *testing.T) {
		id := rows[3]["id"]
		res, b := g.request(t, http.MethodGet, "/api/v1/channels/"+id, "")
		if res.StatusCode != http.StatusOK || res.Header.Get("ETag") == "" {
			t.Errorf("%s, ETag %q", res.Status, res.Header.Get("ETag"))
		}
		// The nats command gets the same answer.
		reply := g.natsCommand(t, "req", "--raw", "sharpeyes.api.channels.get", fmt.Sprintf(`{"id":%q}`, id))
		if got, want := decode(t, reply), decode(t, string(b)); !reflect.DeepEqual(got, want) {
			t.Errorf("over NATS:\n%v\nover HTTP:\n%v", got, want)
		}
		if reply := g.natsCommand(t, "req", "sharpeyes.api.channels.get", `{"id":"nobody"}`); !strings.Contains(reply, `"status":404`) {
			t.Errorf("asked for nobody, the micro service says\n%s", reply)
		}
	})

	t.Run("micro service", func(t *testing.T) {
		info := g.natsCommand(t, "micro", "info", "sharpeyes")
		for _, subject := range []string{"sharpeyes.api.channels.get", "sharpeyes.api.channels.query", "sharpeyes.api.channels.report", "sharpeyes.api.sites", "sharpeyes.api.stats"} {
			if !strings.Contains(info, subject) {
				t.Errorf("nats micro info doesn't name %s:\n%s", subject, info)
			}
		}
		var page channelPage
		reply := g.natsCommand(t, "req", "--raw", "sharpeyes.api.channels.query", `{"class":"2","limit":5}`)
		if err := json.Unmarshal([]byte(reply), &page); err != nil || page.Total != 210 || len(page.Items) != 5 {
			t.Errorf("query over NATS: %v, total %d, %d items, want 210 and 5\n%s", err, page.Total, len(page.Items), reply)
		}
		var stats struct{ Total struct{ Total int } }
		reply = g.natsCommand(t, "req", "--raw", "sharpeyes.api.stats", `{}`)
		if err := json.Unmarshal([]byte(reply), &stats); err != nil || stats.Total.Total != 630 {
			t.Errorf("statistics over NATS: %v, total %d\n%s", err, stats.Total.Total, reply)
		}
	})

	t.Run("edit", func(t *testing.T) {
		path := "/api/v1/channels/" + rows[4]["id"]
		res, b := g.request(t, http.MethodPatch, path, `{"name":"renamed"}`)
		var ch struct{ Name, Scenario string }
		if g.get(t, path, &ch); ch.Name != "renamed" || ch.Scenario != rows[4]["scenario"] {
			t.Errorf("PATCH: %s\n%s\nand the channel is %+v", res.Status, b, ch)
		}
	})

	t.Run("export", func(t *testing.T) {
		for _, form := range []string{"csv", "ndjson"} {
			_, b := g.request(t, http.MethodGet, "/api/v1/channels:export?format="+form, "")
			file := filepath.Join(t.TempDir(), "export."+form)
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			out, errs, status := g.importFile(t, file, "--format", form)
			if status != 0 {
				t.Errorf("import what was exported: exit status %d\n%s%s", status, out, errs)
			}
			wantCount(t, out+errs, "unchanged", len(rows))
		}
	})

	t.Run("life signs", func(t *testing.T) {
		for path, holds := range map[string]string{
			"/healthz": "", "/readyz": "", "/": "<html", "/metrics": "\nsharpeyes_", "/api/v1/openapi.json": `/channels/{id}"`,
		} {
			if res, b := g.request(t, http.MethodGet, path, ""); res.StatusCode != http.StatusOK || !strings.Contains(string(b), holds) {
				t.Errorf("%s: %s, want 200 and %q in it", path, res.Status, holds)
			}
		}
	})
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	delete(v, "$schema") // where HTTP finds the schema says nothing of the channel
	return v
}

// Wrong usage is told from failure by the exit status.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	dead := "http://" + deadAddress(t)
	for _, c := range []struct {
		status int
		args   []string
	}{
		{0, []string{"version"}},
		{0, []string{"--help"}},
		{0, []string{"config", "default"}},
		{2, []string{"nonsense"}},
		{2, []string{"serve", "--nonsense"}},
		{2, []string{"channels", "show"}},
		{1, []string{"channels", "list", "--server", dead}},
		{1, []string{"config", "check", "/nonexistent/sharpeyes.yaml"}},
		{1, []string{"serve", "--config", "/nonexistent/sharpeyes.yaml"}},
	} {
		out, errs, status := command(t, nil, c.args...)
		if status != c.status {
			t.Errorf("sharpeyes %s: exit status %d, want %d\n%s%s", strings.Join(c.args, " "), status, c.status, out, errs)
		}
		if status != 0 && errs == "" {
			t.Errorf("sharpeyes %s: nothing on standard error tells why it failed", strings.Join(c.args, " "))
		}
	}
}

// A running gateway answers to the commands, too.
func TestCommands(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(30, 554)
	g.register(t, rows...)
	for _, c := range []struct {
		says string
		args []string
	}{
		{rows[0]["id"], []string{"channels", "list"}},
		{rows[2]["name"], []string{"channels", "show", rows[2]["id"]}},
		{rows[29]["id"], []string{"channels", "export"}},
		{"xiamen/siming", []string{"sites", "list"}},
		{"30", []string{"stats"}},
	} {
		out, errs, status := command(t, []string{"SHARPEYES_SERVER=" + g.server()}, c.args...)
		if status != 0 || !strings.Contains(out, c.says) {
			t.Errorf("sharpeyes %s: exit status %d, want 0 and %q in\n%s%s", strings.Join(c.args, " "), status, c.says, out, errs)
		}
	}
}
