package relay

import (
	"crypto/md5" // #nosec G501 -- the only hash that every client of RFC 2617 knows
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// Realm is what readers sign in to.
const Realm = "sharpeyes"

// Digest is what a reader who doesn't send a password proves that they know it with (RFC 2617, 3.2.2). It has no
// qop, which old recorders don't know: each connection has a nonce of its own, so that what is overheard
// proves nothing on another.
type Digest struct {
	User     string // empty: there is none
	answer   string
	nonce    string
	ofMethod string // H(A2) of RFC 2617, 3.2.2.3
}

// Proves reports whether the reader knows the password of which secret is made: Secret's.
func (d Digest) Proves(secret string) bool {
	want := hash(secret + ":" + d.nonce + ":" + d.ofMethod)
	return d.User != "" && subtle.ConstantTimeCompare([]byte(want), []byte(d.answer)) == 1
}

// Secret is what has to be kept of a password so that a Digest can be checked: H(A1) of RFC 2617, 3.2.2.2. Whoever has it
// can sign in with it here, though they can't tell the password.
func Secret(user, password string) string { return hash(user + ":" + Realm + ":" + password) }

// digestOf reads a digest that answers the connection's nonce. The URI is taken as the reader says it, since
// many write it otherwise than in the request: whoever can change requests on the connection needs no password.
func digestOf(header base.HeaderValue, method base.Method, nonce string) Digest {
	var h headers.Authorization
	if nonce == "" || len(header) != 1 || h.Unmarshal(header) != nil || h.Method != headers.AuthMethodDigest ||
		h.Realm != Realm || h.Nonce != nonce || h.Algorithm != nil && *h.Algorithm != headers.AuthAlgorithmMD5 {
		return Digest{}
	}
	return Digest{User: h.Username, answer: h.Response, nonce: nonce, ofMethod: hash(string(method) + ":" + h.URI)}
}

func hash(s string) string {
	sum := md5.Sum([]byte(s)) // #nosec G401 -- see above
	return hex.EncodeToString(sum[:])
}

// challenge says how one signs in.
func (c *connection) challenge() base.HeaderValue {
	basic := `Basic realm="` + Realm + `"`
	if !c.server.o.Digest {
		return base.HeaderValue{basic}
	}
	if c.nonce == "" {
		c.nonce = rand.Text()
	}
	return base.HeaderValue{`Digest realm="` + Realm + `", nonce="` + c.nonce + `", algorithm=MD5`, basic}
}
