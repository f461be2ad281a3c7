package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// worthCompressing is the size, in bytes, from which an answer is compressed: below it the few
// bytes saved cost more than they are worth.
const worthCompressing = 4 << 10

// compress gzips long answers to those who take them so.
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(worthCompressing), gzhttp.CompressionLevel(1),
		gzhttp.EnableZstd(false), gzhttp.ContentTypeFilter(compressible))
	if err != nil {
		panic(fmt.Sprintf("the compression of answers is set up wrongly: %v", err)) // a mistake above; any test finds it
	}
	return wrap(next)
}

// compressible is true for the forms that answers of the API have.
func compressible(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	switch mediaType {
	case "application/json", "application/openapi+json", "application/asyncapi+json", "application/x-ndjson", "text/csv":
		return true
	}
	return false
}

// takesGzip reports whether an answer may be gzipped; it is for the one that is kept so.
func takesGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, _ := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		return strings.Trim(q, "0.") != "" || q == ""
	}
	return false
}
