package sim

import (
	"crypto/md5" // #nosec G501: RTSP's digest is MD5, whatever one thinks of it
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

const realm = "Sharp Eyes camera"

// authorized reports whether the camera does what the request asks. Digest with MD5 and Basic are
// understood.
func (c *conn) authorized(r request, fault Fault) bool {
	if fault.Kind == Unauthorized {
		return false
	}
	if !SceneOf(c.camera).Locked {
		return true
	}
	if len(r.authorization) == 0 {
		return false
	}
	var a headers.Authorization
	if a.Unmarshal(base.HeaderValue{string(r.authorization)}) != nil || a.Username != Username {
		return false
	}
	if a.Method == headers.AuthMethodBasic {
		return equal(a.BasicPass, c.farm.opts.Password)
	}
	if c.nonce == "" || a.Nonce != c.nonce || a.Realm != realm ||
		a.Algorithm != nil && *a.Algorithm != headers.AuthAlgorithmMD5 {
		return false
	}
	want := hexMD5(hexMD5(Username+":"+realm+":"+c.farm.opts.Password) + ":" + c.nonce + ":" + hexMD5(string(r.method)+":"+a.URI))
	return equal(a.Response, want)
}

// challenge appends an answer that asks for a password. The nonce is good for the connection.
func (c *conn) challenge(r request, out []byte) []byte {
	if c.nonce == "" {
		c.nonce = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	}
	out = head(out, "401 Unauthorized", r)
	return fmt.Appendf(out, "WWW-Authenticate: Digest realm=%q, nonce=%q, algorithm=\"MD5\"\r\nWWW-Authenticate: Basic realm=%q\r\n\r\n",
		realm, c.nonce, realm)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s)) // #nosec G401
	return hex.EncodeToString(sum[:])
}
