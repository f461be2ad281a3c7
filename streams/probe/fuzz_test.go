package probe

import (
	"strings"
	"testing"
	"unicode"

	"sharpeyes/registry/event"
)

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "\r\n\r\nRTSP/1.0 401 Unauthorized\r\n", "RTSP/2.0 200\n", "RTSP/1.0 099 \r\n",
		"RTSP/1.0 2000 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n", "RTSP/1.0  200 OK\r\n", "$\x00\x00\x04abcd", "", "\n", "RTSP/1.0 20",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		line, _ := statusLine(b)
		if strings.ContainsRune(string(line), '\n') {
			t.Errorf("a line has an end within: %q", line)
		}
		code, ok := statusCode(line)
		if ok && (code < 100 || code > 999) {
			t.Errorf("%q has code %d", line, code)
		}
		r := verdict(target{host: "h:554"}, line)
		if !ok && r.Reason != event.BadAnswer {
			t.Errorf("%q is no status line, and gives %+v", line, r)
		}
		// What a camera says never comes into a sentence for the operator.
		if strings.IndexFunc(r.Detail, func(c rune) bool { return c > unicode.MaxASCII || unicode.IsControl(c) }) >= 0 {
			t.Errorf("the detail has odd characters: %q", r.Detail)
		}
	})
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"rtsp://10.0.0.1/a", "rtsps://u:p@h:1/a?b#c", "rtsp://u:p@h@[::1%25lo]:554/", "rtsp:opaque", "rtsp://h/%0d%0a", "rtsp://h\r\n/", "//h", "rtsp://u:p@[::1]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		g, err := parseTarget(raw)
		if err != nil {
			return
		}
		if strings.ContainsAny(g.uri, " \r\n\t") {
			t.Errorf("%q makes a request line of its own: %q", raw, g.uri)
		}
		rest := g.uri[strings.Index(g.uri, "//")+2:]
		if authority, _, _ := strings.Cut(rest, "/"); strings.ContainsRune(strings.SplitN(authority, "?", 2)[0], '@') {
			t.Errorf("%q sends user info: %q", raw, g.uri)
		}
		if len(appendRequest(nil, g.uri)) > bufferSize {
			t.Errorf("the request for %q is longer than the buffer", raw)
		}
	})
}
