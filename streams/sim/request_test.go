package sim

import (
	"bytes"
	"strings"
	"testing"

	"sharpeyes/streams"
)

func TestParse(t *testing.T) {
	const setup = "SETUP rtsp://127.1.0.0:554/main/trackID=1?x=1 RTSP/1.0\r\ncseq:  3 \r\nTransport: RTP/AVP;unicast\r\n" +
		"SESSION: abc;timeout=60\r\nAuthorization: Basic x\r\nContent-Length: 5\r\n\r\n"
	r, n, err := parse([]byte(setup + "bodyOPTIONS"))
	if err != nil || n != len(setup)+5 {
		t.Fatalf("took %d bytes, %v", n, err)
	}
	profile, channel, track := r.path()
	got := []string{string(r.method), string(r.cseq), string(r.transport), string(r.session), string(r.authorization), profile, channel, track}
	want := []string{"SETUP", "3", "RTP/AVP;unicast", "abc", "Basic x", "main", "", "trackID=1"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("read %q, want %q", got[i], want[i])
		}
	}
	for i := range len(setup) + 4 {
		if _, n, err := parse([]byte(setup + "body")[:i]); n != 0 || err != nil {
			t.Errorf("the first %d bytes: took %d, %v", i, n, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		" rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"OPTIONS a b RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 1x\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 12345678901\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nnonsense\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999\r\n\r\n",
	} {
		if r, n, err := parse([]byte(s)); err == nil {
			t.Errorf("%q: %+v, %d bytes", s, r, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(options))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte("DESCRIBE rtsp:///main RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("SETUP rtsp://h/sub/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		was := bytes.Clone(b)
		r, n, err := parse(b)
		if n < 0 || n > len(b) || err != nil && n != 0 || !bytes.Equal(b, was) {
			t.Fatalf("took %d of %d bytes, %v", n, len(b), err)
		}
		if n > 0 && (len(r.method) == 0 || bytes.ContainsAny(r.cseq, "\r\n")) {
			t.Fatalf("%+v", r)
		}
		r.path()
	})
}

// A whole dialogue of nonsense harms nobody.
func TestDialogue(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	url := f.URL(i, streams.Main)
	for name, step := range map[string]struct{ request, want string }{
		"unknown method":      {"RECORD " + url + " RTSP/1.0\r\nCSeq: 1\r\n\r\n", "501"},
		"unknown path":        {"DESCRIBE rtsp://h/third RTSP/1.0\r\nCSeq: 1\r\n\r\n", "404"},
		"no session":          {"PLAY " + url + " RTSP/1.0\r\nCSeq: 1\r\nSession: 1\r\n\r\n", "454"},
		"no transport":        {"SETUP " + url + " RTSP/1.0\r\nCSeq: 1\r\n\r\n", "461"},
		"multicast":           {"SETUP " + url + " RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;multicast\r\n\r\n", "461"},
		"no such track":       {"SETUP " + url + "/trackID=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", "404"},
		"first one that fits": {"SETUP " + url + " RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;multicast, RTP/AVP/TCP;unicast;interleaved=6-7\r\n\r\n", "200"},
		"parameter":           {"GET_PARAMETER " + url + " RTSP/1.0\r\nCSeq: 1\r\n\r\n", "200"},
		"not RTSP":            {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		"frame before":        {"$\x01\x00\x02ab\r\n" + options, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := ask(dial(t, f, i), step.request)
			if err != nil || !strings.HasPrefix(answer, "RTSP/1.0 "+step.want+" ") {
				t.Errorf("%q, %v; want %s", answer, err, step.want)
			}
		})
	}
	t.Run("too long", func(t *testing.T) {
		if answer, err := ask(dial(t, f, i), "OPTIONS * RTSP/1.0\r\nX: "+strings.Repeat("x", 5000)); !reset(err) {
			t.Errorf("%q, %v", answer, err)
		}
	})
	t.Run("in pieces and at once", func(t *testing.T) {
		c := dial(t, f, i)
		for _, b := range []byte(options) {
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if answer, err := ask(c, options+options); err != nil || !strings.Contains(answer, "CSeq: 7\r\nPublic: ") {
			t.Errorf("%q, %v", answer, err)
		}
	})
}
