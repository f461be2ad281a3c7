package bus

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
)

func window() registry.Maintenance {
	from := time.Date(2026, 3, 4, 22, 0, 0, 0, time.UTC)
	return registry.Maintenance{ID: "m1", Site: "xiamen", From: from, Until: from.Add(8 * time.Hour), Why: "new fibre", By: "tester"}
}

// withKeys are options with keys of their own file.
func withKeys(t *testing.T, dir string) (Options, *Keys, string) {
	t.Helper()
	t.Setenv(KeyVariable, "")
	path := filepath.Join(dir, "secret.key")
	keys, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	o := options(dir)
	o.Sealer = keys
	return o, keys, path
}

func firstIn(t *testing.T, path string) [32]byte {
	t.Helper()
	key, err := loadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRotateKey(t *testing.T) {
	dir := t.TempDir()
	o, keys, path := withKeys(t, dir)
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	first := keys.first()
	update(t, b, put(0, 50))
	update(t, b, func(*registry.Snapshot) (registry.Transaction, error) {
		c := channel(50)
		c.Username, c.Password = "", ""
		return registry.Transaction{Put: []registry.Channel{c}}, nil
	})
	watched := 0
	b.Registry().Watch(func(_, _ *registry.Snapshot, tx registry.Transaction) { watched++ })
	done, err := b.Registry().RotateKey(soon(t), "admin")
	if err != nil {
		t.Fatal(err)
	}
	if done.Key == first || done.Key != keys.first() || done.Resealed != 50 || done.Version != 3 {
		t.Errorf("%+v", done)
	}
	if watched != 0 {
		t.Error("the watchers were told of a change, and nothing changed for them")
	}
	if changes, err := b.Registry().History(soon(t), channel(7).ID, 10); err != nil || len(changes) != 1 {
		t.Errorf("the history has %v, %v", changes, err)
	}
	update(t, b, edit(7, func(c *registry.Channel) { c.Password = "after" }))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	// With the new key alone the present is there, by the snapshot object and what followed it.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) != 2 {
		t.Fatalf("%d keys are in the file, want 2", len(lines))
	}
	newest, err := parseKey(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	o.Sealer = registry.NewSealer(newest)
	b = reopen(t, b, o)
	c, _ := b.Registry().Snapshot().Get(channel(6).ID)
	if c.Password != channel(6).Password {
		t.Error("a password is another")
	}
	// With the file, the past too.
	if o.Sealer, err = LoadKeys(path); err != nil {
		t.Fatal(err)
	}
	b = reopen(t, b, o)
	defer b.Close()
	old, err := b.Registry().At(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := old.Get(channel(7).ID); c.Password != channel(7).Password {
		t.Error("an earlier password is another")
	}
	if c, _ := b.Registry().Snapshot().Get(channel(7).ID); c.Password.Reveal() != "after" {
		t.Error("the present password is another")
	}
	if done, err := b.Registry().RotateKey(soon(t), "admin"); err != nil || done.Resealed != 50 || done.Key != registry.KeyID(firstIn(t, path)) {
		t.Errorf("again: %+v, %v", done, err)
	}
}

// A gateway that doesn't know the new key would stand still: nothing is sealed with it behind its back.
func TestRotateWithAnotherGateway(t *testing.T) {
	a, keysA, _ := withKeys(t, t.TempDir())
	first := open(t, a)
	update(t, first, put(0, 3))
	other := options(t.TempDir())
	other.Sealer = keysA
	b := secondWith(t, first, other)
	before := keysA.first()
	for _, r := range []*Registry{first.Registry(), b.Registry()} {
		if _, err := r.RotateKey(soon(t), "admin"); !errors.Is(err, ErrRotate) {
			t.Errorf("error is %v, want ErrRotate", err)
		}
	}
	if keysA.first() != before {
		t.Fatal("the key was changed")
	}
	// Both know a newer one.
	keysA.ring.Store(newRing([][32]byte{{9}, keysA.ring.Load().keys[0]}))
	done, err := b.Registry().RotateKey(soon(t), "admin")
	if err != nil || done.Resealed != 3 || done.Key != registry.KeyID([32]byte{9}) {
		t.Errorf("%+v, %v", done, err)
	}
	if err := first.registry.wait(soon(t), done.Version, 10*time.Second); err != nil {
		t.Error(err)
	}
}

func TestKeysOfAFile(t *testing.T) {
	t.Setenv(KeyVariable, "")
	a, b := [32]byte{1}, [32]byte{2}
	text := base64.StdEncoding.EncodeToString(a[:]) + "\r\n\n" + base64.StdEncoding.EncodeToString(b[:])
	path := filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := registry.NewSealer(b).Seal("x", "pw")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := keys.Open("x", sealed); err != nil || p.Reveal() != "pw" || keys.first() != registry.KeyID(a) {
		t.Errorf("%v", err)
	}
	t.Setenv(KeyVariable, base64.StdEncoding.EncodeToString(b[:])+","+base64.StdEncoding.EncodeToString(a[:]))
	if keys, err = LoadKeys(path); err != nil || keys.first() != registry.KeyID(b) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"\n", "c2hvcnQ=", text + "\nrubbish", strings.Repeat(text+"\n", 40)} {
		if _, err := parseKeys(bad); err == nil || strings.Contains(err.Error(), "rubbish") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A file that can't be replaced leaves the keys as they were.
func TestRotateWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	o, keys, _ := withKeys(t, dir)
	b := open(t, o)
	update(t, b, put(0, 1))
	before := keys.first()
	keys.path = filepath.Join(dir, "nats-lock-is-no-directory", "secret.key")
	if err := os.WriteFile(filepath.Join(dir, "nats-lock-is-no-directory"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Registry().RotateKey(soon(t), "admin"); err == nil {
		t.Error("there is no room for a key, and no error")
	}
	if keys.first() != before {
		t.Error("the key was changed all the same")
	}
	update(t, b, put(1, 2))
}

// Nothing that is on the disk has a password in it.
func TestPasswordsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	o, _, _ := withKeys(t, dir)
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	update(t, b, put(0, 3))
	update(t, b, edit(1, func(c *registry.Channel) { c.Password = "MARKED-PASSWORD" }))
	if _, err := b.Registry().RotateKey(soon(t), "admin"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("MARKED-PASSWORD")) || bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString([]byte("MARKED-PASSWORD")))) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n" + strings.Repeat("0f", 32))
	f.Add(",,\n=")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys(text)
		if err == nil && (len(keys) == 0 || len(keys) > maxKeys) {
			t.Errorf("%d keys", len(keys))
		}
	})
}
