package sim

import (
	"bytes"
	"errors"
	"strconv"
)

// request is what the simulator needs of an RTSP request. All slices refer into the buffer that
// it was parsed from.
type request struct {
	method        []byte
	url           []byte
	cseq          []byte
	session       []byte
	transport     []byte
	authorization []byte
}

var errBadRequest = errors.New("not an RTSP request")

var (
	crlf      = []byte("\r\n")
	headerEnd = []byte("\r\n\r\n")
	version   = []byte(" RTSP/1.0")
)

// parse reads the request at the start of b and returns how many bytes it takes, with its body;
// 0 if more bytes must come first.
func parse(b []byte) (request, int, error) {
	var r request
	end := bytes.Index(b, headerEnd)
	if end < 0 {
		return r, 0, nil
	}
	line, rest, _ := bytes.Cut(b[:end], crlf)
	line, ok := bytes.CutSuffix(line, version)
	if !ok {
		return r, 0, errBadRequest
	}
	r.method, r.url, ok = bytes.Cut(line, []byte{' '})
	if !ok || len(r.method) == 0 || len(r.url) == 0 || bytes.IndexByte(r.url, ' ') >= 0 {
		return r, 0, errBadRequest
	}
	body := 0
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, crlf)
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return r, 0, errBadRequest
		}
		value = bytes.TrimSpace(value)
		switch {
		case named(name, "cseq"):
			r.cseq = value
		case named(name, "session"):
			r.session, _, _ = bytes.Cut(value, []byte{';'})
		case named(name, "transport"):
			r.transport = value
		case named(name, "authorization"):
			r.authorization = value
		case named(name, "content-length"):
			n, err := strconv.ParseUint(string(value), 10, 16)
			if err != nil {
				return r, 0, errBadRequest
			}
			body = int(n)
		}
	}
	if !decimal(r.cseq) {
		return r, 0, errBadRequest
	}
	n := end + len(headerEnd) + body
	if n > len(b) {
		return r, 0, nil
	}
	return r, n, nil
}

// named reports whether a header's name is lower, whatever its case.
func named(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if c|0x20 != lower[i] && c != lower[i] {
			return false
		}
	}
	return true
}

func decimal(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 10
}

// path is the segments of a request's URL after the host: the profile, the channel of a recorder,
// the track.
func (r request) path() (profile, channel, track string) {
	u := r.url
	if i := bytes.Index(u, []byte("://")); i >= 0 {
		u = u[i+3:]
		if i = bytes.IndexByte(u, '/'); i < 0 {
			return "", "", ""
		}
		u = u[i:]
	}
	u, _, _ = bytes.Cut(u, []byte{'?'})
	p, t, _ := bytes.Cut(bytes.Trim(u, "/"), []byte{'/'})
	if bytes.HasPrefix(t, []byte("ch")) {
		var ch []byte
		ch, t, _ = bytes.Cut(t, []byte{'/'})
		channel = string(ch)
	}
	return string(p), channel, string(t)
}
