package registry_test

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sharpeyes/registry"
)

// Whatever a file holds, it is refused with at most 100 errors, or it is taken, and then an export
// of it imports as the same.
func checkImport(t *testing.T, list []registry.Channel, errs []registry.RowError, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(errs) > registry.MaxRowErrors || len(errs) > 0 && list != nil {
		t.Fatalf("%d errors, %d channels", len(errs), len(list))
	}
	s := snapshot(t, list)
	for c := range s.All() {
		if err := c.Validate(); err != nil {
			t.Fatalf("taken, but invalid: %v", err)
		}
	}
	var asCSV, asJSON bytes.Buffer
	if err := registry.WriteCSV(&asCSV, s.All()); err != nil {
		t.Fatal(err)
	}
	if err := registry.WriteNDJSON(&asJSON, s.All()); err != nil {
		t.Fatal(err)
	}
	again, errs, _, err := registry.ReadCSV(&asCSV, registry.ImportOptions{})
	if tx, _ := registry.Plan(s, again, true); err != nil || len(errs) > 0 || !tx.Empty() {
		t.Fatalf("CSV again: %v %v %+v", err, errs, tx)
	}
	again, errs, _, err = registry.ReadNDJSON(&asJSON, registry.ImportOptions{})
	if tx, _ := registry.Plan(s, again, true); err != nil || len(errs) > 0 || !tx.Empty() {
		t.Fatalf("NDJSON again: %v %v %+v", err, errs, tx)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add(csvHeader+"a,n,1,x,campus,rtsp://h/\n", false)
	f.Add(csvHeader+"a,\"n\"\"\",1,x,campus,rtsp://u:p@h/\nb,n", false)
	f.Add("\ufeffid,name,class,site,scenario,url,tags,lon,lat,enabled\r\na,门,9,x/y,campus,rtsp://h/,a;b,1,2,false", false)
	f.Add("id,name,class,site,scenario,url\na,\xc3\xc5,1,x,campus,rtsp://h/\n", true)
	f.Add("\x84\x31\x95\x33id", true)
	f.Fuzz(func(t *testing.T, text string, gb18030 bool) {
		opts := registry.ImportOptions{MaxRowBytes: 4096, Coordinates: "wgs84"}
		if gb18030 {
			opts.Encoding, opts.Coordinates = "gb18030", "gcj02"
		}
		list, errs, _, err := registry.ReadCSV(strings.NewReader(text), opts)
		checkImport(t, list, errs, err)
	})
}

func FuzzReadNDJSON(f *testing.F) {
	f.Add(`{"id":"a","name":"n","class":1,"site":"x","scenario":"campus","url":"rtsp://u:pw@h/"}` + "\n")
	f.Add(`{"id":"a","name":"n","class":9,"site":"x","scenario":"campus","url":"rtsp://h/","tags":["a"],"lon":1,"lat":2,"enabled":null}`)
	f.Add("{}\n[]\nnull\n{\"a\":{\"b\":")
	f.Fuzz(func(t *testing.T, text string) {
		list, errs, _, err := registry.ReadNDJSON(strings.NewReader(text), registry.ImportOptions{MaxRowBytes: 4096})
		checkImport(t, list, errs, err)
	})
}

func FuzzSitePath(f *testing.F) {
	for _, s := range []string{"xiamen", "xiamen/siming/zhonghua", "", "/", "a//b", "a/b/c/d/e/f/g", "门"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if (registry.Site{Path: path, Name: "n"}).Validate() != nil {
			return
		}
		tokens := strings.Split(path, "/")
		for _, token := range tokens {
			if token == "" || len(token) > 32 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
				t.Errorf("the token %q of %q is accepted", token, path)
			}
		}
		if len(tokens) > 6 {
			t.Errorf("%d tokens", len(tokens))
		}
		s := apply(t, registry.Empty(), registry.Transaction{Sites: []registry.Site{{Path: path, Name: "n"}}})
		if len(s.Sites()) != len(tokens) {
			t.Errorf("%q lies in %v", path, s.Sites())
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"", "class=1,2&site=xiamen/siming&state=online", "bbox=118,24,119,25&q=gate&tag=gate", "sort=-name&limit=3&cursor=LW5hbWUAYQBi", "class=x&nothing"} {
		f.Add(s)
	}
	s := registry.Empty()
	s, err := s.Apply(registry.Transaction{Put: channels(50)}, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := registry.ParseQuery(v)
		if err != nil {
			return
		}
		page, err := s.Query(q, nil)
		if err != nil {
			t.Fatalf("parsed, but refused: %v", err)
		}
		if n := len(slices.Collect(s.Matching(q, nil))); n != page.Total || len(page.Items) > n {
			t.Errorf("%d match, the page says %d and has %d", n, page.Total, len(page.Items))
		}
	})
}

// No URL, however broken, lets what stands before its last "@" with a host after it through.
func FuzzUserInfo(f *testing.F) {
	for _, s := range []string{"pw", "p@ss", "a/b", "1#2", "100%", "p?^:", "%40", "//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if strings.ContainsAny(password, "%") || strings.Contains(password, "@") && strings.ContainsAny(password, ".1:") {
			return // decoded, or a host of its own
		}
		c := registry.Channel{ID: "a", Name: "n", Class: 1, Site: "x", Scenario: "y", URL: "rtsp://admin:" + password + "@10.0.0.1:554/live"}
		if err := c.Prepare(); err != nil {
			return
		}
		if c.URL != "rtsp://10.0.0.1:554/live" || c.Username != "admin" || c.Password.Reveal() != password {
			t.Errorf("%q became %s of %q with %q", password, c.URL, c.Username, c.Password.Reveal())
		}
	})
}

func FuzzDecodeTransaction(f *testing.F) {
	b, err := registry.EncodeTransaction(registry.Transaction{ID: "t", Put: channels(2), Sites: []registry.Site{{Path: "x", Name: "x"}}}, testSealer(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"sites":0,"channels":0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, err := registry.DecodeTransaction(b, testSealer(1))
		if err != nil {
			return
		}
		if _, err := registry.EncodeTransaction(tx, testSealer(1)); err != nil {
			t.Errorf("decoded, but not encoded: %v", err)
		}
	})
}
