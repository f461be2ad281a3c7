package access

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Role is what kind of user someone is.
type Role string

// The roles.
const (
	Admin    Role = "admin"    // may all
	Operator Role = "operator" // may read, and act on alerts
	Viewer   Role = "viewer"   // may read
)

// What a principal may or may not do.
const (
	Read        = "read"        // see channels, states, streams
	Acknowledge = "acknowledge" // act on alerts
	Edit        = "edit"        // change the registry and the rules
)

// Principal is who is asking.
type Principal struct {
	Name string
	Role Role
}

// String is the principal's name, as it goes in the registry's log.
func (p Principal) String() string { return p.Name }

// May reports whether the principal may do an action.
func (p Principal) May(action string) bool {
	switch p.Role {
	case Admin:
		return true
	case Operator:
		return action == Read || action == Acknowledge
	case Viewer:
		return action == Read
	default:
		return false
	}
}

// User is someone who can sign in. Its record in the store is its JSON.
type User struct {
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Hash    []byte    `json:"hash"` // bcrypt
	Created time.Time `json:"created"`
}

// maxPassword is as far as bcrypt reads.
const maxPassword = 72

const minPassword = 4

var userName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// AddUser creates a user. ErrUserExists when the name is taken.
func (a *Access) AddUser(ctx context.Context, name string, role Role, password string) error {
	created, err := a.create(ctx, name, role, password)
	if err == nil && !created {
		err = fmt.Errorf("adding user %s: %w", name, ErrUserExists)
	}
	return err
}

// SetPassword changes a user's password; the old one is refused from then on. ErrNoUser when there
// is no such user.
func (a *Access) SetPassword(ctx context.Context, name, password string) error {
	u, ok, err := a.get(ctx, name)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("changing the password of %s: %w", name, ErrNoUser)
	}
	if u.Hash, err = a.hash(password); err != nil {
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

// Users lists all users by name.
func (a *Access) Users(ctx context.Context) ([]User, error) {
	names, err := a.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
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

func (a *Access) create(ctx context.Context, name string, role Role, password string) (bool, error) {
	if len(name) > 64 || !userName.MatchString(name) {
		return false, fmt.Errorf("user name %q: use 1 to 64 letters, digits, - and _, with single dots inside", name)
	}
	if !slices.Contains([]Role{Admin, Operator, Viewer}, role) {
		return false, fmt.Errorf("role %q: write admin, operator or viewer", role)
	}
	hash, err := a.hash(password)
	if err != nil {
		return false, err
	}
	record, err := json.Marshal(User{Name: name, Role: role, Hash: hash, Created: time.Now().UTC()})
	if err != nil {
		return false, fmt.Errorf("writing user %s: %w", name, err)
	}
	created, err := a.store.Create(ctx, name, record)
	if err != nil {
		return false, fmt.Errorf("writing user %s: %w", name, err)
	}
	return created, nil
}

func (a *Access) hash(password string) ([]byte, error) {
	if len(password) < minPassword || len(password) > maxPassword || strings.ContainsRune(password, 0) {
		return nil, fmt.Errorf("a password must have %d to %d bytes, none of them zero", minPassword, maxPassword)
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), a.cost)
	if err != nil {
		return nil, fmt.Errorf("hashing a password: %w", err)
	}
	return h, nil
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
