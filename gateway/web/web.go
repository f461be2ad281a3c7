// Package web serves the command centre: the page whose sources are in app, which `make web` builds into
// built, and the base map where it is a file. The page asks the API of the same origin and nobody else.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

//go:embed all:built
var built embed.FS

// policy lets the page load, send and be shown nowhere but from, to and at its own origin, and where the base
// map is. Its worker is a file of its own; styles of elements are set by scripts, which the policy allows.
const policy = "default-src 'self'; img-src 'self' data: blob:%s; connect-src 'self'%s; media-src 'self' blob:; worker-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// MapFile is where a base map is served that is a file.
const MapFile = "/map.pmtiles"

// missing is served in place of a page that wasn't built.
const missing = "The command centre's page isn't in this program: build it with `make web build`. The API is at /api/v1.\n"

type file struct {
	content   []byte
	packed    []byte // gzip; nil where it isn't worth it
	mediaType string
	etag      string
	forever   bool // its name changes with its content
}

var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
}

// Handler serves the page and its files. tiles is the base map: a template of URLs, the path of a PMTiles
// file, or empty. The error is of the build, or of that file.
func Handler(tiles string) (http.Handler, error) {
	files := map[string]file{}
	err := fs.WalkDir(built, "built", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || mediaTypes[path.Ext(name)] == "" {
			return err
		}
		content, err := built.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := newFile(name, content)
		files[strings.TrimPrefix(name, "built")] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the embedded page: %w", err)
	}
	if index, ok := files["/index.html"]; ok {
		files["/"] = index
	} else {
		files["/"] = file{content: []byte(missing), mediaType: "text/plain; charset=utf-8", etag: `"missing"`}
	}
	origin, local, err := baseMap(tiles)
	if err != nil {
		return nil, err
	}
	csp := fmt.Sprintf(policy, origin, origin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.URL.Path == MapFile && local != "" {
			h.Set("Content-Type", "application/vnd.pmtiles")
			h.Set("Cache-Control", "no-cache")
			http.ServeFile(w, r, local)
			return
		}
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	}), nil
}

// baseMap is the origin that the page must be let to, with a space before it, or the file that is served.
func baseMap(tiles string) (origin, local string, err error) {
	switch {
	case tiles == "":
		return "", "", nil
	case !strings.Contains(tiles, "://"):
		if _, err := os.Stat(tiles); err != nil {
			return "", "", fmt.Errorf("map.tiles: %w", err)
		}
		return "", tiles, nil
	}
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(tiles))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", errors.Join(errors.New("map.tiles isn't http:// or https:// with {z}, {x} and {y}, nor the path of a PMTiles file"), err)
	}
	return " " + u.Scheme + "://" + u.Host, "", nil
}

func newFile(name string, content []byte) (file, error) {
	sum := sha256.Sum256(content)
	f := file{
		content: content, mediaType: mediaTypes[path.Ext(name)], etag: `"` + hex.EncodeToString(sum[:8]) + `"`,
		forever: strings.HasPrefix(name, "built/assets/"),
	}
	if len(content) < 1024 {
		return f, nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	f.packed = b.Bytes()
	return f, err
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // kept, but asked for again: the tag answers
	if f.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content := f.content
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			content = f.packed
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
