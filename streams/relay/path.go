package relay

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
)

// trackPrefix begins the last part of a track's URL; its number follows.
const trackPrefix = "trackID="

// parsePath reads /ID, /ID/sub, and either followed by /trackID=N; track is -1 without. Each part
// may be percent-encoded, but an encoded slash is part of a name, and no name has one. A query is not
// looked at, unless the reader has put the track behind it.
func parsePath(u *base.URL) (key streams.Key, track int, ok bool) {
	var parts []string
	for _, p := range strings.Split((*url.URL)(u).EscapedPath(), "/") {
		if p == "" {
			continue
		}
		p, err := url.PathUnescape(p)
		if err != nil {
			return key, 0, false
		}
		parts = append(parts, p)
	}
	if _, behind, ok := strings.Cut(u.RawQuery, "/"+trackPrefix); ok {
		parts = append(parts, trackPrefix+strings.TrimSuffix(behind, "/"))
	}
	if len(parts) == 0 {
		return key, 0, false
	}
	track = -1
	if n, ok := strings.CutPrefix(parts[len(parts)-1], trackPrefix); ok {
		n, err := strconv.ParseUint(n, 10, 8)
		if err != nil {
			return key, 0, false
		}
		track, parts = int(n), parts[:len(parts)-1]
	}
	switch {
	case len(parts) == 1:
		return streams.Key{Channel: parts[0], Profile: streams.Main}, track, true
	case len(parts) == 2 && parts[1] == string(streams.Sub):
		return streams.Key{Channel: parts[0], Profile: streams.Sub}, track, true
	}
	return key, 0, false
}

// plainURL is a URL as answers name it: without what only the asker should know.
func plainURL(u *base.URL) string {
	u = u.CloneWithoutCredentials()
	u.RawQuery, u.ForceQuery = "", false
	return strings.TrimRight(u.String(), "/")
}
