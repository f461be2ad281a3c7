package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// conditional gives good answers an ETag, and answers 304 to who has them already. The tag is
// of the answer itself, where the operation doesn't set one: what it is made of (registry, states,
// the name that the asker calls the gateway) changes in too many ways to be counted.
func conditional(next http.HandlerFunc) http.HandlerFunc {
	var held sync.Pool // of *heldAnswer
	return func(w http.ResponseWriter, r *http.Request) {
		h, _ := held.Get().(*heldAnswer)
		if h == nil {
			h = &heldAnswer{}
		}
		h.ResponseWriter, h.status, h.passing = w, http.StatusOK, false
		h.body.Reset()
		defer func() {
			h.ResponseWriter = nil
			if h.body.Cap() <= largestHeld {
				held.Put(h)
			}
		}()
		next(h, r)
		if h.passing {
			return
		}
		if h.status != http.StatusOK {
			w.WriteHeader(h.status)
			_, _ = h.body.WriteTo(w) // the asker may be gone
			return
		}
		tag := w.Header().Get("ETag")
		if tag == "" {
			tag = fmt.Sprintf(`W/"%016x"`, xxhash.Sum64(h.body.Bytes()))
		}
		if unchanged(w, r, tag) {
			return
		}
		_, _ = h.body.WriteTo(w)
	}
}

// largestHeld bounds what is kept for the next answer, in bytes.
const largestHeld = 4 << 20

// heldAnswer is an answer that isn't sent yet; files, which may be long, pass.
type heldAnswer struct {
	http.ResponseWriter
	status  int
	passing bool
	body    bytes.Buffer
}

// WriteHeader keeps the status.
func (h *heldAnswer) WriteHeader(status int) { h.status = status }

// Write keeps the bytes of JSON.
func (h *heldAnswer) Write(b []byte) (int, error) {
	if h.body.Len() == 0 && !strings.Contains(h.Header().Get("Content-Type"), "json") {
		h.passing = true
	}
	if h.passing {
		return h.ResponseWriter.Write(b)
	}
	return h.body.Write(b)
}

// Unwrap lets an operation set deadlines.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// unchanged sets the tag of an answer; when the asker has that already it answers 304, and
// returns true.
func unchanged(w http.ResponseWriter, r *http.Request, tag string) bool {
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache") // keep it, and ask each time whether it still holds
	if !has(strings.Join(r.Header.Values("If-None-Match"), ","), tag) {
		return false
	}
	w.Header().Del("Content-Type")
	w.Header().Del("Content-Length")
	w.WriteHeader(http.StatusNotModified)
	return true
}

// has reports whether the list of tags has the tag, weak or strong; * is any.
func has(list, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == "*" || one == tag {
			return true
		}
	}
	return false
}
