package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestPage(t *testing.T) {
	h, err := Handler("")
	if err != nil {
		t.Fatal(err)
	}
	res, body := get(t, h, "/")
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy is %q", csp)
	}
	if res, body := get(t, h, "/", "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("with the tag: %s, %d bytes", res.Status, len(body))
	}
	for _, path := range []string{"/nothing", "/built/index.html", "/../web.go", "/README", "/app.css/", MapFile} {
		if res, _ := get(t, h, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, res.Status)
		}
	}
	if _, err := built.Open("built/index.html"); err != nil {
		if !strings.Contains(body, "make web") {
			t.Errorf("without a page / is\n%s", body)
		}
		t.Skip("the page isn't built: make web")
	}
	// What the policy would refuse.
	if regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>`).MatchString(body) {
		t.Error("the page has inline style or script")
	}
	links := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 2 {
		t.Fatalf("the page loads nothing\n%s", body)
	}
	for _, m := range links {
		if strings.Contains(m[1], "//") {
			t.Errorf("%s is from elsewhere", m[1])
		}
		if strings.HasPrefix(m[1], "/api/") {
			continue // another handler's
		}
		res, _ := get(t, h, "/"+strings.TrimPrefix(m[1], "/"), "Accept-Encoding", "gzip")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", m[1], res.Status)
		}
		if strings.Contains(m[1], "assets/") && !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is kept as %q", m[1], res.Header.Get("Cache-Control"))
		}
	}
}

func TestBaseMap(t *testing.T) {
	name := filepath.Join(t.TempDir(), "city.pmtiles")
	if err := os.WriteFile(name, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := Handler(name)
	if err != nil {
		t.Fatal(err)
	}
	if res, body := get(t, h, MapFile, "Range", "bytes=2-4"); res.StatusCode != http.StatusPartialContent || body != "234" {
		t.Errorf("a part of the file: %s %q", res.Status, body)
	}
	h, err = Handler("https://{s}.tiles.example:8443/a/{z}/{x}/{y}.png")
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := get(t, h, "/"); !strings.Contains(res.Header.Get("Content-Security-Policy"), "img-src 'self' data: blob: https://s.tiles.example:8443;") {
		t.Errorf("policy is %q", res.Header.Get("Content-Security-Policy"))
	}
	for _, bad := range []string{"ftp://a/{z}", "https://", name + "x"} {
		if _, err := Handler(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
