package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"sharpeyes/gateway/web"
)

func get(t *testing.T, h http.Handler, path, tag string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
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
	h, err := web.Handler()
	if err != nil {
		t.Fatal(err)
	}
	res, body := get(t, h, "/", "")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "<html") {
		t.Fatalf("/: %s\n%s", res.Status, body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy is %q", csp)
	}
	if res, body := get(t, h, "/", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("with the tag: %s, %d bytes", res.Status, len(body))
	}

	_, script := get(t, h, "/app.js", "")
	for _, m := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(script, -1) {
		body += ` src="` + m[1] + `"` // what the script imports is needed as well
	}

	types := map[string]string{"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]+\.(css|js|svg))"`).FindAllStringSubmatch(body, -1) {
		if strings.Contains(m[1], "//") {
			t.Errorf("%s is from elsewhere", m[1])
		}
		res, content := get(t, h, "/"+m[1], "")
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), types[m[2]]) || content == "" {
			t.Errorf("%s: %s, %s", m[1], res.Status, res.Header.Get("Content-Type"))
		}
	}
	// What the policy would refuse.
	if regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>`).MatchString(body) {
		t.Error("the page has inline style or script")
	}
	for _, path := range []string{"/nothing", "/page/index.html", "/../web.go", "/app.css/"} {
		if res, _ := get(t, h, path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, res.Status)
		}
	}
}
