package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sessions are records beside those of users, so that signing in and out is no change of a user, which
// would cut their connections.
const (
	sessionPrefix = "ss_"
	sessionKey    = "=session-"
	// SessionTime is how long somebody stays signed in: a shift and a little more.
	SessionTime  = 12 * time.Hour
	mostSessions = 10_000
)

// session lets a page in as a user, until it ends or the user's password changes.
type session struct {
	User     string    `json:"user"`
	Hash     []byte    `json:"hash"`     // SHA-256 of the secret
	Password []byte    `json:"password"` // SHA-256 of the hash of the user's password of then
	Until    time.Time `json:"until"`
}

// AddSession signs a user in, who has been authenticated, and returns what lets them in from then on.
func (a *Access) AddSession(ctx context.Context, user string) (text string, until time.Time, err error) {
	u, ok, err := a.get(ctx, user)
	if err != nil {
		return "", until, err
	}
	if !ok {
		return "", until, fmt.Errorf("user %s: %w", user, ErrNoUser)
	}
	now := time.Now().UTC()
	if err := a.sweepSessions(ctx, now); err != nil {
		return "", until, err
	}
	id, secret := rand.Text()[:16], rand.Text()
	hash, password := sha256.Sum256([]byte(secret)), sha256.Sum256(u.Hash)
	s := session{User: user, Hash: hash[:], Password: password[:], Until: now.Add(SessionTime).Truncate(time.Second)}
	record, err := json.Marshal(s)
	if err != nil {
		return "", until, fmt.Errorf("signing %s in: %w", user, err)
	}
	if err := a.store.Put(ctx, sessionKey+id, record); err != nil {
		return "", until, fmt.Errorf("signing %s in: %w", user, err)
	}
	return sessionPrefix + id + "." + secret, s.Until, nil
}

// EndSession signs out. It is no error when there is no such session.
func (a *Access) EndSession(ctx context.Context, text string) error {
	var denied DeniedError
	if _, err := a.bySession(ctx, text); errors.As(err, &denied) {
		return nil
	} else if err != nil {
		return err
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(text, sessionPrefix), ".")
	if err := a.store.Delete(ctx, sessionKey+id); err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	return nil
}

// sweepSessions forgets those that are over.
func (a *Access) sweepSessions(ctx context.Context, now time.Time) error {
	names, err := a.store.List(ctx)
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	open := 0
	for _, name := range names {
		if !strings.HasPrefix(name, sessionKey) {
			continue
		}
		record, ok, err := a.store.Get(ctx, name)
		var s session
		if err != nil || !ok {
			continue
		}
		if json.Unmarshal(record, &s) == nil && now.Before(s.Until) {
			open++
		} else if err := a.store.Delete(ctx, name); err != nil {
			return fmt.Errorf("forgetting a session: %w", err)
		}
	}
	if open >= mostSessions {
		return invalid(fmt.Sprintf("%d sessions are open, and no more are kept: sign out somewhere", open))
	}
	return nil
}

// bySession says whose session it is. The error is a DeniedError when it is nobody's.
func (a *Access) bySession(ctx context.Context, text string) (Principal, error) {
	id, secret, ok := strings.Cut(strings.TrimPrefix(text, sessionPrefix), ".")
	if !ok || len(text) > 128 || !userName.MatchString(id) {
		return Principal{}, DeniedError{Token: true}
	}
	record, ok, err := a.store.Get(ctx, sessionKey+id)
	if err != nil {
		return Principal{}, fmt.Errorf("reading a session: %w", err)
	}
	var s session
	sum := sha256.Sum256([]byte(secret))
	if !ok || json.Unmarshal(record, &s) != nil || subtle.ConstantTimeCompare(s.Hash, sum[:]) != 1 || !time.Now().Before(s.Until) {
		return Principal{}, DeniedError{Token: true}
	}
	u, known, err := a.get(ctx, s.User)
	if err != nil {
		return Principal{}, err
	}
	password := sha256.Sum256(u.Hash)
	if !known || u.ends(time.Now()) || subtle.ConstantTimeCompare(password[:], s.Password) != 1 {
		return Principal{}, DeniedError{Token: true}
	}
	return u.Principal(), nil
}
