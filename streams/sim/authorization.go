package sim

import (
	"encoding/base64"
	"strings"
)

// authorization is an Authorization header, as RFC 2617 and RFC 7616 have it.
type authorization struct {
	digest   bool
	username string
	password string // of Basic

	realm, nonce, uri, response, algorithm, opaque, qop, nc, cnonce string // of Digest
}

// parseAuthorization reads the header, and reports whether it makes sense.
func parseAuthorization(v string) (a authorization, ok bool) {
	scheme, rest, _ := strings.Cut(v, " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if err != nil {
			return a, false
		}
		a.username, a.password, ok = strings.Cut(string(b), ":")
		return a, ok
	case !strings.EqualFold(scheme, "Digest"):
		return a, false
	}
	a.digest = true
	for rest = strings.TrimLeft(rest, " ,"); rest != ""; rest = strings.TrimLeft(rest, " ,") {
		var name, value string
		if name, rest, ok = strings.Cut(rest, "="); !ok {
			return a, false
		}
		if value, rest, ok = cutValue(rest); !ok {
			return a, false
		}
		if p := a.parameter(strings.ToLower(strings.TrimSpace(name))); p != nil {
			*p = value
		}
	}
	return a, true
}

// cutValue cuts a token or a quoted string off the start of s.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s, ", ")
		if i < 0 {
			i = len(s)
		}
		return s[:i], s[i:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// parameter is where a parameter of Digest is kept, or nil.
func (a *authorization) parameter(name string) *string {
	switch name {
	case "username":
		return &a.username
	case "realm":
		return &a.realm
	case "nonce":
		return &a.nonce
	case "uri":
		return &a.uri
	case "response":
		return &a.response
	case "algorithm":
		return &a.algorithm
	case "opaque":
		return &a.opaque
	case "qop":
		return &a.qop
	case "nc":
		return &a.nc
	case "cnonce":
		return &a.cnonce
	}
	return nil
}
