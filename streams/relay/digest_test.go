package relay_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"regexp"
	"testing"

	"sharpeyes/streams/relay"
)

// keeper lets in who knows the password of bus.
type keeper struct{}

func (keeper) Authorize(_ context.Context, c relay.Caller) (string, error) {
	if c.Digest.User == "bus" && c.Digest.Proves(relay.Secret("bus", "right")) {
		return "bus", nil
	}
	return "", relay.ErrUnauthenticated
}

// A digest proves a password on its own connection alone.
func TestDigest(t *testing.T) {
	c := &camera{}
	h := newHub(c)
	t.Cleanup(h.Close)
	addr := serve(t, relay.Options{Hub: h, Authorizer: keeper{}, Digest: true})
	u := "rtsp://" + addr + "/a"
	r := dial(t, addr)
	challenge := func(r *raw) string {
		t.Helper()
		res := r.ask("DESCRIBE", u)
		if res.StatusCode != 401 || len(res.Header["WWW-Authenticate"]) != 2 || res.Header["WWW-Authenticate"][1] != `Basic realm="sharpeyes"` {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
		m := regexp.MustCompile(`^Digest realm="sharpeyes", nonce="(\w+)", algorithm=MD5$`).FindStringSubmatch(res.Header["WWW-Authenticate"][0])
		if m == nil {
			t.Fatal(res.Header)
		}
		return m[1]
	}
	hash := func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) }
	answer := func(nonce, method, uri, password string) string {
		return fmt.Sprintf(`Authorization: Digest username="bus", realm="sharpeyes", nonce="%s", uri="%s", response="%s"`,
			nonce, uri, hash(hash("bus:sharpeyes:"+password)+":"+nonce+":"+hash(method+":"+uri)))
	}
	nonce := challenge(r)
	if again := challenge(r); again != nonce {
		t.Errorf("the nonce was %s and is %s", nonce, again)
	}
	other := dial(t, addr)
	if challenge(other) == nonce {
		t.Error("two connections have the same nonce")
	}
	third := dial(t, addr)
	for _, one := range []struct {
		what   string
		r      *raw
		header string
		want   int
	}{
		{"wrong password", r, answer(nonce, "DESCRIBE", u, "wrong"), 401},
		{"another method", r, answer(nonce, "SETUP", u, "right"), 401},
		{"of another connection", other, answer(nonce, "DESCRIBE", u, "right"), 401},
		{"no nonce", r, answer("", "DESCRIBE", u, "right"), 401},
		{"half", r, `Authorization: Digest username="bus"`, 401},
		{"right", r, answer(nonce, "DESCRIBE", u, "right"), 200},
		{"right, with a URI in its own words", third, answer(challenge(third), "DESCRIBE", "/a", "right"), 200},
	} {
		if res := one.r.ask("DESCRIBE", u, one.header); int(res.StatusCode) != one.want {
			t.Errorf("%s: %d", one.what, res.StatusCode)
		}
	}
}
