package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sharpeyes/registry"
)

func TestDiff(t *testing.T) {
	old := channel(1)
	new := old
	new.Name, new.Class, new.Tags, new.Lon, new.RecordDays, new.Enabled = "Other", 9, []string{"a", "b"}, ptr(118.5), nil, !old.Enabled
	new.Password = "another"
	want := []registry.FieldChange{
		{Field: "name", Old: old.Name, New: "Other"},
		{Field: "class", Old: "2", New: "9"},
		{Field: "tags", Old: "gate;batch1", New: "a;b"},
		{Field: "lon", Old: "118.00025", New: "118.5"},
		{Field: "password", New: "changed"},
		{Field: "record_days", Old: "30", New: ""},
		{Field: "enabled", Old: "true", New: "false"},
	}
	if got := registry.Diff(old, new); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := registry.Diff(old, old); len(got) != 0 {
		t.Errorf("nothing differs, and %+v", got)
	}
}

func TestPlanDetailed(t *testing.T) {
	s := snapshot(t, channels(10))
	in := channels(12)[2:]
	in[0].Name, in[1].Password, in[2].Password = "x", "another", ""
	tx, n, changes := registry.PlanDetailed(s, in, true, 1)
	if n != (registry.Counts{Created: 2, Updated: 2, Unchanged: 6, Deleted: 2}) || len(tx.Put) != 4 || len(tx.Delete) != 2 {
		t.Errorf("%+v", n)
	}
	if len(changes.Created) != 1 || changes.Created[0] != channel(10).ID || len(changes.Deleted) != 1 || changes.Deleted[0] != tx.Delete[0] ||
		len(changes.Updated) != 1 || changes.Updated[0].ID != channel(2).ID || changes.Updated[0].Fields[0].New != "x" {
		t.Errorf("%+v", changes)
	}
	if _, _, all := registry.PlanDetailed(s, in, true, 100); len(all.Updated) != 2 || len(all.Created) != 2 || len(all.Deleted) != 2 ||
		strings.Contains(fmt.Sprint(all), "another") {
		t.Errorf("%+v", all)
	}
}

func TestTraceChannel(t *testing.T) {
	list := channels(3)
	list[0].Contact = `{"id":"` + list[1].ID + `",` // isn't taken for the line of another
	b, err := registry.EncodeTransaction(registry.Transaction{ID: "t", By: "me", Put: list, Delete: []string{"gone"}}, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		got, ok, err := registry.TraceChannel(b, c.ID, testSealer(1))
		if err != nil || !ok || got.Put == nil || !registry.Equal(*got.Put, c) || got.By != "me" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got, ok, err := registry.TraceChannel(b, "gone", testSealer(1)); err != nil || !ok || got.Put != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, ok, err := registry.TraceChannel(b, list[0].ID[:19], testSealer(1)); err != nil || ok {
		t.Errorf("a part of an id: %v", err)
	}
}

func TestSealerWithSeveralKeys(t *testing.T) {
	a, b := [32]byte{1}, [32]byte{2}
	sealed, err := registry.NewSealer(a).Seal("x", "pw")
	if err != nil {
		t.Fatal(err)
	}
	both := registry.NewSealer(b, a)
	if p, err := both.Open("x", sealed); err != nil || p.Reveal() != "pw" {
		t.Errorf("the older key: %v", err)
	}
	if sealed, err = both.Seal("x", "pw"); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.NewSealer(a).Open("x", sealed); err == nil || !strings.Contains(err.Error(), "key "+registry.KeyID(b)+" isn't given") {
		t.Errorf("error is %v", err)
	}
	if p, err := registry.NewSealer(b).Open("x", sealed); err != nil || p.Reveal() != "pw" {
		t.Errorf("the newer key: %v", err)
	}
}

// What the first version of the program sealed must be readable for ever.
func TestSealedWithoutAKeyID(t *testing.T) {
	var old = []byte{1}
	sealed, err := testSealer(7).Seal("x", "pw")
	if err != nil {
		t.Fatal(err)
	}
	old = append(old, sealed[5:]...) // the same but for the name of the key
	if p, err := registry.NewSealer([32]byte{9}, [32]byte{7}).Open("x", old); err != nil || p.Reveal() != "pw" {
		t.Errorf("%v", err)
	}
}

func FuzzOpen(f *testing.F) {
	sealed, err := testSealer(1).Seal("x", "pw")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := testSealer(1).Open("x", b); err == nil && p.Reveal() != "pw" {
			t.Errorf("%x opened", b)
		}
	})
}
