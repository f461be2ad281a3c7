package bus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
)

// edit plans a transaction that changes one channel.
func edit(n int, f func(*registry.Channel)) func(*registry.Snapshot) (registry.Transaction, error) {
	return func(s *registry.Snapshot) (registry.Transaction, error) {
		c, ok := s.Get(channel(n).ID)
		if !ok {
			return registry.Transaction{}, errors.New("not there")
		}
		f(&c)
		return registry.Transaction{Put: []registry.Channel{c}}, nil
	}
}

func remove(n int) func(*registry.Snapshot) (registry.Transaction, error) {
	return func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Delete: []string{channel(n).ID}}, nil
	}
}

func TestHistory(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 3)) // 1
	update(t, b, edit(1, func(c *registry.Channel) { c.Name, c.Password = "North gate", "secret2" }))
	update(t, b, edit(2, func(c *registry.Channel) { c.Name = "Somebody else" }))
	update(t, b, put(0, 3))   // 4: the name and the password as they were
	update(t, b, remove(1))   // 5
	update(t, b, put(1, 2))   // 6
	update(t, b, remove(999)) // 7: wasn't there
	if _, err := b.js.Publish(soon(t), registrySubject, []byte("rubbish")); err != nil {
		t.Fatal(err)
	}

	changes, err := b.Registry().History(soon(t), channel(1).ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		if c.By != "tester" || c.Action != "edit" || c.At.IsZero() {
			t.Errorf("%+v", c)
		}
		got = append(got, fmt.Sprintf("%d %s %d", c.Version, c.Kind, len(c.Fields)))
	}
	if want := []string{"6 created 11", "5 deleted 11", "4 updated 2", "2 updated 2", "1 created 11"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []registry.FieldChange{
		{Field: "name", Old: channel(1).Name, New: "North gate"},
		{Field: "password", New: "changed"},
	}
	if !slices.Equal(changes[3].Fields, want) {
		t.Errorf("got %+v, want %+v", changes[3].Fields, want)
	}
	for _, c := range changes {
		if s := fmt.Sprintf("%+v", c); strings.Contains(s, "secret2") || strings.Contains(s, channel(1).Password.Reveal()) {
			t.Errorf("a password is told: %s", s)
		}
	}
	if two, err := b.Registry().History(soon(t), channel(1).ID, 2); err != nil || len(two) != 2 || two[0].Version != 6 || two[1].Version != 5 {
		t.Errorf("%v, %v", two, err)
	}
	for _, id := range []string{"nobody", channel(999).ID, "a.b>*", ""} {
		if _, err := b.Registry().History(soon(t), id, 10); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// The log of an earlier program has neither subjects of channels nor counts.
func TestHistoryOfAnEarlierLog(t *testing.T) {
	b := open(t, options(t.TempDir()))
	tx, _ := put(0, 1)(nil)
	tx.ID, tx.By, tx.Action = "old", "admin", "edit"
	body, err := registry.EncodeTransaction(tx, b.registry.sealer)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := b.registry.codec.split(tx, registry.Counts{}, body)
	if err != nil {
		t.Fatal(err)
	}
	parts[0].Subject = registrySubject
	parts[0].Header.Del(headerCounts)
	if _, err := appendParts(soon(t), b.conn, parts, 0); err != nil {
		t.Fatal(err)
	}
	if err := b.registry.wait(soon(t), 1, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	update(t, b, edit(0, func(c *registry.Channel) { c.Name = "new" }))
	if changes, err := b.Registry().History(soon(t), channel(0).ID, 10); err != nil || len(changes) != 2 {
		t.Errorf("%+v, %v", changes, err)
	}
	if v, err := b.Registry().Versions(soon(t), 10); err != nil || len(v) != 2 || v[1].Counts != nil || v[0].Counts == nil || v[0].Counts.Updated != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestVersions(t *testing.T) {
	b := open(t, options(t.TempDir()))
	if v, err := b.Registry().Versions(soon(t), 10); err != nil || len(v) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	imported := update(t, b, put(0, 25000)).Version()
	if imported < 2 {
		t.Fatal("the import is one part")
	}
	for n := range 5 {
		update(t, b, edit(n, func(c *registry.Channel) { c.Name = "new" }))
	}
	last := update(t, b, remove(1)).Version()
	all, err := b.Registry().Versions(soon(t), 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 7 || all[0].Version != last || all[0].Counts.Deleted != 1 || all[1].Counts.Updated != 1 ||
		all[6].Version != imported || all[6].Counts.Created != 25000 || all[6].By != "tester" || all[6].Action != "edit" || all[6].At.IsZero() {
		t.Errorf("%+v", all)
	}
	few, err := b.Registry().Versions(soon(t), 3)
	if err != nil || len(few) != 3 || few[0].Version != last || few[2].Version != last-2 {
		t.Errorf("%+v, %v", few, err)
	}
}

func TestAt(t *testing.T) {
	b := open(t, options(t.TempDir()))
	want := map[uint64]*registry.Snapshot{}
	step := func(fn func(*registry.Snapshot) (registry.Transaction, error)) {
		s := update(t, b, fn)
		want[s.Version()] = s
	}
	step(put(0, 10))
	step(edit(3, func(c *registry.Channel) { c.Name = "x" }))
	keep(t, b)
	step(remove(5))
	step(func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Sites: []registry.Site{{Path: "xiamen", Name: "Xiamen"}}}, nil
	})
	step(put(10, 12))
	for version, s := range want {
		got, err := b.Registry().At(soon(t), version)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version() != version || !slices.EqualFunc(slices.Collect(got.All()), slices.Collect(s.All()), registry.Equal) || !slices.EqualFunc(got.Sites(), s.Sites(), func(a, b registry.Site) bool { return a == b }) {
			t.Errorf("version %d isn't what it was", version)
		}
	}
	for _, version := range []uint64{0, 99} {
		if _, err := b.Registry().At(soon(t), version); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// A writer whose precondition doesn't hold any more is told who changed what.
func TestConflictSaysWhatChanged(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 2))
	update(t, b, edit(1, func(c *registry.Channel) { c.Name = "theirs" }))
	_, err := b.Registry().Update(soon(t), "me", "edit", func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{}, &registry.ConflictError{What: "channel " + channel(1).ID, Channel: channel(1).ID, Expected: "a", Actual: "b"}
	})
	conflict, ok := errors.AsType[*registry.ConflictError](err)
	if !ok || len(conflict.Changes) != 2 || conflict.Changes[0].Version != 2 || conflict.Changes[0].By != "tester" ||
		len(conflict.Changes[0].Fields) != 1 || conflict.Changes[0].Fields[0].New != "theirs" {
		t.Fatalf("%+v", conflict)
	}
	if s := err.Error(); !strings.Contains(s, "by tester at ") || !strings.Contains(s, "version 2: name") {
		t.Error(s)
	}
}

func TestMaintenanceSurvivesARestart(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m := window()
	update(t, b, func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Maintenance: []registry.Maintenance{m}}, nil
	})
	b = reopen(t, b, o) // from the log
	if got, ok := b.Registry().Snapshot().Maintenance(m.ID); !ok || got != m {
		t.Errorf("got %+v", got)
	}
	keep(t, b)
	b = reopen(t, b, o) // from the snapshot object
	defer b.Close()
	if got, ok := b.Registry().Snapshot().InMaintenance(channel(0), m.From); !ok || got != m {
		t.Errorf("got %+v", got)
	}
}
