// Package access says who is asking and what they may do: users with roles, grants, passwords (argon2id)
// and tokens, what those may do who don't sign in, and the slowing of those who guess.
//
// Users are records in a Store, a small key-value bucket that every gateway of a city shares.
// The package knows neither HTTP nor NATS; its errors say of themselves what they are (Denied,
// RetryAfter), so that each protocol can answer in its own words.
package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sharpeyes/registry"
)

// Store keeps the users' records by name, opaque to it. Names hold only [A-Za-z0-9_.-]. Get is
// asked on every request, so it should answer from memory.
type Store interface {
	// Get returns the record of a name; false when there is none.
	Get(ctx context.Context, name string) ([]byte, bool, error)
	// Create writes a record unless the name has one already; false then.
	Create(ctx context.Context, name string, record []byte) (bool, error)
	// Put writes a record, whether or not the name has one.
	Put(ctx context.Context, name string, record []byte) error
	// List returns all names, in no order.
	List(ctx context.Context) ([]string, error)
	// Delete removes the record of a name; it is no error when there is none.
	Delete(ctx context.Context, name string) error
}

// Sealer keeps secrets: what it has sealed under a name it opens under no other.
type Sealer interface {
	Seal(name string, s registry.Secret) ([]byte, error)
	Open(name string, sealed []byte) (registry.Secret, error)
}

// checkTimeout bounds one check of a password, the wait for a processor included.
const checkTimeout = 10 * time.Second

// Options is what an Access is made of.
type Options struct {
	Store Store
	// Anonymous is the role of those who don't sign in: none, viewer or admin. Anything but none
	// holds only for askers on loopback.
	Anonymous string
	// Loopback says that every listener of the gateway is on loopback. Without it nobody is
	// let in anonymously, whatever Anonymous says: whoever forwards a public port to this machine
	// would otherwise make all the world local.
	Loopback bool
	// AdminPassword is the first administrator's, when there is no user yet; empty: one is made.
	AdminPassword string
	// Sealer keeps what digests are checked with; nil: none are.
	Sealer Sealer
	// Digest is what has to be kept of a password so that a digest can be checked; nil: tokens that are made
	// now can't answer one.
	Digest func(user, password string) string
	// Quick makes passwords cheap to check, for tests.
	Quick bool
	Log   *slog.Logger
}

// Access authenticates. It is safe for concurrent use and owns no goroutine.
type Access struct {
	store     Store
	anonymous Role
	admin     string
	cost      cost
	changing  sync.Mutex // held while a record is read and written
	log       *slog.Logger
	sealer    Sealer
	digest    func(user, password string) string // nil: none is kept
	verified  *verified
	guesses   *guesses[netip.Prefix]
	names     *guesses[string] // tried from addresses that never were right
	homes     *homes
	checks    singleflight.Group // of passwords, by user, password and address
	hashing   chan struct{}      // bounds how many processors bcrypt may keep busy
	nobody    []byte             // a hash to compare with when the user doesn't exist, so that it takes as long
}

// New returns an Access. It fails when Anonymous is no role that anonymous askers can have.
func New(o Options) (*Access, error) {
	a := &Access{
		store:    o.Store,
		admin:    o.AdminPassword,
		cost:     usualCost,
		log:      o.Log,
		sealer:   o.Sealer,
		digest:   o.Digest,
		verified: newVerified(1024, time.Minute),
		guesses:  newGuesses[netip.Prefix](4096, 10, 2*time.Second),
		names:    newGuesses[string](4096, 100, time.Second),
		homes:    newHomes(4096),
		hashing:  make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	switch o.Anonymous {
	case "", "none":
	case string(Viewer), string(Admin):
		if o.Loopback {
			a.anonymous = Role(o.Anonymous)
		}
	default:
		return nil, fmt.Errorf("access.anonymous %q: write none, viewer or admin", o.Anonymous)
	}
	if o.Quick {
		a.cost = cost{Memory: 64, Time: 1}
	}
	a.nobody = hashPassword(rand.Text(), a.cost)
	return a, nil
}

// Authenticate says who is asking from remote. Without a user name it is the anonymous principal,
// where there is one. Errors: a DeniedError when there is no such user or the password is wrong,
// a SlowedError when that address guessed too often, the store's or the context's otherwise.
func (a *Access) Authenticate(ctx context.Context, user, password string, remote netip.Addr) (Principal, error) {
	if user == "" {
		if a.anonymous != "" && remote.Unmap().IsLoopback() {
			return Principal{Name: "anonymous", Role: a.anonymous}, nil
		}
		return Principal{}, DeniedError{Missing: true}
	}
	u, known, err := a.get(ctx, user)
	if err != nil {
		return Principal{}, err
	}
	if known && u.ends(time.Now()) {
		u, known = User{Name: u.Name}, false
	}
	if known && a.verified.has(u, password) {
		return u.Principal(), nil
	}
	// A wall opens all its tiles at once: they are one guess, and one check.
	same := a.verified.mac(u, password)
	_, err, _ = a.checks.Do(string(same[:])+remote.String(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout) // others wait for it too
		defer cancel()
		return nil, a.check(ctx, u, known, password, remote)
	})
	if err != nil {
		return Principal{}, err
	}
	return u.Principal(), nil
}

// AuthenticateToken says whose token it is. The error is a DeniedError when it is nobody's, a
// SlowedError when that address tried too many.
func (a *Access) AuthenticateToken(ctx context.Context, text string, remote netip.Addr) (Principal, error) {
	p, err := a.byToken(ctx, text)
	var denied DeniedError
	// A session is too long to be guessed; one that is over is no guess, and every page that is still open brings it.
	if errors.As(err, &denied) && !strings.HasPrefix(text, sessionPrefix) {
		if wait := a.guesses.take(network(remote)); wait > 0 {
			return Principal{}, SlowedError{After: wait}
		}
	}
	return p, err
}

// check compares the password with the user's, unless that address guesses too much.
func (a *Access) check(ctx context.Context, u User, known bool, password string, remote netip.Addr) error {
	if known && a.verified.has(u, password) { // by the check before
		return nil
	}
	from := network(remote)
	if wait := a.guesses.take(from); wait > 0 {
		return SlowedError{After: wait}
	}
	// Whoever guesses one name from a thousand addresses doesn't keep out who signs in from where they do.
	stranger := !a.homes.has(home{u.Name, from})
	if stranger {
		if wait := a.names.take(u.Name); wait > 0 {
			a.guesses.giveBack(from)
			return SlowedError{After: wait}
		}
	}
	ok, err := a.compare(ctx, u.Hash, password)
	if err == nil && (!known || !ok) {
		return DeniedError{}
	}
	a.guesses.giveBack(from)
	if stranger {
		a.names.giveBack(u.Name)
	}
	if err != nil {
		return err
	}
	a.homes.add(home{u.Name, from})
	a.verified.add(u, password)
	return nil
}

// compare reports whether the password belongs to the hash. Without a hash it takes as long.
func (a *Access) compare(ctx context.Context, hash []byte, password string) (bool, error) {
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return false, fmt.Errorf("waiting to check a password: %w", context.Cause(ctx))
	}
	if hash == nil {
		hash = a.nobody
	}
	if len(password) > maxPassword {
		return false, nil
	}
	return comparePassword(hash, password)
}

// EnsureAdmin creates the user admin when there is no user at all, and returns the password that
// was made for it, to be printed once; empty when Options named one. Of several gateways that
// start at once, one creates.
func (a *Access) EnsureAdmin(ctx context.Context) (password string, created bool, err error) {
	names, err := a.store.List(ctx)
	if err != nil {
		return "", false, fmt.Errorf("looking for users: %w", err)
	}
	if slices.ContainsFunc(names, userName.MatchString) {
		return "", false, nil
	}
	chosen := a.admin
	if chosen == "" {
		password = rand.Text()
		chosen = password
	}
	created, err = a.create(ctx, User{Name: "admin", Role: Admin}, chosen)
	if err != nil || !created {
		return "", false, err
	}
	return password, true, nil
}
