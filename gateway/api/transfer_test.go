package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
)

const header = "id,name,class,site,scenario,url,username,password\n"

func TestImport(t *testing.T) {
	b := newBench(t, nil)
	file := header + "a,One,1,xiamen/siming,campus,rtsp://10.1.0.1/,admin,hidden1\n" +
		"b,Two,2,xiamen/siming,campus,rtsp://10.1.0.2/,,\n"
	var n struct {
		registry.Counts
		Warnings []registry.Warning
		Changes  *registry.Changes
	}
	decode(t, b.ask("POST", "/api/v1/channels:import?format=csv&dry_run=true", file), http.StatusOK, &n)
	if n.Counts != (registry.Counts{Created: 2}) || len(n.Warnings) == 0 || len(b.catalogue.transactions()) != 0 ||
		n.Changes == nil || fmt.Sprint(n.Changes.Created) != "[a b]" || n.Changes.Updated == nil || n.Changes.Deleted == nil {
		t.Errorf("dry run: %+v, %d transactions", n, len(b.catalogue.transactions()))
	}
	n.Changes = nil
	decode(t, b.ask("POST", "/api/v1/channels:import", file), http.StatusOK, &n)
	if n.Counts != (registry.Counts{Created: 2}) {
		t.Errorf("%+v", n)
	}
	w := b.ask("POST", "/api/v1/channels:import?format=csv", file)
	decode(t, w, http.StatusOK, &n)
	if n.Counts != (registry.Counts{Unchanged: 2}) || len(b.catalogue.transactions()) != 1 {
		t.Errorf("again: %+v, %d transactions", n, len(b.catalogue.transactions()))
	}
	for _, field := range []string{`"created":0`, `"updated":0`, `"unchanged":2`, `"deleted":0`} {
		if !strings.Contains(w.Body.String(), field) {
			t.Errorf("%s isn't in %s", field, w.Body)
		}
	}
	if n.Changes != nil {
		t.Errorf("an import tells %+v", n.Changes)
	}
	w = b.ask("POST", "/api/v1/channels:import?prune=true&dry_run=true", strings.Replace(file, "a,One,1", "a,Uno,1", 1))
	decode(t, w, http.StatusOK, &n)
	if n.Counts != (registry.Counts{Updated: 1, Unchanged: 1, Deleted: 4}) || len(n.Changes.Deleted) != 4 || len(n.Changes.Updated) != 1 || n.Changes.Updated[0].ID != "a" ||
		fmt.Sprint(n.Changes.Updated[0].Fields) != "[{name One Uno}]" || strings.Contains(w.Body.String(), "hidden") {
		t.Errorf("dry run: %s", w.Body)
	}
	decode(t, b.ask("POST", "/api/v1/channels:import?prune=true", `{"id":"a","name":"Uno","class":1,"site":"xiamen","scenario":"campus","url":"rtsp://10.1.0.1/"}`+"\n",
		"Content-Type", "application/x-ndjson"), http.StatusOK, &n)
	if n.Counts != (registry.Counts{Updated: 1, Deleted: 5}) || b.catalogue.Snapshot().Len() != 1 {
		t.Errorf("prune: %+v", n)
	}
}

func TestImportErrors(t *testing.T) {
	b := newBench(t, nil)
	file := header + "a,One,1,xiamen/siming,campus,rtsp://10.1.0.1/,admin,hidden1\n" +
		"b,Two,7,xiamen/siming,campus,http://admin:hidden2@10.1.0.2/,admin,hidden3\n"
	w := b.ask("POST", "/api/v1/channels:import", file)
	p := wantProblem(t, w, http.StatusUnprocessableEntity)
	if len(p.Errors) != 2 || p.Errors[0].Row != 3 || p.Errors[0].Column != "class" || p.Errors[0].Value != "7" || p.Errors[0].Message == "" {
		t.Errorf("%+v", p)
	}
	if strings.Contains(w.Body.String(), "hidden") {
		t.Errorf("a password: %s", w.Body)
	}
	var many strings.Builder
	many.WriteString(header)
	for i := range 300 {
		fmt.Fprintf(&many, "c%d,Three,7,xiamen,campus,rtsp://h/,,\n", i)
	}
	if p := wantProblem(t, b.ask("POST", "/api/v1/channels:import", many.String()), http.StatusUnprocessableEntity); len(p.Errors) != 100 {
		t.Errorf("%d errors, want 100", len(p.Errors))
	}
	for name, c := range map[string]struct{ query, body string }{
		"empty":          {"", ""},
		"header missing": {"", "a,One,1\n"},
		"gb18030":        {"", header + "a,\xd6\xd0\xb9\xfa,1,xiamen,campus,rtsp://h/,,\n"},
		"json":           {"?format=ndjson", "{not json}\n"},
	} {
		p := wantProblem(t, b.ask("POST", "/api/v1/channels:import"+c.query, c.body), http.StatusUnprocessableEntity)
		t.Log(name, p.Detail, p.Errors)
	}
	for query, column := range map[string]string{"format=xml": "format", "dry_run=yes": "dry_run", "prune=2": "prune", "encoding=big5": "encoding", "coordinates=bd09": "coordinates", "dryrun=true": "dryrun"} {
		p := wantProblem(t, b.ask("POST", "/api/v1/channels:import?"+query, file), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Column != column {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if len(b.catalogue.transactions()) != 0 {
		t.Error("the registry was touched")
	}
	var n registry.Counts
	decode(t, b.ask("POST", "/api/v1/channels:import?encoding=gb18030", header+"a,\xd6\xd0\xb9\xfa,1,xiamen,campus,rtsp://h/,,\n"), http.StatusOK, &n)
	if c, _ := b.catalogue.Snapshot().Get("a"); c.Name != "中国" {
		t.Errorf("GB18030: %q", c.Name)
	}
}

func TestImportIsBounded(t *testing.T) {
	b := newBench(t, func(o *api.Options) { o.MaxImport = 2000 })
	wantProblem(t, b.ask("POST", "/api/v1/channels:import", header+strings.Repeat("\n", 2000)), http.StatusRequestEntityTooLarge)
	wantProblem(t, b.ask("POST", "/api/v1/channels:import", header+strings.Repeat("x", 2000)), http.StatusRequestEntityTooLarge)
	// One whose length isn't told is too large all the same.
	r := httptest.NewRequest("POST", "/api/v1/channels:import", io.MultiReader(strings.NewReader(header), strings.NewReader(strings.Repeat("\n", 2000))))
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:40000"
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestEntityTooLarge)
}

// A body that is cut short is no smaller file.
func TestImportCut(t *testing.T) {
	b := newBench(t, nil)
	s := httptest.NewServer(b.api.Handler())
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "POST /api/v1/channels:import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n%sa,One,1,xiamen,campus,rtsp://h/,,\n", header)
	conn.(*net.TCPConn).CloseWrite()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("%s", res.Status)
	}
	if len(b.catalogue.transactions()) != 0 {
		t.Error("the part that arrived was imported")
	}
}

func TestImportsAtOnce(t *testing.T) {
	b := newBench(t, nil)
	var writers []*io.PipeWriter
	answers := make(chan *httptest.ResponseRecorder, 2)
	for range 2 {
		body, w := io.Pipe()
		writers = append(writers, w)
		go func() {
			r := httptest.NewRequest("POST", "/api/v1/channels:import", body)
			r.Host, r.RemoteAddr = "localhost", "127.0.0.1:40000"
			w := httptest.NewRecorder()
			b.api.Handler().ServeHTTP(w, r)
			answers <- w
		}()
		if _, err := io.WriteString(w, header); err != nil { // when it is taken, the import is under way
			t.Fatal(err)
		}
	}
	third := b.ask("POST", "/api/v1/channels:import", header+"a,One,1,xiamen,campus,rtsp://h/,,\n")
	wantProblem(t, third, http.StatusServiceUnavailable)
	if third.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for i, w := range writers {
		fmt.Fprintf(w, "x%d,One,1,xiamen,campus,rtsp://h/,,\n", i)
		w.Close()
	}
	for range writers {
		if w := <-answers; w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestExport(t *testing.T) {
	b := newBench(t, nil)
	before := b.catalogue.Snapshot().Version()
	for _, format := range []string{"csv", "ndjson"} {
		w := b.ask("GET", "/api/v1/channels:export?format="+format, "")
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), password) || !strings.Contains(w.Header().Get("Content-Disposition"), "channels."+format) {
			t.Fatalf("%d %v\n%s", w.Code, w.Header(), w.Body)
		}
		var n registry.Counts
		decode(t, b.ask("POST", "/api/v1/channels:import?prune=true&format="+format, w.Body.String()), http.StatusOK, &n)
		if n != (registry.Counts{Unchanged: 4}) {
			t.Errorf("%s: imported again: %+v", format, n)
		}
	}
	if b.catalogue.Snapshot().Version() != before {
		t.Error("the registry changed")
	}
	w := b.ask("GET", "/api/v1/channels:export?format=ndjson&class=1&state=offline", "")
	if lines := bytes.Count(w.Body.Bytes(), []byte("\n")); lines != 1 || !strings.Contains(w.Body.String(), southGate) {
		t.Errorf("filtered: %s", w.Body)
	}
}
