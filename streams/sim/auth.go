package sim

import (
	"crypto/md5" // #nosec G501: RTSP's digest is MD5, whatever one thinks of it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	realm  = "Sharp Eyes camera"
	opaque = "5ccc069c403ebaf9f0171e9517f40e41"
)

// nonce is what a connection's digests are made with.
type nonce struct {
	value string
	made  time.Time
	uses  int
	count uint32 // the last nonce count
	stale string // the value before, that the other side can't be blamed for
}

// locked reports whether the camera wants a password.
func (c *conn) locked() bool { return c.traits.Auth != "" || SceneOf(c.camera).Locked }

// password is what it wants.
func (c *conn) password() string {
	if c.traits.Password != "" {
		return c.traits.Password
	}
	return c.farm.opts.Password
}

// schemes is what the camera offers.
func (c *conn) schemes() []string {
	if c.traits.Auth != "" {
		return strings.Fields(c.traits.Auth)
	}
	return []string{"md5", "basic"}
}

// authorized reports whether the camera does what the request asks, and, if not, whether that is
// for the age of the nonce alone.
func (c *conn) authorized(r request, fault condition) (ok, stale bool) {
	if fault.Kind == Unauthorized {
		return false, false
	}
	if !c.locked() {
		return true, false
	}
	a, ok := parseAuthorization(string(r.authorization))
	if !ok || a.username != Username {
		return false, false
	}
	if !a.digest {
		return slices.Contains(c.schemes(), "basic") && equal(a.password, c.password()), false
	}
	n := &c.nonce
	if a.realm != realm || a.nonce == "" || a.nonce != n.value && a.nonce != n.stale || !c.proves(a, r) {
		return false, false
	}
	if a.nonce == n.stale {
		return false, true
	}
	if most := c.traits.NonceRequests; most > 0 && n.uses >= most ||
		c.traits.NonceSeconds > 0 && time.Since(n.made) > seconds(c.traits.NonceSeconds) {
		*n = nonce{stale: n.value}
		return false, true
	}
	n.uses++
	return true, false
}

// proves reports whether a digest knows the password.
func (c *conn) proves(a authorization, r request) bool {
	scheme, hash := "md5", hexMD5
	if strings.EqualFold(a.algorithm, "SHA-256") {
		scheme, hash = "sha256", hexSHA256
	} else if a.algorithm != "" && !strings.EqualFold(a.algorithm, "MD5") {
		return false
	}
	if !slices.Contains(c.schemes(), scheme) {
		return false
	}
	secret := hash(Username + ":" + realm + ":" + c.password())
	what := hash(string(r.method) + ":" + a.uri)
	if !c.traits.QOP {
		return a.qop == "" && equal(a.response, hash(secret+":"+a.nonce+":"+what))
	}
	if a.qop != "auth" || a.cnonce == "" || a.opaque != opaque || a.uri != string(r.url) {
		return false
	}
	if a.nonce == c.nonce.value {
		if a.nc != fmt.Sprintf("%08x", c.nonce.count+1) {
			return false
		}
		c.nonce.count++
	}
	return equal(a.response, hash(secret+":"+a.nonce+":"+a.nc+":"+a.cnonce+":auth:"+what))
}

// challenge appends an answer that asks for a password. A nonce is good for the connection, or for
// as long as the camera's traits say.
func (c *conn) challenge(r request, out []byte, stale bool) []byte {
	if c.nonce.value == "" {
		c.nonce.value, c.nonce.made = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()), time.Now()
	}
	out = head(out, "401 Unauthorized", r)
	separator := "\r\nWWW-Authenticate: "
	if c.traits.OneHeader {
		separator = ", "
	}
	for i, scheme := range c.schemes() {
		if i == 0 {
			out = append(out, "WWW-Authenticate: "...)
		} else {
			out = append(out, separator...)
		}
		if scheme == "basic" {
			out = fmt.Appendf(out, "Basic realm=%q", realm)
			continue
		}
		algorithm := "MD5"
		if scheme == "sha256" {
			algorithm = "SHA-256"
		}
		out = fmt.Appendf(out, "Digest realm=%q, nonce=%q, algorithm=%s", realm, c.nonce.value, algorithm)
		if c.traits.QOP {
			out = fmt.Appendf(out, ", qop=\"auth\", opaque=%q", opaque)
		}
		if stale {
			out = append(out, ", stale=true"...)
		}
	}
	return append(out, "\r\n\r\n"...)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s)) // #nosec G401
	return hex.EncodeToString(sum[:])
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
