package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHistoryAndVersions(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"GET /channels/gate-1/history?limit=50": `{"items":[
			{"version":7,"at":"2026-01-02T03:04:05Z","by":"boss","action":"edit","kind":"updated","fields":[{"field":"name","old":"","new":"南门\u001b[31m"},{"field":"password","old":"","new":"changed"}]},
			{"version":3,"at":"2026-01-01T03:04:05Z","by":"anna","action":"import","kind":"created","fields":[]}]}`,
		"GET /channels:versions?limit=2":                  `{"items":[{"version":7,"at":"2026-01-02T03:04:05Z","by":"boss","action":"edit"},{"version":6,"at":"2026-01-02T03:04:05Z","by":"boss","action":"import","counts":{"created":5,"updated":1,"unchanged":0,"deleted":2}}]}`,
		"GET /channels:export?format=csv&version=6":       "id,name\n",
		"GET /channels/gate-1/history?limit=0":            `400 {"title":"Bad Request","status":400,"detail":"limit: must be"}`,
		"POST /keys:rotate":                               `{"key":"k2","resealed":5,"version":9}`,
		"DELETE /maintenance/w1":                          "204 ",
		"GET /maintenance?open=true&site=xiamen":          `{"items":[{"id":"w1","site":"xiamen/huli","from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z","why":"线路","by":"boss"}]}`,
		"POST /maintenance":                               `201 {"id":"w2","channel":"gate-1","from":"2026-05-01T14:00:00Z","until":"2026-05-01T16:00:00Z","why":"new lens","by":"boss"}`,
		"GET /channels:report?class=1&limit=20":           `{"all":{"channels":9,"incomplete":1,"position":1,"install_time":0,"contact":1,"record_days":0},"classes":[{"class":1,"channels":9,"incomplete":1,"position":1,"contact":1}],"sites":[{"path":"xiamen","name":"厦门","channels":9,"incomplete":1,"position":1,"contact":1},{"path":"a/b/c/d","channels":9,"incomplete":1}],"items":[{"id":"gate-1","name":"南门","class":1,"site":"xiamen","missing":["position","contact"]}],"next":"x","total":2}`,
		"GET /channels:report?format=csv&missing=contact": "id,name,class,site,missing\n",
	})
	at := func(s string) string {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x.Local().Format("2006-01-02 15:04:05")
	}
	for _, c := range []struct{ args, out, err string }{
		{"channels history gate-1", at("2026-01-02T03:04:05Z") + `  boss  edit    name "" → "南门\x1b[31m", password changed`, ""},
		{"channels versions --limit 2", "6        " + at("2026-01-02T03:04:05Z") + "  boss  import  5        1        2\n", ""},
		{"channels export --version 6", "id,name\n", ""},
		{"keys rotate", "sealed 5 passwords with the new key k2 (version 9)\n", ""},
		{"maintenance delete w1", "deleted w1\n", ""},
		{"maintenance list --open --site xiamen", "w1  xiamen/huli      " + at("2026-01-01T00:00:00Z"), ""},
		{"maintenance add --channel gate-1 --from 2026-05-01T22:00:00+08:00 --for 2h --why lens", "added w2: gate-1 from " + at("2026-05-01T14:00:00Z"), ""},
		{"channels report --class 1", "gate-1  南门  1      xiamen  position contact\n", "1 of 2; --csv lists all"},
		{"channels report --csv --missing contact", "id,name,class,site,missing\n", ""},
	} {
		got := f.program(t, "", strings.Fields(c.args)...)
		if got.status != done || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: got (%d)\n%s%s\nwant %s", c.args, got.status, got.out, got.err, c.out)
		}
		if asked := <-f.asked; strings.HasPrefix(asked, "POST /maintenance") && asked != `POST /maintenance {"channel":"gate-1","from":"2026-05-01T22:00:00+08:00","until":"2026-05-02T00:00:00+08:00","why":"lens"}` {
			t.Errorf("asked %s", asked)
		}
	}
	if got := f.program(t, "", "channels", "report", "--class", "1"); strings.Contains(got.out, "a/b/c/d") {
		t.Errorf("deeper than --depth: %s", got.out)
	}
	for _, args := range []string{
		"maintenance add --site a --channel b --for 1h --why x", "maintenance add --for 1h --why x", "maintenance add --site a --why x",
		"maintenance add --site a --for 1h --until 2026-01-01 --why x", "maintenance add --site a --until tomorrow --why x",
	} {
		if got := f.program(t, "", strings.Fields(args)...); got.status != wrongUsage {
			t.Errorf("%s: got (%d) %s%s", args, got.status, got.out, got.err)
		}
	}
	if got := f.program(t, "", "maintenance", "delete", "w0", "w1"); got.status != failed || got.out != "deleted w1\n" || !strings.Contains(got.err, "w0: ") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

// A dry run tells each channel, and how many there are beside those.
func TestDryRunTellsChanges(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"POST /channels:import?coordinates=wgs84&dry_run=true&encoding=utf-8&format=csv&prune=true": `{"created":3,"updated":1,"unchanged":0,"deleted":1,
			"warnings":[{"column":"lon","count":1,"row":5,"value":"24.4","message":"lon and lat look swapped"}],
			"changes":{"created":["a","b"],"updated":[{"id":"c","fields":[{"field":"class","old":"1","new":"2"},{"field":"password","old":"","new":"changed"}]}],"deleted":["d"]}}`,
	})
	got := f.program(t, "id\n", "channels", "import", "-", "--dry-run", "--prune")
	const want = "Nothing was changed; it would be:\ncreated 3, updated 1, unchanged 0, deleted 1\n" +
		"create a\ncreate b\n… and 1 more\nupdate c: class \"1\" → \"2\", password changed\ndelete d\n"
	if got.status != done || got.out != want || got.err != "line 5: lon \"24.4\": lon and lat look swapped\n" {
		t.Errorf("got (%d)\n%s%s\nwant\n%s", got.status, got.out, got.err, want)
	}
}

// Whoever prunes is told how many channels go, and may say no.
func TestPruneIsConfirmed(t *testing.T) {
	t.Parallel()
	const dry = "POST /channels:import?coordinates=wgs84&dry_run=true&encoding=utf-8&format=csv&prune=true"
	f := newFake(t, map[string]string{dry: `{"created":0,"updated":0,"unchanged":1,"deleted":3}`})
	file := filepath.Join(t.TempDir(), "c.csv")
	if err := os.WriteFile(file, []byte("id\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := channelsImport{File: file, Format: "csv", Encoding: "utf-8", Coordinates: "wgs84", Prune: true}
	c := &channels{client: client{Server: f.URL}}
	for answer, want := range map[string]error{"y\n": nil, "YES": nil, "n\n": errDeclined, "\n": errDeclined, "": errDeclined} {
		var asked strings.Builder
		err := i.confirm(t.Context(), console{strings.NewReader(answer), io.Discard, &asked}, c)
		if !errors.Is(err, want) || !strings.Contains(asked.String(), "3 channels aren't in "+file) {
			t.Errorf("%q: %v\n%s", answer, err, &asked)
		}
		f.wantAsked(t, dry+" id")
	}
	if (console{in: strings.NewReader("")}).interactive() {
		t.Error("a pipe is taken for a person")
	}
}
