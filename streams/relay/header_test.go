package relay

import (
	"encoding/base64"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

func TestBasicAuth(t *testing.T) {
	for _, c := range []struct{ header, user, password string }{
		{"Basic " + base64.StdEncoding.EncodeToString([]byte("ann:pa:ss@word")), "ann", "pa:ss@word"},
		{"basic " + base64.StdEncoding.EncodeToString([]byte("ann:")), "ann", ""},
		{"Basic !!!", "", ""},
		{"Digest username=\"ann\"", "", ""},
		{"", "", ""},
	} {
		if u, p := basicAuth(base.HeaderValue{c.header}); u != c.user || p != c.password {
			t.Errorf("%q: %q, %q", c.header, u, p)
		}
	}
}

func TestOffers(t *testing.T) {
	all := offers(base.HeaderValue{"RTP/AVPF/UDP;unicast;client_port=1-2, rtp/avp/tcp;unicast;interleaved=0-1;source=nowhere.invalid;destination=x"})
	if len(all) != 1 || all[0].Protocol != headers.TransportProtocolTCP || all[0].InterleavedIDs == nil || all[0].Source != nil {
		t.Errorf("got %+v", all)
	}
	if all := offers(nil); all != nil {
		t.Errorf("no header: %+v", all)
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct {
		url, key string
		track    int
		ok       bool
	}{
		{"/a", "a/main", -1, true},
		{"/a/", "a/main", -1, true},
		{"//a//sub//", "a/sub", -1, true},
		{"/a/sub/trackID=1", "a/sub", 1, true},
		{"/a/trackID=0/", "a/main", 0, true},
		{"/%61/s%75b/track%49D%3D1", "a/sub", 1, true},
		{"/a%2Fsub", "a/sub/main", -1, true}, // one part, and no channel has such a name
		{"/a?token=x", "a/main", -1, true},
		{"/a/sub?token=x/trackID=2", "a/sub", 2, true},
		{"/a/main", "", 0, false},
		{"/a/trackID=x", "", 0, false},
		{"/a/trackID=256", "", 0, false},
		{"/trackID=0", "", 0, false},
		{"/", "", 0, false},
		{"", "", 0, false},
	} {
		u, err := base.ParseURL("rtsp://h" + c.url)
		if err != nil {
			t.Fatal(err)
		}
		key, track, ok := parsePath(u)
		if ok != c.ok || ok && (key.String() != c.key || track != c.track) {
			t.Errorf("%s: %v, %d, %v", c.url, key, track, ok)
		}
	}
}

func TestPlainURL(t *testing.T) {
	u, err := base.ParseURL("rtsp://ann:secret@h:8554/a%20b/?token=x")
	if err != nil {
		t.Fatal(err)
	}
	if got := plainURL(u); got != "rtsp://h:8554/a%20b" {
		t.Errorf("got %s", got)
	}
}
