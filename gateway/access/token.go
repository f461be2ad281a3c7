package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
)

// Token lets a program in as a user. What is stored can't be turned back into it.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Hash    []byte    `json:"hash"` // SHA-256: the token is random, and no hash needs to be slow
	Created time.Time `json:"created"`
	Until   time.Time `json:"until,omitzero"`
	Digest  []byte    `json:"digest,omitempty"` // sealed: what digests are checked with; empty: the token can't answer one
}

const (
	tokenPrefix = "se_"
	mostTokens  = 20 // of one user
)

// ErrNoToken says that the user has no such token.
var ErrNoToken = errors.New("no such token")

// AddToken makes a token for a user and returns it: it can't be had again. Until zero it has no end.
func (a *Access) AddToken(ctx context.Context, user, name string, until time.Time) (text string, t Token, err error) {
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return "", t, invalid("a token needs a name of 1 to 64 bytes, without control characters")
	}
	now := time.Now().UTC().Truncate(time.Second)
	if !until.IsZero() && !until.After(now) {
		return "", t, invalid("the token's end is in the past")
	}
	secret := rand.Text() + rand.Text()
	t = Token{ID: rand.Text()[:10], Name: name, Created: now, Until: until.UTC()}
	sum := sha256.Sum256([]byte(secret))
	t.Hash = sum[:]
	owner := base64.RawURLEncoding.EncodeToString([]byte(user))
	text = tokenPrefix + owner + "." + t.ID + "." + secret
	if a.digest != nil {
		if t.Digest, err = a.sealer.Seal(digestName(t.ID), registry.Secret(a.digest(user, text))); err != nil {
			return "", t, fmt.Errorf("sealing what digests are checked with: %w", err)
		}
	}
	err = a.change(ctx, user, func(u *User) error {
		u.Tokens = slices.DeleteFunc(u.Tokens, func(t Token) bool { return !t.Until.IsZero() && t.Until.Before(now) })
		if len(u.Tokens) >= mostTokens {
			return invalid(fmt.Sprintf("%s has %d tokens, and no more are kept: delete one", user, mostTokens))
		}
		u.Tokens = append(u.Tokens, t)
		return nil
	})
	if err != nil {
		text = ""
	}
	return text, t, err
}

func digestName(token string) string { return "token " + token }

// AuthenticateDigest says whose token proves reports to be the one of which the reader made a digest; see
// Options.Digest. Errors are those of AuthenticateToken.
func (a *Access) AuthenticateDigest(ctx context.Context, user string, proves func(secret string) bool, remote netip.Addr) (Principal, error) {
	u, known, err := a.get(ctx, user)
	if err != nil {
		return Principal{}, err
	}
	now := time.Now()
	if known && !u.ends(now) && a.sealer != nil {
		for _, t := range u.Tokens {
			if len(t.Digest) == 0 || !t.Until.IsZero() && !now.Before(t.Until) {
				continue
			}
			secret, err := a.sealer.Open(digestName(t.ID), t.Digest)
			if err != nil {
				return Principal{}, fmt.Errorf("opening what digests of %s are checked with: %w", user, err)
			}
			if proves(secret.Reveal()) {
				return u.Principal(), nil
			}
		}
	}
	if wait := a.guesses.take(network(remote)); wait > 0 {
		return Principal{}, SlowedError{After: wait}
	}
	return Principal{}, DeniedError{}
}

// DeleteToken takes a token away. ErrNoToken when there is none of the id.
func (a *Access) DeleteToken(ctx context.Context, user, id string) error {
	return a.change(ctx, user, func(u *User) error {
		n := len(u.Tokens)
		if u.Tokens = slices.DeleteFunc(u.Tokens, func(t Token) bool { return t.ID == id }); len(u.Tokens) == n {
			return fmt.Errorf("deleting a token of %s: %w", user, ErrNoToken)
		}
		return nil
	})
}

// byToken says whose token it is. The error is a DeniedError when it is nobody's.
func (a *Access) byToken(ctx context.Context, text string) (Principal, error) {
	if strings.HasPrefix(text, sessionPrefix) {
		return a.bySession(ctx, text)
	}
	body, ok := strings.CutPrefix(text, tokenPrefix)
	parts := strings.Split(body, ".")
	if !ok || len(parts) != 3 || len(text) > 256 {
		return Principal{}, DeniedError{Token: true}
	}
	name, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return Principal{}, DeniedError{Token: true}
	}
	u, known, err := a.get(ctx, string(name))
	if err != nil {
		return Principal{}, err
	}
	sum := sha256.Sum256([]byte(parts[2]))
	now := time.Now()
	for _, t := range u.Tokens {
		if t.ID == parts[1] && subtle.ConstantTimeCompare(t.Hash, sum[:]) == 1 && (t.Until.IsZero() || now.Before(t.Until)) {
			if known && u.ends(now) {
				break
			}
			return u.Principal(), nil
		}
	}
	return Principal{}, DeniedError{Token: true}
}

// change rewrites a user's record. ErrNoUser when there is none.
func (a *Access) change(ctx context.Context, name string, do func(*User) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	u, ok, err := a.get(ctx, name)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("user %s: %w", name, ErrNoUser)
	}
	if err := do(&u); err != nil {
		return err
	}
	record, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("writing user %s: %w", name, err)
	}
	if err := a.store.Put(ctx, name, record); err != nil {
		return fmt.Errorf("writing user %s: %w", name, err)
	}
	return nil
}
