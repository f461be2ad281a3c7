package devices

import (
	"context"
	"crypto/md5" // #nosec G501: cameras' digest is MD5, whatever one thinks of it
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"sharpeyes/registry"
)

var (
	errRefused = errors.New("the device refused the password")
	errSilent  = errors.New("the device has said nothing for too long")
	errBasic   = errors.New("the device asks for the password in the clear; let it use digest authentication")
)

// client makes requests to one device and answers its challenges with digests (RFC 7616). It is for one
// goroutine.
type client struct {
	http     *http.Client
	address  string
	username string
	password registry.Secret

	challenge map[string]string // the parameters of the last; nil before
	count     int               // requests with its nonce
}

// do makes one request. The body of what it returns is the caller's to close. A refusal is never
// answered, for cameras lock out who tries again and again.
func (c *client) do(ctx context.Context, method, uri, kind, body string) (*http.Response, error) {
	for try := 0; ; try++ {
		r, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+uri, strings.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("making the request: %w", err)
		}
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		sent := c.challenge != nil
		if sent {
			r.Header.Set("Authorization", c.authorization(method, r.URL.RequestURI()))
		}
		res, err := c.http.Do(r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusUnauthorized {
			return res, nil
		}
		_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
		res.Body.Close()
		headers := res.Header.Values("WWW-Authenticate")
		next, err := digestOf(headers)
		switch {
		case len(headers) == 0: // it was no other than in the envelope
			return nil, errRefused
		case err != nil:
			return nil, err
		case c.username == "" && c.password == "":
			return nil, fmt.Errorf("%w: the channel has none", errRefused)
		case sent && (try > 0 || next["nonce"] == c.challenge["nonce"]), try > 1:
			return nil, errRefused // else the nonce was too old
		}
		c.challenge, c.count = next, 0
	}
}

// stream makes a request whose answer goes on, and hands on what comes until it ends, or until nothing
// has come for too long.
func (c *client) stream(ctx context.Context, uri string, take func([]byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	const silence = 45 * time.Second
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	res, err := c.do(ctx, http.MethodGet, uri, "", "")
	if err != nil {
		return cause(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return refusal(res)
	}
	b := make([]byte, 4096)
	for {
		n, err := res.Body.Read(b)
		watchdog.Reset(silence)
		if taken := take(b[:n]); taken != nil {
			return taken
		}
		if err != nil {
			return cause(ctx, err)
		}
	}
}

// cause is why a request ended, if that is our own doing.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

// refusal is an answer that is none.
func refusal(res *http.Response) error {
	if res.StatusCode == http.StatusForbidden {
		return fmt.Errorf("%w: it answers %d", errRefused, res.StatusCode)
	}
	return fmt.Errorf("the device answers %d", res.StatusCode)
}

var parameter = regexp.MustCompile(`([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))`)

// digestOf reads the best challenge that asks for a digest.
func digestOf(headers []string) (best map[string]string, err error) {
	for _, h := range headers {
		rest, ok := cutScheme(h)
		if !ok {
			continue
		}
		c := map[string]string{}
		for _, m := range parameter.FindAllStringSubmatch(rest, 32) {
			c[strings.ToLower(m[1])] = m[2] + m[3]
		}
		switch strings.ToUpper(c["algorithm"]) {
		case "SHA-256":
			return c, nil
		case "", "MD5":
			if best == nil {
				best = c
			}
		}
	}
	if best == nil {
		return nil, errBasic
	}
	return best, nil
}

func cutScheme(h string) (string, bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
	return rest, strings.EqualFold(scheme, "digest")
}

// authorization is RFC 7616, 3.4.
func (c *client) authorization(method, uri string) string {
	hash := func(s string) string {
		if strings.EqualFold(c.challenge["algorithm"], "SHA-256") {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:])
		}
		sum := md5.Sum([]byte(s)) // #nosec G401: see above
		return hex.EncodeToString(sum[:])
	}
	c.count++
	realm, nonce := c.challenge["realm"], c.challenge["nonce"]
	a1 := hash(c.username + ":" + realm + ":" + c.password.Reveal())
	a2 := hash(method + ":" + uri)
	user := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.username)
	out := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`, user, realm, nonce, uri)
	if strings.Contains(c.challenge["qop"], "auth") {
		nc, cnonce := fmt.Sprintf("%08x", c.count), rand.Text()
		out += fmt.Sprintf(`, qop=auth, nc=%s, cnonce="%s", response="%s"`, nc, cnonce, hash(a1+":"+nonce+":"+nc+":"+cnonce+":auth:"+a2))
	} else {
		out += fmt.Sprintf(`, response="%s"`, hash(a1+":"+nonce+":"+a2))
	}
	for _, name := range []string{"algorithm", "opaque"} {
		if v, ok := c.challenge[name]; ok {
			quote := `"`
			if name == "algorithm" {
				quote = ""
			}
			out += ", " + name + "=" + quote + v + quote
		}
	}
	return out
}
