package source

import (
	"errors"
	"strings"
	"testing"
)

// The example of RFC 7616, 3.9.1.
func TestDigest(t *testing.T) {
	t.Parallel()
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		c, ok := strongest([]string{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=` + algorithm +
			`, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`})
		if !ok {
			t.Fatalf("%s: not understood", algorithm)
		}
		a := credentials{user: "Mufasa", password: "Circle of Life", c: c, count: 1}
		got := a.digest("GET", "/dir/index.html", cnonce)
		for _, part := range []string{
			`response="` + want + `"`, `nc=00000001`, `qop=auth,`, `cnonce="` + cnonce + `"`, `algorithm=` + algorithm,
			`opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
		} {
			if !strings.Contains(got, part) {
				t.Errorf("%s: no %s in %s", algorithm, part, got)
			}
		}
	}
}

func TestStrongest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		want    challenge
		none    bool
	}{
		{name: "Basic", headers: []string{`Basic realm="x"`}},
		{name: "scheme in capitals", headers: []string{`DIGEST realm="x",nonce="n"`}, want: challenge{digest: true, realm: "x", nonce: "n"}},
		{name: "several in one header", headers: []string{`Basic realm="a, b", Digest realm="x", nonce="n", algorithm=MD5, Digest realm="y", nonce="m", algorithm="SHA-256"`},
			want: challenge{digest: true, realm: "y", nonce: "m", algorithm: "SHA-256", sha256: true}},
		{name: "several headers", headers: []string{`Digest realm="x", nonce="n"`, `Basic realm="x"`}, want: challenge{digest: true, realm: "x", nonce: "n"}},
		{name: "stale", headers: []string{`Digest realm="x", nonce="n", stale=TRUE`}, want: challenge{digest: true, realm: "x", nonce: "n", stale: true}},
		{name: "session", headers: []string{`Digest realm="x", nonce="n", algorithm=md5-sess, qop=auth-int`},
			want: challenge{digest: true, realm: "x", nonce: "n", algorithm: "md5-sess", session: true, qop: "auth-int"}},
		{name: "escapes stay", headers: []string{`Digest realm="a \"b\"", nonce = "n"`}, want: challenge{digest: true, realm: `a \"b\"`, nonce: "n"}},
		{name: "unknown algorithm, and Basic", headers: []string{`Digest realm="x", nonce="n", algorithm=ROT13`, `Basic realm="x"`}},
		{name: "unknown scheme", headers: []string{`Bearer realm="x"`}, none: true},
		{name: "nothing", none: true},
		{name: "no nonce", headers: []string{`Digest realm="x"`}, none: true},
		{name: "no end", headers: []string{`Digest realm="x`}, none: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := strongest(c.headers)
			if ok == c.none || ok && got != c.want {
				t.Fatalf("got %+v, %v", got, ok)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	answer := func(header string) *message {
		return &message{status: 401, header: map[string][]string{"www-authenticate": {header}}}
	}
	first, second := `Digest realm="x", nonce="1"`, `Digest realm="x", nonce="2"`
	a := credentials{user: "u", password: "p"}
	if err := a.challenge(answer(first), false, 0); err != nil {
		t.Fatal(err)
	}
	if err := a.challenge(answer(second), true, 1); !errors.Is(err, errRefused) {
		t.Fatalf("a second 401: %v", err)
	}
	if err := a.challenge(answer(second+", stale=true"), true, 1); err != nil {
		t.Fatalf("a stale nonce: %v", err)
	}
	if err := a.challenge(answer(second+", stale=true"), true, 3); !errors.Is(err, errRefused) {
		t.Fatalf("stale again and again: %v", err)
	}
	a.proven = true
	if err := a.challenge(answer(first), true, 0); err != nil {
		t.Fatalf("another nonce after it worked: %v", err)
	}
	if err := a.challenge(answer(second), true, 1); !errors.Is(err, errRefused) {
		t.Fatalf("and refused again: %v", err)
	}
	if err := (&credentials{}).challenge(answer(first), false, 0); !errors.Is(err, errNoPassword) {
		t.Fatalf("without a password: %v", err)
	}
}

func FuzzChallenge(f *testing.F) {
	for _, s := range []string{
		`Digest realm="x", nonce="n", qop="auth", opaque="", stale=true, algorithm=SHA-256`,
		`Basic realm="a, b", Digest realm="x", nonce="n"`, `Digest`, `=,=,"`, `Digest realm="\`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := strongest([]string{s})
		if !ok {
			return
		}
		a := credentials{user: `a"b\`, password: "p", asked: true, c: c}
		got := a.authorization("DESCRIBE", "rtsp://camera/")
		if strings.ContainsAny(got, "\r\n") && !strings.ContainsAny(s, "\r\n") {
			t.Fatalf("a line of its own: %q", got)
		}
	})
}
