//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sharpeyes/streams/sim"
)

// adminPassword is the first administrator's in all tests whose gateways let nobody in unasked.
const adminPassword = "mark-of-the-administrator/7"

// leaks are the secrets that may be nowhere in what a gateway writes: the cameras' password and the
// administrator's, as they are and as others write them, and whole tokens.
var leaks = func() (all []*regexp.Regexp) {
	for _, secret := range []string{sim.Password, adminPassword} {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			all = append(all, regexp.MustCompile(regexp.QuoteMeta(form)))
		}
	}
	return append(all, regexp.MustCompile(`se_[A-Za-z0-9_-]+\.[A-Z2-7]{10}\.[A-Z2-7]{52}`))
}()

// keepsSecrets looks through what the gateway has written when its test is over, in all tests there are.
func (g *gateway) keepsSecrets(t testing.TB) {
	t.Helper()
	look := func(where string, b []byte) {
		for _, secret := range leaks {
			if at := secret.FindIndex(b); at != nil {
				t.Errorf("a secret is in %s: %q", where, bytes.ToValidUTF8(b[max(0, at[0]-60):at[0]+4], nil))
			}
		}
	}
	if g.process != nil {
		log, _ := g.stderr.read()
		look("the log", []byte(log))
		out, _ := g.stdout.read()
		look("the output", []byte(out))
	}
	walk(t, g.dir, look)
}

// answered looks at an answer of the gateway's. Only who makes a token is told one.
func answered(t testing.TB, what string, b []byte) {
	t.Helper()
	for _, secret := range leaks[:len(leaks)-1] {
		if secret.Match(b) {
			t.Errorf("a secret is in the answer to %s", what)
		}
	}
}

// startGuarded runs a gateway that lets nobody in unasked, and returns a command line of its administrator's.
func startGuarded(t testing.TB, over settings) (g *gateway, admin func(args ...string) string) {
	t.Helper()
	with := settings{"access": "{anonymous: none}"}
	for k, v := range over {
		with[k] = v
	}
	g = prepareGateway(t, with)
	g.process = spawn(t, []string{"SHARPEYES_ADMIN_PASSWORD=" + adminPassword}, "serve", "--config", g.config)
	g.addresses(t)
	env := []string{"SHARPEYES_SERVER=" + g.server(), "SHARPEYES_USER=admin", "SHARPEYES_PASSWORD=" + adminPassword}
	return g, func(args ...string) string {
		t.Helper()
		out, errs, status := command(t, env, args...)
		if status != 0 {
			t.Fatalf("sharpeyes %s: %s%s", strings.Join(args, " "), out, errs)
		}
		answered(t, strings.Join(args, " "), []byte(out+errs))
		return strings.TrimSpace(out)
	}
}
