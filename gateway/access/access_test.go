package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"sharpeyes/gateway/access"
	"sharpeyes/registry"
)

// memory is a Store of one test.
type memory struct {
	mu      sync.Mutex
	records map[string][]byte
	err     error
}

func newMemory() *memory { return &memory{records: map[string][]byte{}} }

func (m *memory) Get(_ context.Context, name string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[name]
	return r, ok, m.err
}

func (m *memory) Create(_ context.Context, name string, record []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.records[name]; ok {
		return false, m.err
	}
	m.records[name] = record
	return true, m.err
}

func (m *memory) Put(_ context.Context, name string, record []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[name] = record
	return m.err
}

func (m *memory) List(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.records)), m.err
}

func (m *memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, name)
	return m.err
}

var (
	far  = netip.MustParseAddr("192.0.2.7")
	near = netip.MustParseAddr("127.0.0.1")
)

func newAccess(t *testing.T, o access.Options) *access.Access {
	t.Helper()
	if o.Store == nil {
		o.Store = newMemory()
	}
	o.Quick = true
	o.Log = slog.New(slog.DiscardHandler)
	a, err := access.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func denied(err error) bool {
	var d access.DeniedError
	return errors.As(err, &d)
}

func TestPassword(t *testing.T) {
	ctx := t.Context()
	a := newAccess(t, access.Options{})
	if err := a.AddUser(ctx, access.User{Name: "ann", Role: access.Viewer}, "correct horse"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // with bcrypt, and from memory
		p, err := a.Authenticate(ctx, "ann", "correct horse", far)
		if err != nil || p.Name != "ann" || p.Role != access.Viewer {
			t.Fatalf("right password: %v, %v", p, err)
		}
	}
	for _, c := range [][2]string{{"ann", "wrong horse"}, {"ann", ""}, {"bob", "correct horse"}, {"Ann", "correct horse"}, {"../x", "x"}, {"", "correct horse"}} {
		if _, err := a.Authenticate(ctx, c[0], c[1], far); !denied(err) {
			t.Errorf("%q %q: %v", c[0], c[1], err)
		}
	}
	if err := a.SetPassword(ctx, "ann", "battery staple"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(ctx, "ann", "correct horse", far); !denied(err) {
		t.Errorf("old password after a change: %v", err)
	}
	if _, err := a.Authenticate(ctx, "ann", "battery staple", far); err != nil {
		t.Errorf("new password: %v", err)
	}
	if err := a.DeleteUser(ctx, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(ctx, "ann", "battery staple", far); !denied(err) {
		t.Errorf("deleted user: %v", err)
	}
	if err := a.SetPassword(ctx, "ann", "correct horse"); !errors.Is(err, access.ErrNoUser) {
		t.Errorf("password of nobody: %v", err)
	}
	if err := a.DeleteUser(ctx, "ann"); !errors.Is(err, access.ErrNoUser) {
		t.Errorf("deleting nobody: %v", err)
	}
}

func TestLongPasswordIsNotCut(t *testing.T) {
	a := newAccess(t, access.Options{})
	long := strings.Repeat("x", 72)
	if err := a.AddUser(t.Context(), access.User{Name: "ann", Role: access.Viewer}, long); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := a.Authenticate(t.Context(), "ann", long+"y", far); !denied(err) {
			t.Fatalf("a longer one: %v", err)
		}
		if _, err := a.Authenticate(t.Context(), "ann", long, far); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadUsers(t *testing.T) {
	a := newAccess(t, access.Options{})
	for name, c := range map[string]struct {
		user     string
		role     access.Role
		password string
	}{
		"empty name":     {"", access.Viewer, "long enough"},
		"slash":          {"a/b", access.Viewer, "long enough"},
		"dot at the end": {"a.", access.Viewer, "long enough"},
		"long name":      {strings.Repeat("a", 65), access.Viewer, "long enough"},
		"role":           {"ann", "king", "long enough"},
		"short password": {"ann", access.Viewer, "abc"},
		"long password":  {"ann", access.Viewer, strings.Repeat("x", 257)},
		"zero byte":      {"ann", access.Viewer, "long\x00enough"},
	} {
		err := a.AddUser(t.Context(), access.User{Name: c.user, Role: c.role}, c.password)
		if err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), c.password) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
	if err := a.AddUser(t.Context(), access.User{Name: "ann", Role: access.Viewer}, "long enough"); err != nil {
		t.Fatal(err)
	}
	if err := a.AddUser(t.Context(), access.User{Name: "ann", Role: access.Admin}, "long enough"); !errors.Is(err, access.ErrUserExists) {
		t.Errorf("taken name: %v", err)
	}
	users, err := a.Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Role != access.Viewer {
		t.Errorf("users: %v, %v", users, err)
	}
}

func TestAnonymous(t *testing.T) {
	for _, c := range []struct {
		anonymous string
		loopback  bool
		remote    netip.Addr
		want      access.Role // "" for refused
	}{
		{"none", true, near, ""},
		{"", true, near, ""},
		{"viewer", true, near, access.Viewer},
		{"admin", true, near, access.Admin},
		{"admin", true, netip.MustParseAddr("::1"), access.Admin},
		{"admin", true, netip.MustParseAddr("::ffff:127.0.0.1"), access.Admin},
		{"admin", true, far, ""},
		{"admin", true, netip.Addr{}, ""},
		{"admin", false, near, ""},
	} {
		a := newAccess(t, access.Options{Anonymous: c.anonymous, Loopback: c.loopback})
		p, err := a.Authenticate(t.Context(), "", "", c.remote)
		if c.want == "" && !denied(err) || c.want != "" && (err != nil || p.Role != c.want) {
			t.Errorf("%+v: %v, %v", c, p, err)
		}
	}
	if _, err := access.New(access.Options{Anonymous: "operator"}); err == nil {
		t.Error("anonymous operator was taken")
	}
}

func TestRoles(t *testing.T) {
	all := []access.Action{access.List, access.View, access.Events, access.Acknowledge, access.Edit, access.Administer}
	for role, most := range map[access.Role]int{access.Admin: 6, access.Operator: 4, access.Viewer: 3, access.App: 0, "": 0, "king": 0} {
		p := access.Principal{Role: role}
		for i, action := range all {
			if got := p.Everywhere(action); got != (i < most) {
				t.Errorf("%q: %s %v", role, action, got)
			}
		}
	}
}

// Grants say in place of the role what may be done where, and for how long.
func TestGrants(t *testing.T) {
	campus := &registry.Channel{ID: "a", Class: 1, Scenario: "campus", Site: "xiamen/siming/a", Tags: []string{"gate"}}
	kitchen := &registry.Channel{ID: "b", Class: 2, Scenario: "kitchen", Site: "xiamen/huli"}
	g, err := access.ParseGrant("list,view:class=1;scenario=campus;site=xiamen/siming;tag=gate,door")
	if err != nil {
		t.Fatal(err)
	}
	p := access.Principal{Role: access.Operator, Grants: []access.Grant{g}}
	if !p.On(access.View, campus) || p.On(access.View, kitchen) || p.On(access.Events, campus) || p.Everywhere(access.List) {
		t.Errorf("%+v", p)
	}
	g.Until = time.Now().Add(-time.Second)
	if p.Grants[0] = g; p.On(access.View, campus) {
		t.Error("a grant that has ended holds")
	}
	if p.Role = access.Admin; !p.On(access.Administer, kitchen) {
		t.Error("an admin is bound by grants")
	}
}

func TestParseGrant(t *testing.T) {
	for _, s := range []string{"list", "list,view,events,acknowledge,edit,admin", "view:class=1,2,9;scenario=campus,kitchen;site=a/b/c;tag=x,门"} {
		g, err := access.ParseGrant(s)
		if err != nil || g.String() != s {
			t.Errorf("%q became %q, %v", s, g, err)
		}
	}
	for _, s := range []string{"", "look", "list:", "list:class=4", "list:class=", "list:class=1,", "list:site=A", "list:site=a,b", "list:site=a;site=b", "list:color=red", "list:scenario=UP"} {
		if g, err := access.ParseGrant(s); err == nil {
			t.Errorf("%q became %+v", s, g)
		}
	}
}

func FuzzParseGrant(f *testing.F) {
	f.Add("list,view:class=1,2;scenario=campus;site=a/b;tag=x")
	f.Fuzz(func(t *testing.T, s string) {
		g, err := access.ParseGrant(s)
		if err != nil {
			return
		}
		again, err := access.ParseGrant(g.String())
		if err != nil || again.String() != g.String() {
			t.Errorf("%q became %q and then %q, %v", s, g, again, err)
		}
	})
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		a := newAccess(t, access.Options{})
		if err := a.AddUser(ctx, access.User{Name: "app.1", Role: access.App, Grants: []access.Grant{{Actions: []access.Action{access.List}}}}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Authenticate(ctx, "app.1", "", far); !denied(err) {
			t.Errorf("a user without a password signed in: %v", err)
		}
		text, made, err := a.AddToken(ctx, "app.1", "bus", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if p, err := a.AuthenticateToken(ctx, text, far); err != nil || p.Name != "app.1" || !p.Everywhere(access.List) {
			t.Errorf("%+v, %v", p, err)
		}
		for _, other := range []string{"", "se_", text + "x", strings.Replace(text, made.ID, "other", 1), text[:len(text)-1]} {
			if _, err := a.AuthenticateToken(ctx, other, near); !denied(err) {
				t.Errorf("%q: %v", other, err)
			}
		}
		u, _, err := a.User(ctx, "app.1")
		if err != nil || len(u.Tokens) != 1 || strings.Contains(fmt.Sprintf("%s %+v", u.Tokens[0].Hash, u), text[len(text)-20:]) {
			t.Errorf("%+v, %v", u, err)
		}
		time.Sleep(time.Hour)
		if _, err := a.AuthenticateToken(ctx, text, far); !denied(err) {
			t.Errorf("a token that has ended: %v", err)
		}
		text, made, err = a.AddToken(ctx, "app.1", "bus", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SetUser(ctx, "app.1", access.App, nil, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if p, err := a.AuthenticateToken(ctx, text, far); err != nil || p.Everywhere(access.List) {
			t.Errorf("%+v, %v", p, err)
		}
		time.Sleep(time.Minute)
		if _, err := a.AuthenticateToken(ctx, text, far); !denied(err) {
			t.Errorf("a user who has ended: %v", err)
		}
		if err := a.DeleteToken(ctx, "app.1", made.ID); err != nil {
			t.Fatal(err)
		}
		if err := a.DeleteToken(ctx, "app.1", made.ID); !errors.Is(err, access.ErrNoToken) {
			t.Error(err)
		}
	})
}

// Users of an earlier version have hashes of bcrypt.
func TestOldHash(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(access.User{Name: "old", Role: access.Viewer, Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	if err := m.Put(t.Context(), "old", record); err != nil {
		t.Fatal(err)
	}
	a := newAccess(t, access.Options{Store: m})
	if _, err := a.Authenticate(t.Context(), "old", "correct horse", far); err != nil {
		t.Error(err)
	}
	if _, err := a.Authenticate(t.Context(), "old", "wrong", far); !denied(err) {
		t.Error(err)
	}
}

func TestGuessesAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		a := newAccess(t, access.Options{})
		if err := a.AddUser(ctx, access.User{Name: "ann", Role: access.Viewer}, "correct horse"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Authenticate(ctx, "ann", "correct horse", far); err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 50 {
			_, err := a.Authenticate(ctx, "ann", "wrong horse", far)
			var slow access.SlowedError
			if errors.As(err, &slow) {
				refused++
				if slow.After <= 0 || slow.After > 2*time.Second {
					t.Fatalf("wait %s", slow.After)
				}
			} else if !denied(err) {
				t.Fatal(err)
			}
		}
		if refused != 40 {
			t.Errorf("%d of 50 guesses were slowed, want 40", refused)
		}
		if _, err := a.Authenticate(ctx, "ann", "correct horse", far); err != nil {
			t.Errorf("who signed in before isn't shut out: %v", err)
		}
		if _, err := a.Authenticate(ctx, "ann", "correct horse", near); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := a.Authenticate(ctx, "ann", "wrong horse", far); !denied(err) {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestRightPasswordsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store := newMemory()
		a := newAccess(t, access.Options{Store: store})
		if err := a.AddUser(ctx, access.User{Name: "ann", Role: access.Viewer}, "correct horse"); err != nil {
			t.Fatal(err)
		}
		for range 100 { // right ones are never slowed, however often bcrypt runs
			if _, err := a.Authenticate(ctx, "ann", "correct horse", far); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
		}
	})
}

func TestEnsureAdmin(t *testing.T) {
	ctx := t.Context()
	store := newMemory()
	a := newAccess(t, access.Options{Store: store})
	password, created, err := a.EnsureAdmin(ctx)
	if err != nil || !created || len(password) < 20 {
		t.Fatalf("%q, %v, %v", password, created, err)
	}
	p, err := a.Authenticate(ctx, "admin", password, far)
	if err != nil || p.Role != access.Admin {
		t.Fatalf("signing in: %v, %v", p, err)
	}
	if password, created, err := a.EnsureAdmin(ctx); password != "" || created || err != nil {
		t.Errorf("again: %q, %v, %v", password, created, err)
	}
	for name, record := range store.records {
		if strings.Contains(string(record), password) {
			t.Errorf("the record of %s has the password", name)
		}
	}

	a = newAccess(t, access.Options{AdminPassword: "chosen before"})
	if password, created, err := a.EnsureAdmin(ctx); password != "" || !created || err != nil {
		t.Errorf("chosen: %q, %v, %v", password, created, err)
	}
	if _, err := a.Authenticate(ctx, "admin", "chosen before", far); err != nil {
		t.Error(err)
	}
	a = newAccess(t, access.Options{AdminPassword: "abc"})
	if _, _, err := a.EnsureAdmin(ctx); err == nil {
		t.Error("a short password was taken")
	}
}

func TestEnsureAdminTogether(t *testing.T) {
	store := newMemory()
	a, b := newAccess(t, access.Options{Store: store}), newAccess(t, access.Options{Store: store})
	var wg sync.WaitGroup
	var created [2]bool
	for i, x := range []*access.Access{a, b} {
		wg.Go(func() { _, created[i], _ = x.EnsureAdmin(t.Context()) })
	}
	wg.Wait()
	if created[0] == created[1] {
		t.Errorf("created: %v, want exactly one", created)
	}
}

func TestStoreFails(t *testing.T) {
	store := newMemory()
	a := newAccess(t, access.Options{Store: store})
	store.err = errors.New("disk on fire")
	if _, err := a.Authenticate(t.Context(), "ann", "correct horse", far); err == nil || denied(err) {
		t.Errorf("signing in: %v", err)
	}
	if _, _, err := a.EnsureAdmin(t.Context()); err == nil {
		t.Error("no error")
	}
}

// A wall opens all its tiles at once, behind one address: nobody guesses there.
func TestWallSignsIn(t *testing.T) {
	a := newAccess(t, access.Options{})
	if err := a.AddUser(t.Context(), access.User{Name: "wall", Role: access.Viewer}, "correct horse"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := a.Authenticate(t.Context(), "wall", "correct horse", far); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := newMemory()
		a, other := newAccess(t, access.Options{Store: m}), newAccess(t, access.Options{Store: m})
		text, err := a.Ticket(ctx, "gate", "main", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.CheckTicket(ctx, text, "gate", "main", false); err != nil {
			t.Errorf("at another gateway: %v", err)
		}
		for _, c := range [][3]string{{text, "door", "main"}, {text, "gate", "sub"}, {text + "x", "gate", "main"}, {"", "gate", "main"}, {"x." + text, "gate", "main"}} {
			if err := a.CheckTicket(ctx, c[0], c[1], c[2], false); !denied(err) {
				t.Errorf("%v: %v", c, err)
			}
		}
		time.Sleep(2 * time.Minute)
		if err := a.CheckTicket(ctx, text, "gate", "main", false); !denied(err) {
			t.Errorf("too late: %v", err)
		}
		if err := a.CheckTicket(ctx, text, "gate", "main", true); err != nil {
			t.Errorf("while it plays: %v", err)
		}
		if users, err := a.Users(ctx); err != nil || len(users) != 0 {
			t.Errorf("the key is a user: %v, %v", users, err)
		}
		if _, created, err := a.EnsureAdmin(ctx); err != nil || !created {
			t.Errorf("the key keeps the first admin from being made: %v", err)
		}
	})
}

func FuzzTicket(f *testing.F) {
	a, err := access.New(access.Options{Store: newMemory(), Quick: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	text, err := a.Ticket(f.Context(), "gate", "main", time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, "se_YQ.x.y")
	f.Fuzz(func(t *testing.T, ticket, token string) {
		if err := a.CheckTicket(t.Context(), ticket, "gate", "main", false); err == nil && ticket != text {
			t.Errorf("%q is taken", ticket)
		}
		if _, err := a.AuthenticateToken(t.Context(), token, far); err == nil {
			t.Errorf("%q is taken", token)
		}
	})
}

// A digest is checked with what is kept of tokens that were made to be.
func TestAuthenticateDigest(t *testing.T) {
	ctx, s := t.Context(), newMemory()
	digest := func(user, password string) string { return user + "|" + password }
	open := func(digest func(string, string) string) *access.Access {
		a, err := access.New(access.Options{Store: s, Anonymous: "none", Quick: true, Log: slog.New(slog.DiscardHandler), Sealer: plainSealer{}, Digest: digest})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open(nil)
	if err := a.AddUser(ctx, access.User{Name: "bus", Role: access.Viewer}, "right-one"); err != nil {
		t.Fatal(err)
	}
	earlier, _, err := a.AddToken(ctx, "bus", "earlier", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	a = open(digest)
	text, token, err := a.AddToken(ctx, "bus", "recorder", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(user, password string) error {
		p, err := a.AuthenticateDigest(ctx, user, func(secret string) bool { return secret == digest("bus", password) }, netip.MustParseAddr("10.1.2.3"))
		if err == nil && p.Name != "bus" {
			t.Errorf("%+v", p)
		}
		return err
	}
	var denied access.DeniedError
	for password, good := range map[string]bool{text: true, earlier: false, "right-one": false, "": false} {
		if err := signIn("bus", password); (err == nil) != good || err != nil && !errors.As(err, &denied) {
			t.Errorf("%q: %v", password, err)
		}
	}
	if err := signIn("nobody", text); !errors.As(err, &denied) {
		t.Error(err)
	}
	var slowed access.SlowedError
	for range 20 {
		err = signIn("bus", "guess")
	}
	if !errors.As(err, &slowed) || signIn("bus", text) != nil {
		t.Errorf("after many guesses: %v", err)
	}
	if err := a.DeleteToken(ctx, "bus", token.ID); err != nil {
		t.Fatal(err)
	}
	if err := signIn("bus", text); err == nil {
		t.Error("a revoked token still answers")
	}
}

// plainSealer seals nothing, but holds the name against what it opens.
type plainSealer struct{}

func (plainSealer) Seal(name string, s registry.Secret) ([]byte, error) {
	return []byte(name + " " + s.Reveal()), nil
}

func (plainSealer) Open(name string, sealed []byte) (registry.Secret, error) {
	s, ok := strings.CutPrefix(string(sealed), name+" ")
	if !ok {
		return "", errors.New("sealed for another")
	}
	return registry.Secret(s), nil
}

// Whatever is sent as a token or a session is nobody's unless it was made for somebody.
func FuzzToken(f *testing.F) {
	ctx, s := f.Context(), newMemory()
	a, err := access.New(access.Options{Store: s, Anonymous: "none", Quick: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	if err := a.AddUser(ctx, access.User{Name: "bus", Role: access.Viewer}, "right-one"); err != nil {
		f.Fatal(err)
	}
	text, _, err := a.AddToken(ctx, "bus", "fuzz", time.Time{})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "se_", "se_YnVz.x.y", text[:len(text)-1] + "!", "ss_x", "se_.." + text} {
		f.Add(seed)
	}
	remote := netip.MustParseAddr("10.1.2.3")
	f.Fuzz(func(t *testing.T, token string) {
		if p, err := a.AuthenticateToken(t.Context(), token, remote); err == nil && token != text {
			t.Errorf("%q is %v's", token, p)
		}
	})
}

// late is a Store that hears of what others have written some readings later.
type late struct {
	*memory
	unheard int // readings
}

func (l *late) Get(ctx context.Context, name string) ([]byte, bool, error) {
	l.mu.Lock()
	unheard := l.unheard > 0
	l.unheard--
	l.mu.Unlock()
	if unheard {
		return nil, false, nil
	}
	return l.memory.Get(ctx, name)
}

// Two gateways need the key of tickets at the same time: the one that didn't make it waits until it hears of it.
func TestTicketsBeforeTheKeyIsHeardOf(t *testing.T) {
	ctx := t.Context()
	store := newMemory()
	text, err := newAccess(t, access.Options{Store: store}).Ticket(ctx, "gate", "main", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := newAccess(t, access.Options{Store: &late{store, 3}}).CheckTicket(ctx, text, "gate", "main", false); err != nil {
		t.Error(err)
	}
}
