//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// refusedImport is what the gateway says of a file that it doesn't take.
type refusedImport struct {
	Status int
	Detail string
	Errors []struct {
		Row                    int
		Column, Value, Message string
	}
}

// post sends a file as a stream of unknown length, and returns the answer.
func (g *gateway) post(t testing.TB, query string, file io.Reader) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.server()+"/api/v1/channels:import?"+query, struct{ io.Reader }{file})
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Minute}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

// refused sends a file that must not be taken.
func (g *gateway) refused(t testing.TB, query string, file io.Reader) refusedImport {
	t.Helper()
	res, b, err := g.post(t, query, file)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("the answer is %s, want 422\n%.1000s", res.Status, b)
	}
	var r refusedImport
	if err := json.Unmarshal(b, &r); err != nil || len(r.Errors) == 0 || len(r.Errors) > 100 {
		t.Fatalf("%v, %d errors, want 1 to 100\n%.1000s", err, len(r.Errors), b)
	}
	return r
}

// csvOf is the rows as a file.
func csvOf(t testing.TB, rows []row) []byte {
	t.Helper()
	b, err := os.ReadFile(writeCSV(t, rows))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever is wrong with a file is said, and none of it is taken.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(300, 554)
	whole := csvOf(t, rows)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query, says string
		row         int // 0 for the whole file
		file        []byte
	}{
		"cut short within a row":       {"format=csv", "cut short", 301, whole[:len(whole)-30]},
		"cut short within a quotation": {"format=csv", "cut short", 302, append(bytes.Clone(whole), `x,"Gate`...)},
		"GB18030 taken for UTF-8":      {"format=csv", "gb18030", 2, gb},
		"UTF-8 taken for GB18030":      {"format=csv&encoding=gb18030", "utf-8", 0, whole},
		"a spreadsheet":                {"format=csv", "spreadsheet", 0, append([]byte("PK\x03\x04"), whole...)},
		"UTF-16":                       {"format=csv", "UTF-16", 0, append([]byte("\xff\xfe"), whole...)},
		"a row of 10 MB":               {"format=csv", "longer than", 302, append(append(bytes.Clone(whole), bytes.Repeat([]byte("x"), 10<<20)...), '\n')},
		"a row of 10 MB of JSON":       {"format=ndjson", "longer than", 1, []byte(`{"id":"` + strings.Repeat("x", 10<<20) + `"}` + "\n")},
		"an unknown column":            {"format=csv", "no field", 1, bytes.Replace(whole, []byte("tags"), []byte("labels"), 1)},
		"a control character":          {"format=csv", "control", 2, bytes.Replace(whole, []byte("厦门"), []byte("厦\x07门"), 1)},
		"nothing":                      {"format=csv", "empty", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.refused(t, c.query, bytes.NewReader(c.file))
			first := r.Errors[0]
			if !strings.Contains(strings.ToLower(first.Column+" "+first.Message), strings.ToLower(c.says)) || first.Row != c.row {
				t.Errorf("row %d, %s: %s; want row %d and %q", first.Row, first.Column, first.Message, c.row, c.says)
			}
			if len(first.Value) > 400 {
				t.Errorf("%d bytes of the value are shown", len(first.Value))
			}
		})
	}
	t.Run("everything at once", func(t *testing.T) {
		rows := cityRows(300, 554)
		for i := range 150 {
			rows[2*i]["class"] = "4"
		}
		rows[1]["id"] = rows[3]["id"]
		rows[5]["id"] = "35020301001180000001" // a network recorder
		rows[7]["lat"] = ""
		r := g.refused(t, "format=csv", bytes.NewReader(csvOf(t, rows)))
		if len(r.Errors) != 100 {
			t.Errorf("%d errors, want 100", len(r.Errors))
		}
		seen := map[string]bool{}
		for _, e := range r.Errors {
			seen[fmt.Sprintf("%d %s", e.Row, e.Column)] = true
		}
		for _, want := range []string{"2 class", "5 id", "7 id", "9 lat"} {
			if !seen[want] {
				t.Errorf("row and column %s aren't among %v", want, seen)
			}
		}
	})
	if n := g.total(t); n != 0 {
		t.Errorf("%d channels after files that were refused", n)
	}
}

// A file of 2 GB is refused by its size, before it is sent where its size is known, and in any case
// without being held in memory.
func TestHugeFile(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	const size = 2 << 30
	before, _ := g.resident(t)

	huge := filepath.Join(t.TempDir(), "huge.csv")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil { // sparse: it takes no room on the disk
		t.Fatal(err)
	}
	began := time.Now()
	out, errs, status := g.importFile(t, huge)
	if status != 1 || !strings.Contains(out+errs, "large") {
		t.Errorf("exit status %d, want 1 and that it is too large\n%s%s", status, out, errs)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("refused after %v", took)
	}

	// The same row for ever is one error after the other, and the reading ends after a hundred.
	line := []byte(strings.Join([]string{"a", "n", "1", "x", "campus", "rtsp://192.0.2.1/main"}, ",") + "\n")
	header := "id,name,class,site,scenario,url\n"
	sent := &repeated{head: []byte(header), line: line, left: size}
	if res, b, err := g.post(t, "format=csv", sent); err == nil && res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the answer is %s, want 422\n%.500s", res.Status, b)
	}
	if n := size - sent.left; n > 64<<20 {
		t.Errorf("%d MiB of nonsense were taken before it was refused", n>>20)
	}
	// Blank lines are no rows and no errors: only the size ends this.
	sent = &repeated{head: []byte(header), line: []byte("\n"), left: size}
	if res, b, err := g.post(t, "format=csv", sent); err == nil && res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("the answer is %s, want 413\n%.500s", res.Status, b)
	}
	if n := size - sent.left; n > 512<<20 {
		t.Errorf("%d MiB were taken before they were refused", n>>20)
	}
	if _, most := g.resident(t); most-before > 150<<20 {
		t.Errorf("memory grew by %d MiB", (most-before)>>20)
	}
	if n := g.total(t); n != 0 {
		t.Errorf("%d channels", n)
	}
}

// repeated is a file that says the same again and again.
type repeated struct {
	head, line []byte
	at         int // in line
	left       int // bytes
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	if len(r.head) > 0 {
		n := copy(b, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	n := 0
	for n < len(b) {
		k := copy(b[n:], r.line[r.at:])
		n += k
		if r.at += k; r.at == len(r.line) {
			r.at = 0
		}
	}
	r.left -= n
	return n, nil
}
