package sim

import (
	"fmt"
	"strings"
	"testing"

	"sharpeyes/streams"
)

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	a, ok := parseAuthorization(`digest Username="a\"b\\c", realm="x, y=z",nonce=abc , uri="rtsp://h/", response="r",algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c", opaque="o", other="x"`)
	want := authorization{
		digest: true, username: `a"b\c`, realm: "x, y=z", nonce: "abc", uri: "rtsp://h/", response: "r",
		algorithm: "SHA-256", qop: "auth", nc: "00000001", cnonce: "c", opaque: "o",
	}
	if !ok || a != want {
		t.Errorf("%+v, %v; want %+v", a, ok, want)
	}
	if a, ok := parseAuthorization("Basic YWRtaW46cDpx"); !ok || a != (authorization{username: "admin", password: "p:q"}) {
		t.Errorf("%+v, %v", a, ok)
	}
	for _, bad := range []string{"", "Basic", "Basic !", "Basic YQ==", "Bearer x", `Digest username="a`, "Digest username", `Digest username="\`} {
		if a, ok := parseAuthorization(bad); ok {
			t.Errorf("%q: %+v", bad, a)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{"Basic YWRtaW46cDpx", `Digest username="a\"b", realm=x, nonce="n"`, `Digest a="`, "Digest ,,=", "Digest a=\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if a, ok := parseAuthorization(v); ok && !a.digest && a.realm != "" {
			t.Fatalf("%+v", a)
		}
	})
}

// digest is the answer to a challenge.
type digest struct {
	algorithm, nonce, uri, nc, cnonce, password string
	qop                                         bool
}

func (d digest) header(method string) string {
	hash := hexMD5
	if d.algorithm == "SHA-256" {
		hash = hexSHA256
	}
	secret, what := hash(Username+":"+realm+":"+d.password), hash(method+":"+d.uri)
	s := fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=%s, ", Username, realm, d.nonce, d.uri, d.algorithm)
	if !d.qop {
		return s + fmt.Sprintf("response=%q", hash(secret+":"+d.nonce+":"+what))
	}
	return s + fmt.Sprintf("qop=auth, opaque=%q, nc=%s, cnonce=%q, response=%q", opaque, d.nc, d.cnonce,
		hash(secret+":"+d.nonce+":"+d.nc+":"+d.cnonce+":auth:"+what))
}

// nonceOf is the nonce of a challenge.
func nonceOf(a answer) string {
	_, rest, _ := strings.Cut(a.header.Get("Www-Authenticate"), `nonce="`)
	n, _, _ := strings.Cut(rest, `"`)
	return n
}

// A camera that asks for qop=auth is strict about it.
func TestQOP(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	const password = `p"ä\ :s`
	traits(t, f, i, Traits{Auth: "sha256", QOP: true, Password: password, NonceRequests: 3})
	url := f.URL(i, streams.Main)
	r := newRaw(t, f, i)
	describe := func(d digest) answer { return r.ask(t, "DESCRIBE", url, d.header("DESCRIBE")) }
	first := r.ask(t, "DESCRIBE", url)
	if h := first.header.Values("Www-Authenticate"); first.code != 401 || len(h) != 1 ||
		!strings.Contains(h[0], "algorithm=SHA-256") || !strings.Contains(h[0], `qop="auth"`) || strings.Contains(h[0], "stale") {
		t.Fatalf("%+v", first)
	}
	good := digest{algorithm: "SHA-256", nonce: nonceOf(first), uri: url, nc: "00000001", cnonce: "c", password: password, qop: true}
	for name, change := range map[string]func(*digest){
		"other algorithm": func(d *digest) { d.algorithm = "MD5" },
		"no qop":          func(d *digest) { d.qop = false },
		"no cnonce":       func(d *digest) { d.cnonce = "" },
		"wrong count":     func(d *digest) { d.nc = "00000002" },
		"short count":     func(d *digest) { d.nc = "1" },
		"other URI":       func(d *digest) { d.uri = "*" },
		"other nonce":     func(d *digest) { d.nonce = "x" },
	} {
		d := good
		change(&d)
		if a := describe(d); a.code != 401 || strings.Contains(fmt.Sprint(a.header), "stale") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	for n := 1; n <= 3; n++ {
		good.nc = fmt.Sprintf("%08x", n)
		if a := describe(good); a.code != 200 {
			t.Fatalf("request %d: %+v", n, a)
		}
	}
	good.nc = "00000004"
	old := describe(good)
	if h := old.header.Get("Www-Authenticate"); old.code != 401 || !strings.Contains(h, "stale=true") || nonceOf(old) == good.nonce {
		t.Fatalf("with a nonce used up: %+v", old)
	}
	good.nonce, good.nc = nonceOf(old), "00000001"
	if a := describe(good); a.code != 200 {
		t.Errorf("with the new nonce: %+v", a)
	}
	good.password, good.nc = "wrong", "00000002"
	if a := describe(good); a.code != 401 || strings.Contains(fmt.Sprint(a.header), "stale") {
		t.Errorf("with a wrong password: %+v", a)
	}
	if c := f.Camera(i); c.Credentials != 13 || c.Requests != 14 {
		t.Errorf("%+v", c)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	f := farm(t)
	i := plain(t)
	traits(t, f, i, Traits{Auth: "basic md5 sha256"})
	if h := newRaw(t, f, i).ask(t, "DESCRIBE", f.URL(i, streams.Main)).header.Values("Www-Authenticate"); len(h) != 3 || !strings.HasPrefix(h[0], "Basic ") {
		t.Errorf("%q", h)
	}
	traits(t, f, i, Traits{Auth: "basic md5 sha256", OneHeader: true})
	if h := newRaw(t, f, i).ask(t, "DESCRIBE", f.URL(i, streams.Main)).header.Values("Www-Authenticate"); len(h) != 1 || strings.Count(h[0], "realm=") != 3 {
		t.Errorf("%q", h)
	}
}
