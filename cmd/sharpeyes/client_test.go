package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake is a gateway that answers each call with what the test says, and remembers what was asked.
type fake struct {
	*httptest.Server
	asked chan string
}

func newFake(t *testing.T, answers map[string]string) *fake {
	t.Helper()
	f := &fake{asked: make(chan string, 64)}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api/v1")
		f.asked <- strings.TrimSpace(call + " " + string(body))
		answer, ok := answers[call]
		if !ok {
			answer = `404 {"title":"Not Found","status":404,"detail":"no such channel"}`
		}
		var status int
		if _, err := fmt.Sscan(answer, &status); err == nil {
			answer = answer[4:]
		} else {
			status = http.StatusOK
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) program(t *testing.T, in string, args ...string) answer {
	t.Helper()
	return program(t, []string{"SHARPEYES_SERVER=" + f.URL}, in, args...)
}

// wantAsked checks the calls so far, in their order.
func (f *fake) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-f.asked:
			if got != w {
				t.Errorf("asked %s\nwant  %s", got, w)
			}
		default:
			t.Errorf("not asked: %s", w)
		}
	}
	select {
	case got := <-f.asked:
		t.Errorf("also asked %s", got)
	default:
	}
}

const gate = `{"id":"gate-1","name":"校园南门","class":1,"site":"xiamen/siming","scenario":"campus","tags":["gate","ptz"],"lon":118.1,"status":{"state":"online","since":"2026-01-02T03:04:05Z"}}`

func TestList(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"GET /channels?class=1%2C2&limit=100&site=xiamen": `{"items":[` + gate + `],"next":"","total":1}`,
		"GET /channels?limit=1000":                        `{"items":[` + gate + `],"next":"c1","total":2}`,
		"GET /channels?cursor=c1&limit=1000":              `{"items":[{"id":"b","name":"B","class":2,"site":"s","scenario":"traffic","status":{"state":"offline","reason":"no_answer"}}],"next":"","total":2}`,
	})
	got := f.program(t, "", "channels", "list", "--class", "1,2", "--site=xiamen")
	if want := "ID      NAME      CLASS  SITE           SCENARIO  STATE   REASON\n" +
		"gate-1  校园南门  1      xiamen/siming  campus    online\n"; got.status != done || got.out != want {
		t.Errorf("got (%d)\n%s%s\nwant\n%s", got.status, got.out, got.err, want)
	}
	f.wantAsked(t, "GET /channels?class=1%2C2&limit=100&site=xiamen")

	got = f.program(t, "", "channels", "list", "--limit=0", "--json")
	var p page
	if err := json.Unmarshal([]byte(got.out), &p); err != nil || len(p.Items) != 2 || p.Total != 2 || p.Next != "" {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, "GET /channels?limit=1000", "GET /channels?cursor=c1&limit=1000")
}

func TestShow(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{"GET /channels/gate-1": gate})
	got := f.program(t, "", "channels", "show", "gate-1")
	for _, want := range []string{"name          校园南门\n", "tags          gate ptz\n", "lon           118.1\n", "status.state  online\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q isn't in\n%s%s", want, got.out, got.err)
		}
	}
	if got := f.program(t, "", "channels", "show", "a/b"); got.status != failed || !strings.Contains(got.err, "no such channel") {
		t.Errorf("an unknown channel: %d, %s", got.status, got.err)
	}
	f.wantAsked(t, "GET /channels/gate-1", "GET /channels/a%2Fb")
}

func TestSet(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"PATCH /channels/gate-1": gate,
		"PUT /channels/gate-2":   "201 " + gate,
		"PUT /channels/gate-3":   `422 {"title":"Unprocessable","status":422,"detail":"one value can't be taken","errors":[{"column":"url","value":"","message":"is missing"}]}`,
	})
	got := f.program(t, "hunter2\n", "channels", "set", "gate-1", "name=南门", "class=2", "lon=118.5", "tags=a;b", "enabled=false", "heading=", "password=-")
	if got.status != done || got.out != "changed gate-1\n" {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, `PATCH /channels/gate-1 {"class":2,"enabled":false,"heading":null,"lon":118.5,"name":"南门","password":"hunter2","tags":["a","b"]}`)

	if got := f.program(t, "", "channels", "set", "gate-2", "name=x", "contact="); got.status != done || got.out != "registered gate-2\n" {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, `PATCH /channels/gate-2 {"contact":null,"name":"x"}`, `PUT /channels/gate-2 {"name":"x"}`)

	if got := f.program(t, "", "channels", "set", "gate-3", "name=x"); got.status != failed || !strings.Contains(got.err, "url") || !strings.Contains(got.err, "no channel gate-3") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{"DELETE /channels/a": "204 "})
	got := f.program(t, "", "channels", "delete", "a", "b")
	if got.status != failed || got.out != "deleted a\n" || !strings.Contains(got.err, "b: ") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	const call = "POST /channels:import?coordinates=wgs84&encoding=utf-8&format="
	const dry = "POST /channels:import?coordinates=wgs84&dry_run=true&encoding=utf-8&format="
	f := newFake(t, map[string]string{
		call + "csv":              `{"created":2,"updated":1,"unchanged":0,"deleted":0,"warnings":[{"column":"contact","count":2,"row":2,"message":"is missing"}]}`,
		call + "ndjson":           `422 {"title":"Unprocessable","status":422,"detail":"one value can't be taken: nothing was imported","errors":[{"row":41236,"column":"class","value":"7\u001b[31m","message":"must be 1, 2, 3 or 9"}]}`,
		dry + "csv":               `{"created":2,"updated":0,"unchanged":0,"deleted":0}`,
		dry + "ndjson&prune=true": `{"created":0,"updated":0,"unchanged":0,"deleted":3}`,
	})
	file := filepath.Join(t.TempDir(), "channels.csv")
	if err := os.WriteFile(file, []byte("id,name\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := f.program(t, "", "channels", "import", file)
	if got.status != done || got.out != "created 2, updated 1, unchanged 0, deleted 0\n" || !strings.Contains(got.err, "2 rows, the first in line 2: contact: is missing") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, call+"csv id,name")

	lines := strings.TrimSuffix(file, "csv") + "ndjson"
	if err := os.WriteFile(lines, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = f.program(t, "", "channels", "import", lines)
	const want = "sharpeyes: the gateway refused (422): one value can't be taken: nothing was imported\n" +
		"ROW    COLUMN  VALUE   WHAT TO DO\n" +
		"41236  class   7\ufffd[31m  must be 1, 2, 3 or 9\n"
	if got.status != failed || got.out != "" || got.err != want {
		t.Errorf("got (%d) %s%s\nwant %s", got.status, got.out, got.err, want)
	}
	f.wantAsked(t, call+"ndjson {}")

	if got := f.program(t, "id\n", "channels", "import", "-", "--dry-run"); !strings.HasPrefix(got.out, "Nothing was changed; it would be:\ncreated 2,") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, dry+"csv id")
	if got := f.program(t, "", "channels", "import", lines, "--dry-run", "--prune", "--json"); !strings.Contains(got.out, `"deleted": 3`) {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{"GET /channels:export?format=csv&state=offline": "id,name\na,b\n"})
	if got := f.program(t, "", "channels", "export", "--state=offline"); got.status != done || got.out != "id,name\na,b\n" || got.err != "" {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

func TestExportCutShort(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "id,name\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	if got := program(t, nil, "", "channels", "export", "--server", s.URL); got.status != failed || !strings.Contains(got.err, "isn't whole") {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"GET /sites?depth=2&site=xiamen": `{"items":[{"path":"xiamen/siming","name":"思明区","total":10,"online":7,"degraded":1,"offline":1,"unknown":0,"disabled":1,"online_rate":0.8889}]}`,
		"PUT /sites/xiamen/siming":       `{"path":"xiamen/siming","name":"思明区"}`,
	})
	got := f.program(t, "", "sites", "list", "xiamen", "--depth=2")
	if want := "xiamen/siming  思明区  10     7       1         1        0        1         88.89%\n"; !strings.HasSuffix(got.out, want) {
		t.Errorf("got (%d)\n%s%s\nwant\n%s", got.status, got.out, got.err, want)
	}
	if got := f.program(t, "", "sites", "set", "xiamen/siming", "name=思明区"); got.out != "described xiamen/siming\n" {
		t.Errorf("got (%d) %s%s", got.status, got.out, got.err)
	}
	f.wantAsked(t, "GET /sites?depth=2&site=xiamen", `PUT /sites/xiamen/siming {"name":"思明区"}`)
}

func TestStats(t *testing.T) {
	t.Parallel()
	f := newFake(t, map[string]string{
		"GET /stats?by=class%2Cscenario": `{"by":["class","scenario"],"groups":[{"class":1,"scenario":"campus","total":4,"online":4,"online_rate":1}],"total":{"total":4,"online":4,"online_rate":1}}`,
	})
	got := f.program(t, "", "stats", "--by=class,scenario")
	if want := "CLASS  SCENARIO  TOTAL  ONLINE  DEGRADED  OFFLINE  UNKNOWN  DISABLED  ONLINE RATE\n" +
		"1      campus    4      4       0         0        0        0         100.00%\n" +
		"all              4      4       0         0        0        0         100.00%\n"; got.out != want {
		t.Errorf("got (%d)\n%s%s\nwant\n%s", got.status, got.out, got.err, want)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	for _, tt := range []struct {
		want string
		env  []string
		args []string
	}{
		{"", nil, nil},
		{"Bearer t1", []string{"SHARPEYES_TOKEN=t1", "SHARPEYES_USER=u", "SHARPEYES_PASSWORD=p"}, nil},
		{"Bearer t2", []string{"SHARPEYES_TOKEN=t1"}, []string{"--token=t2"}},
		{"Basic dTpw", []string{"SHARPEYES_USER=u", "SHARPEYES_PASSWORD=p"}, nil},
	} {
		got := program(t, tt.env, "", append([]string{"stats", "--server", s.URL}, tt.args...)...)
		if auth := <-seen; auth != tt.want {
			t.Errorf("sent %q, want %q", auth, tt.want)
		}
		if got.status != failed || !strings.Contains(got.err, "Say who you are") {
			t.Errorf("got (%d) %s", got.status, got.err)
		}
	}
}
