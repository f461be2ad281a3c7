package source

import (
	"crypto/md5" // #nosec G501: cameras' digest is MD5, whatever one thinks of it
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	errNoPassword   = errors.New("the camera asks for a password, and the channel has none")
	errRefused      = errors.New("the camera refused the password")
	errUnknownProof = errors.New("the camera asks for a kind of authentication that is not understood")
)

// credentials answers the challenges of one camera on one connection (RFC 7616, RFC 7617).
type credentials struct {
	user, password string

	asked  bool // there is a challenge to answer
	c      challenge
	count  uint32 // requests with the nonce
	proven bool   // the camera has taken them on this connection
}

// challenge takes the camera's answer 401 to a request that went out with or without credentials
// (sent), for the first or a later time (try, from 0). It returns nil when the request is to be made
// again. A nonce that is out of date is no refusal; a refusal is never answered, for cameras lock
// out who tries again and again.
func (a *credentials) challenge(m *message, sent bool, try int) error {
	if a.user == "" && a.password == "" {
		return errNoPassword
	}
	best, ok := strongest(m.header["www-authenticate"])
	if !ok && !sent {
		return errUnknownProof
	}
	// Many don't say that a nonce is stale; they just want another one, although they took the
	// password a moment ago.
	renewed := ok && sent && best.digest && (best.stale && try < 3 || a.proven && best.nonce != a.c.nonce && try == 0)
	if sent && !renewed {
		return errRefused
	}
	a.asked, a.c, a.count = true, best, 0
	return nil
}

// authorization is the header's value for a request; empty when the camera hasn't asked for one.
func (a *credentials) authorization(method, uri string) string {
	if !a.asked {
		return ""
	}
	if !a.c.digest {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.user+":"+a.password))
	}
	a.count++
	return a.digest(method, uri, rand.Text())
}

// digest is RFC 7616, 3.4. The realm goes into it as it came, escapes and all.
func (a *credentials) digest(method, uri, cnonce string) string {
	c := &a.c
	hash := hexMD5
	if c.sha256 {
		hash = hexSHA256
	}
	a1 := hash(a.user + ":" + c.realm + ":" + a.password)
	if c.session {
		a1 = hash(a1 + ":" + c.nonce + ":" + cnonce)
	}
	a2 := method + ":" + uri
	if c.qop == "auth-int" {
		a2 += ":" + hash("") // no request here has a body
	}
	a2 = hash(a2)
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`,
		strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.user), c.realm, c.nonce, uri)
	if c.qop == "" {
		fmt.Fprintf(&b, `, response="%s"`, hash(a1+":"+c.nonce+":"+a2))
	} else {
		nc := fmt.Sprintf("%08x", a.count)
		fmt.Fprintf(&b, `, response="%s", qop=%s, nc=%s`, hash(a1+":"+c.nonce+":"+nc+":"+cnonce+":"+c.qop+":"+a2), c.qop, nc)
	}
	if c.qop != "" || c.session {
		fmt.Fprintf(&b, `, cnonce="%s"`, cnonce)
	}
	if c.algorithm != "" { // as old as RFC 2069 are those that don't name one
		b.WriteString(", algorithm=" + c.algorithm)
	}
	if c.opaque != nil {
		fmt.Fprintf(&b, `, opaque="%s"`, *c.opaque)
	}
	return b.String()
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s)) // #nosec G401: see above
	return hex.EncodeToString(sum[:])
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// challenge is one way in that a camera offers.
type challenge struct {
	digest    bool // else Basic
	realm     string
	nonce     string
	opaque    *string
	algorithm string // as it came
	sha256    bool
	session   bool   // the algorithm's "-sess"
	qop       string // auth, auth-int or none
	stale     bool
}

// strongest picks from the challenges what this package understands, and the best of it: digest with
// SHA-256, then with MD5, then Basic.
func strongest(headers []string) (best challenge, ok bool) {
	rank := func(c challenge) int {
		switch {
		case c.digest && c.sha256:
			return 2
		case c.digest:
			return 1
		}
		return 0
	}
	for _, h := range headers {
		for _, c := range parseChallenges(h) {
			if !ok || rank(c) > rank(best) {
				best, ok = c, true
			}
		}
	}
	return best, ok
}

// parseChallenges reads a WWW-Authenticate header, which may hold several challenges, and leaves out
// those that aren't understood.
func parseChallenges(s string) []challenge {
	var all []challenge
	var scheme string
	var params map[string]string
	end := func() {
		if c, ok := newChallenge(scheme, params); ok {
			all = append(all, c)
		}
	}
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			end()
			return all
		}
		n := strings.IndexAny(s, " \t,=")
		if n < 0 {
			n = len(s)
		}
		if n == 0 { // '=' out of place
			s = s[1:]
			continue
		}
		name, rest := s[:n], strings.TrimLeft(s[n:], " \t")
		if !strings.HasPrefix(rest, "=") { // a scheme, and its first parameter follows
			end()
			scheme, params, s = name, map[string]string{}, rest
			continue
		}
		var value string
		value, s = parseValue(strings.TrimLeft(rest[1:], " \t"))
		if params != nil {
			params[strings.ToLower(name)] = value
		}
	}
}

// parseValue reads a token or a quoted string. What stands between the quotes is left as it is.
func parseValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, ", \t")
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:]
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], s[i+1:]
		}
	}
	return s[1:], ""
}

func newChallenge(scheme string, params map[string]string) (c challenge, ok bool) {
	switch strings.ToLower(scheme) {
	case "basic":
		return challenge{}, true
	case "digest":
	default:
		return c, false
	}
	c = challenge{
		digest: true, realm: params["realm"], nonce: params["nonce"], algorithm: params["algorithm"],
		stale: strings.EqualFold(params["stale"], "true"),
	}
	if v, ok := params["opaque"]; ok {
		c.opaque = &v
	}
	algorithm := strings.ToUpper(c.algorithm)
	algorithm, c.session = strings.CutSuffix(algorithm, "-SESS")
	switch algorithm {
	case "", "MD5":
	case "SHA-256":
		c.sha256 = true
	default:
		return c, false
	}
	if qop := strings.FieldsFunc(strings.ToLower(params["qop"]), func(r rune) bool { return r == ',' || r == ' ' }); len(qop) > 0 {
		switch {
		case slices.Contains(qop, "auth"):
			c.qop = "auth"
		case slices.Contains(qop, "auth-int"):
			c.qop = "auth-int"
		default:
			return c, false
		}
	}
	return c, c.nonce != ""
}
