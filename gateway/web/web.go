// Package web is the page that the gateway shows at /: the state of the city's channels, by class
// and by district, and a search that tells where to watch one. It is a few small files, embedded; it
// asks the API of the same origin and nobody else.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed page
var page embed.FS

// policy lets the page load, send and be shown nowhere but from, to and at its own origin.
const policy = "default-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

type file struct {
	content   []byte
	mediaType string
	etag      string
}

// Handler serves the page and its files. The error is one of the build: a file is missing.
func Handler() (http.Handler, error) {
	types := map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".svg":  "image/svg+xml",
	}
	files := map[string]file{}
	entries, err := fs.ReadDir(page, "page")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded page: %w", err)
	}
	for _, e := range entries {
		content, err := page.ReadFile("page/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the embedded page: %w", err)
		}
		sum := sha256.Sum256(content)
		files["/"+e.Name()] = file{content, types[path.Ext(e.Name())], `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	index, ok := files["/index.html"]
	if !ok {
		return nil, fmt.Errorf("the embedded page has no index.html")
	}
	files["/"] = index
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.mediaType)
		h.Set("ETag", f.etag)
		h.Set("Cache-Control", "no-cache") // kept, but asked for again: the tag answers
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
	}), nil
}
