package source

import (
	"errors"
	"strings"
	"testing"
)

func TestParseMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		n        int // -1: all of it
		check    func(*message) bool
		fails    bool
	}{
		{name: "answer", in: "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc", n: -1,
			check: func(m *message) bool { return m.status == 200 && m.get("cseq") == "1" && string(m.body) == "abc" }},
		{name: "line feeds alone, no phrase", in: "RTSP/1.0 404\nCSeq:1\n\n", n: -1,
			check: func(m *message) bool { return m.status == 404 && m.get("cseq") == "1" }},
		{name: "empty lines before", in: "\r\n\r\nRTSP/1.0 200 OK\r\n\r\n", n: -1, check: func(m *message) bool { return m.status == 200 }},
		{name: "folded", in: "RTSP/1.0 200 OK\r\nPublic: A,\r\n B\r\nno field\r\n\r\n", n: -1,
			check: func(m *message) bool { return m.get("public") == "A, B" }},
		{name: "request", in: "OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n", n: -1, check: func(m *message) bool { return m.method == "OPTIONS" }},
		{name: "the next one is left", in: "RTSP/1.0 200 OK\r\n\r\n$", n: 19, check: func(m *message) bool { return m.status == 200 }},
		{name: "body is missing", in: "RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab"},
		{name: "head is missing", in: "RTSP/1.0 200 OK\r\nContent-Len"},
		{name: "begun", in: "RTS"},
		{name: "HTTP", in: "HTTP/1.1 400 Bad Request\r\n\r\n", fails: true},
		{name: "HTTP, at once", in: "HTTP/", fails: true},
		{name: "binary", in: "\x15\x03\x01", fails: true},
		{name: "no status", in: "RTSP/1.0 OK\r\n\r\n", fails: true},
		{name: "large body", in: "RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n", fails: true},
		{name: "endless head", in: "RTSP/1.0 200 OK\r\n" + strings.Repeat("A: b\r\n", 4000), fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, n, err := parseMessage([]byte(c.in))
			want := c.n
			if want < 0 {
				want = len(c.in)
			}
			switch {
			case (err != nil) != c.fails:
				t.Fatalf("error %v", err)
			case n != want:
				t.Fatalf("%d bytes, want %d", n, want)
			case c.check != nil && !c.check(m):
				t.Fatalf("got %+v", m)
			}
		})
	}
}

func TestParseTransport(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]transport{
		"RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1": {tcp: true, channel: 4, control: 5},
		"RTP/AVP/TCP;unicast; interleaved=4":         {tcp: true, channel: 4, control: 5},
		"RTP/AVP/TCP;interleaved=300-301":            {tcp: true, channel: -1},
		"RTP/AVP;unicast;server_port=6970-6971":      {channel: -1, ports: [2]int{6970, 6971}},
		"rtp/avp/udp;unicast;server_port=x":          {channel: -1},
		"":                                           {channel: -1},
	} {
		if got := parseTransport(s); got != want {
			t.Errorf("%q: %+v", s, got)
		}
	}
}

func TestParseSession(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		id      string
		timeout int
	}{
		"abc":                 {"abc", 0},
		"abc;timeout=30":      {"abc", 30},
		" abc ; Timeout = 30": {"abc", 0},
		"abc;x; timeout=30;y": {"abc", 30},
		"abc;timeout=-1":      {"abc", 0},
	} {
		if id, timeout := parseSession(s); id != want.id || timeout != want.timeout {
			t.Errorf("%q: %q, %d", s, id, timeout)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"rtsp://c/s", "", "rtsp://c/s"},
		{"rtsp://c/s", "*", "rtsp://c/s"},
		{"rtsp://c/s", "trackID=1", "rtsp://c/s/trackID=1"},
		{"rtsp://c/s/", "trackID=1", "rtsp://c/s/trackID=1"},
		{"rtsp://c/s/", "/trackID=1", "rtsp://c/s/trackID=1"},
		{"rtsp://c/s?a=1&b=2", "trackID=1", "rtsp://c/s?a=1&b=2/trackID=1"},
		{"rtsp://c/s", "?track=1", "rtsp://c/s?track=1"},
		{"rtsp://c:8554/s", "rtsp://10.0.0.9/s/trackID=1", "rtsp://c:8554/s/trackID=1"},
		{"rtsp://c/s", "RTSP://10.0.0.9", "rtsp://c"},
		{"rtsps://c?x", "rtsp://d?y", "rtsps://c?y"},
	} {
		if got := resolve(c[0], c[1]); got != c[2] {
			t.Errorf("%s and %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestContentBase(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{
		"":                           "rtsp://c:8554/s",
		"rtsp://10.0.0.9/other/":     "rtsp://c:8554/other/",
		"/other/":                    "rtsp://c:8554/other/",
		"http://x/":                  "rtsp://c:8554/s",
		"rtsp://a:b@10.0.0.9/x?y=z/": "rtsp://c:8554/x?y=z/",
	} {
		if got := contentBase("rtsp://c:8554/s", &message{header: map[string][]string{"content-base": {v}}}); got != want {
			t.Errorf("%q: %s, want %s", v, got, want)
		}
	}
}

func TestRedirected(t *testing.T) {
	t.Parallel()
	at, err := newTarget("rtsp://Cam.example/s", "u", "p")
	if err != nil || at.address != "Cam.example:554" {
		t.Fatalf("%+v, %v", at, err)
	}
	for location, want := range map[string]string{
		"rtsp://cam.example:8554/x":  "cam.example:8554",
		"rtsps://cam.example/x":      "cam.example:322",
		"/x":                         "Cam.example:554",
		"rtsp://evil@cam.example/x":  "cam.example:554",
		"rtsp://cam.example.evil/x":  "",
		"rtsp://cam.example@evil/x":  "",
		"//evil/x":                   "",
		"http://cam.example/x":       "",
		"rtsp://cam.example:99999/%": "",
	} {
		to, err := at.redirected(location)
		if (err == nil) != (want != "") || err == nil && (to.address != want || to.user != "u" || to.password != "p") {
			t.Errorf("%s: %+v, %v", location, to, err)
		}
		if err != nil && to != at {
			t.Errorf("%s: another target with an error", location)
		}
	}
	at.secure = true
	if _, err := at.redirected("rtsp://cam.example/x"); err == nil {
		t.Error("from TLS to plain text")
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc", "OPTIONS * RTSP/1.0\r\n\r\n",
		"\r\nRTSP/1.0 404\n\n", "RTSP/1.0 200 OK\r\n a: b\r\nSession: 1;timeout=3\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", "$\x00\x00\x01",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, n, err := parseMessage(b)
		switch {
		case err != nil && !errors.Is(err, errNotRTSP) && err.Error() == "":
			t.Fatal("an error without a word")
		case n > len(b), n > 0 && (m == nil || err != nil), n == 0 && m != nil:
			t.Fatalf("%d of %d bytes, %v, %v", n, len(b), m, err)
		}
		if m == nil {
			return
		}
		if a := parseTransport(m.get("transport")); a.channel > 255 || a.control > 255 || a.ports[0] > 65535 {
			t.Fatalf("%+v", a)
		}
		parseSession(m.get("session"))
	})
}
