package access

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Role is what kind of user someone is.
type Role string

// The roles.
const (
	Admin    Role = "admin"    // may all
	Operator Role = "operator" // list, view, events, acknowledge
	Viewer   Role = "viewer"   // list, view, events
	App      Role = "app"      // what its grants say
)

var roles = []Role{Admin, Operator, Viewer, App}

// Principal is who is asking. Grants, where there are some, say in place of the role what may be done
// where; an admin may all in any case.
type Principal struct {
	Name   string
	Role   Role
	Grants []Grant

	until time.Time // of the user
}

// Ends is the next time at which something that the principal may do ends; zero for never.
func (p Principal) Ends() time.Time {
	next, now := p.until, time.Now()
	for _, g := range p.Grants {
		if g.Until.After(now) && (next.IsZero() || g.Until.Before(next)) {
			next = g.Until
		}
	}
	return next
}

// String is the principal's name, as it goes in the registry's log.
func (p Principal) String() string { return p.Name }

// User is someone who can sign in. Its record in the store is its JSON.
type User struct {
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Grants  []Grant   `json:"grants,omitempty"`
	Until   time.Time `json:"until,omitzero"` // when the user is let in no more
	Hash    []byte    `json:"hash"`           // of the password; empty: it has none
	Tokens  []Token   `json:"tokens,omitempty"`
	Created time.Time `json:"created"`
}

// Principal is who asks when it is the user.
func (u *User) Principal() Principal {
	return Principal{Name: u.Name, Role: u.Role, Grants: u.Grants, until: u.Until}
}

func (u *User) ends(now time.Time) bool { return !u.Until.IsZero() && !now.Before(u.Until) }

const (
	minPassword = 4
	maxPassword = 256
	bcryptReads = 72 // of older records
)

var userName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// AddUser creates a user, who has no password when that is empty and needs a token then. ErrUserExists
// when the name is taken, an InvalidError for what can't be.
func (a *Access) AddUser(ctx context.Context, u User, password string) error {
	created, err := a.create(ctx, u, password)
	if err == nil && !created {
		err = fmt.Errorf("adding user %s: %w", u.Name, ErrUserExists)
	}
	return err
}

// SetPassword changes a user's password; the old one is refused from then on. ErrNoUser when there
// is no such user.
func (a *Access) SetPassword(ctx context.Context, name, password string) error {
	hash, err := a.hash(password)
	if err != nil {
		return err
	}
	return a.change(ctx, name, func(u *User) error {
		u.Hash = hash
		return nil
	})
}

// SetUser changes a user's role, grants and end. ErrNoUser when there is no such user.
func (a *Access) SetUser(ctx context.Context, name string, role Role, grants []Grant, until time.Time) error {
	if err := valid(name, role, grants); err != nil {
		return err
	}
	return a.change(ctx, name, func(u *User) error {
		u.Role, u.Grants, u.Until = role, grants, until.UTC()
		return nil
	})
}

// User returns one; false when there is none.
func (a *Access) User(ctx context.Context, name string) (User, bool, error) { return a.get(ctx, name) }

// Users lists all users by name.
func (a *Access) Users(ctx context.Context) ([]User, error) {
	names, err := a.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !userName.MatchString(name) }) // keys of ours
	slices.Sort(names)
	users := make([]User, 0, len(names))
	for _, name := range names {
		u, ok, err := a.get(ctx, name)
		if err != nil {
			return nil, err
		}
		if ok { // else deleted in between
			users = append(users, u)
		}
	}
	return users, nil
}

// DeleteUser removes a user. ErrNoUser when there is none.
func (a *Access) DeleteUser(ctx context.Context, name string) error {
	if _, ok, err := a.get(ctx, name); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("deleting user %s: %w", name, ErrNoUser)
	}
	if err := a.store.Delete(ctx, name); err != nil {
		return fmt.Errorf("deleting user %s: %w", name, err)
	}
	return nil
}

const mostGrants = 50

func valid(name string, role Role, grants []Grant) error {
	if len(name) > 64 || !userName.MatchString(name) {
		return invalid(fmt.Sprintf("user name %q: use 1 to 64 letters, digits, - and _, with single dots inside", name))
	}
	if !slices.Contains(roles, role) {
		return invalid(fmt.Sprintf("role %q: write admin, operator, viewer or app", role))
	}
	if len(grants) > mostGrants {
		return invalid(fmt.Sprintf("%d grants are more than the %d that a user may have", len(grants), mostGrants))
	}
	for _, g := range grants {
		if err := g.Validate(); err != nil {
			return invalid(err.Error())
		}
	}
	return nil
}

// reserved are names that mean something else: who doesn't sign in, what is done by itself, a token in the
// place of a name, and the gateway's own connection to NATS.
var reserved = []string{"anonymous", "system", "token", "sharpeyes-gateway"}

func (a *Access) create(ctx context.Context, u User, password string) (bool, error) {
	if slices.Contains(reserved, u.Name) {
		return false, invalid(fmt.Sprintf("user name %q: it is reserved, choose another", u.Name))
	}
	if err := valid(u.Name, u.Role, u.Grants); err != nil {
		return false, err
	}
	if password != "" {
		var err error
		if u.Hash, err = a.hash(password); err != nil {
			return false, err
		}
	}
	u.Tokens, u.Created, u.Until = nil, time.Now().UTC(), u.Until.UTC()
	record, err := json.Marshal(u)
	if err != nil {
		return false, fmt.Errorf("writing user %s: %w", u.Name, err)
	}
	created, err := a.store.Create(ctx, u.Name, record)
	if err != nil {
		return false, fmt.Errorf("writing user %s: %w", u.Name, err)
	}
	return created, nil
}

func (a *Access) hash(password string) ([]byte, error) {
	if len(password) < minPassword || len(password) > maxPassword || strings.ContainsRune(password, 0) {
		return nil, invalid(fmt.Sprintf("a password must have %d to %d bytes, none of them zero", minPassword, maxPassword))
	}
	return hashPassword(password, a.cost), nil
}

// get reads a user. A name that no user can have is simply not there: the store isn't asked.
func (a *Access) get(ctx context.Context, name string) (User, bool, error) {
	if len(name) > 64 || !userName.MatchString(name) {
		return User{}, false, nil
	}
	record, ok, err := a.store.Get(ctx, name)
	if err != nil {
		return User{}, false, fmt.Errorf("reading user %s: %w", name, err)
	}
	if !ok {
		return User{}, false, nil
	}
	var u User
	if err := json.Unmarshal(record, &u); err != nil {
		return User{}, false, fmt.Errorf("reading user %s: its record is damaged: %w", name, err)
	}
	u.Name = name
	return u, true, nil
}
