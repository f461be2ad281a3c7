//go:build e2e

package e2e

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commandOf runs a command against the gateway; it must succeed.
func (g *gateway) commandOf(t testing.TB, args ...string) string {
	t.Helper()
	out, errs, status := command(t, []string{"SHARPEYES_SERVER=" + g.server()}, args...)
	if status != 0 {
		t.Fatalf("sharpeyes %s: exit status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// What was registered when, and by whom, can be told after a restart, and written again.
func TestPast(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(30, 554)
	file := writeCSV(t, rows)

	if out := g.commandOf(t, "channels", "import", file, "--dry-run"); !strings.Contains(out, "create "+rows[7]["id"]+"\n") || g.total(t) != 0 {
		t.Errorf("a dry run says\n%s", out)
	}
	g.commandOf(t, "channels", "import", file)
	id := rows[7]["id"]
	g.commandOf(t, "channels", "set", id, "name=renamed", "password=hunter2", "username=u")
	g.commandOf(t, "channels", "delete", rows[8]["id"])

	dry := g.commandOf(t, "channels", "import", file, "--dry-run", "--prune")
	for _, want := range []string{"created 1, updated 1, unchanged 28, deleted 0", "create " + rows[8]["id"], fmt.Sprintf(`update %s: name "renamed" → %q`, id, rows[7]["name"])} {
		if !strings.Contains(dry, want) {
			t.Errorf("%q isn't in the dry run\n%s", want, dry)
		}
	}

	g.kill(t)
	g.start(t)
	history := g.commandOf(t, "channels", "history", id)
	for _, want := range []string{fmt.Sprintf("name %q → \"renamed\"", rows[7]["name"]), "password changed", "import", "created"} {
		if !strings.Contains(history, want) {
			t.Errorf("%q isn't in the history\n%s", want, history)
		}
	}
	if strings.Contains(history, "hunter2") {
		t.Errorf("a password is in the history\n%s", history)
	}
	if deleted := g.commandOf(t, "channels", "history", rows[8]["id"]); !strings.Contains(deleted, "deleted") {
		t.Errorf("the history of a deleted channel is\n%s", deleted)
	}

	var versions struct {
		Items []struct {
			Version uint64
			Action  string
		}
	}
	if err := json.Unmarshal([]byte(g.commandOf(t, "channels", "versions", "--json")), &versions); err != nil || len(versions.Items) != 3 || versions.Items[2].Action != "import" {
		t.Fatalf("the versions are %+v, %v", versions, err)
	}
	before := g.commandOf(t, "channels", "export", "--version", fmt.Sprint(versions.Items[2].Version))
	if strings.Count(before, "\n") != 31 || strings.Contains(before, "renamed") || !strings.Contains(before, rows[8]["id"]) {
		t.Errorf("the first version is\n%s", before)
	}
	old := filepath.Join(t.TempDir(), "old.csv")
	if err := os.WriteFile(old, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := g.commandOf(t, "channels", "import", old, "--prune"); !strings.Contains(out, "created 1, updated 1, unchanged 28, deleted 0") {
		t.Errorf("imported again, the first version changes\n%s", out)
	}
}

// Who edits what somebody else has changed meanwhile is refused, and told what was changed.
func TestRefusalSaysWhatChanged(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(3, 554)
	g.register(t, rows...)
	path := "/api/v1/channels/" + rows[0]["id"]
	res, _ := g.request(t, http.MethodGet, path, "")
	g.request(t, http.MethodPatch, path, `{"name":"theirs","heading":12}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, g.server()+path, strings.NewReader(`{"name":"mine"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-Match", res.Header.Get("ETag"))
	req.Close = true
	refused, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Body.Close()
	var p struct {
		Detail  string
		Changes []struct {
			By     string
			Fields []struct{ Field, Old, New string }
		}
	}
	if err := json.NewDecoder(refused.Body).Decode(&p); err != nil || refused.StatusCode != http.StatusPreconditionFailed {
		t.Fatalf("%s, %v", refused.Status, err)
	}
	if len(p.Changes) != 1 || len(p.Changes[0].Fields) != 2 || p.Changes[0].Fields[0].New != "theirs" || !strings.Contains(p.Detail, "name, heading") {
		t.Errorf("the refusal says %+v", p)
	}
}

// The city as a map, what the standard misses of it, and who works where.
func TestMapReportAndMaintenance(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(300, 554)
	for _, r := range rows[:10] {
		r["lon"], r["lat"] = "", ""
	}
	g.register(t, rows...)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.server()+"/api/v1/channels.geojson", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var city struct {
		Features []struct {
			Properties struct{ ID, State string }
		}
	}
	zipped, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatalf("%s, Content-Encoding %q: %v", res.Status, res.Header.Get("Content-Encoding"), err)
	}
	if err := json.NewDecoder(zipped).Decode(&city); err != nil || len(city.Features) != 290 || city.Features[0].Properties.State != "unknown" {
		t.Errorf("%v, %d features, want 290", err, len(city.Features))
	}

	report := g.commandOf(t, "channels", "report", "--missing", "position", "--csv")
	wanting := 0
	for _, r := range rows[:10] {
		if r["class"] == "3" {
			continue
		}
		wanting++
		if !strings.Contains(report, r["id"]) {
			t.Errorf("%s isn't in the report\n%s", r["id"], report)
		}
	}
	if n := strings.Count(report, "\n"); n != wanting+1 {
		t.Errorf("%d lines, want %d", n, wanting+1)
	}

	added := g.commandOf(t, "maintenance", "add", "--site", "xiamen/siming", "--for", "1h", "--why", "线路检修")
	if list := g.commandOf(t, "maintenance", "list", "--open"); !strings.Contains(list, "线路检修") {
		t.Errorf("the window isn't in\n%s\nit was\n%s", list, added)
	}
	for _, r := range rows {
		if !strings.HasPrefix(r["site"], "xiamen/siming/") {
			continue
		}
		var ch struct{ Maintenance *struct{ Why string } }
		if g.get(t, "/api/v1/channels/"+r["id"], &ch); ch.Maintenance == nil || ch.Maintenance.Why != "线路检修" {
			t.Errorf("channel %s isn't in maintenance", r["id"])
		}
		break
	}
}

// With another key the passwords are still those of the cameras.
func TestRotateKey(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(30, 554)
	for _, r := range rows {
		r["username"], r["password"] = "admin", "hunter2-"+r["id"]
	}
	file := writeCSV(t, rows)
	g.commandOf(t, "channels", "import", file)
	before, err := os.ReadFile(filepath.Join(g.dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if out := g.commandOf(t, "keys", "rotate"); !strings.Contains(out, "sealed 30 passwords") {
		t.Errorf("it says %s", out)
	}
	after, err := os.ReadFile(filepath.Join(g.dir, "secret.key"))
	if err != nil || string(after) == string(before) {
		t.Errorf("the key's file is as before, %v", err)
	}
	g.kill(t)
	g.start(t)
	if out := g.commandOf(t, "channels", "import", file); !strings.Contains(out, "created 0, updated 0, unchanged 30") {
		t.Errorf("after a restart the same file changes\n%s", out)
	}
}
