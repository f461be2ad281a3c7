package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

func TestEmpty(t *testing.T) {
	s := registry.Empty()
	if s.Version() != 0 || s.Len() != 0 || len(s.Sites()) != 0 {
		t.Errorf("not empty: %d %d %v", s.Version(), s.Len(), s.Sites())
	}
	if _, ok := s.Get("a"); ok {
		t.Error("a channel in the empty registry")
	}
	if p, err := s.Query(registry.Query{}, nil); err != nil || p.Total != 0 || p.Next != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A thousand random transactions, against a map that does the same; and no snapshot changes later.
func TestApplyLikeAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := registry.Empty()
	want := map[string]registry.Channel{}
	type kept struct {
		s    *registry.Snapshot
		want map[string]registry.Channel
	}
	var all []kept
	for i := range 1000 {
		var tx registry.Transaction
		touched := map[int]bool{}
		for range random.IntN(8) {
			n := random.IntN(200)
			if touched[n] {
				continue
			}
			touched[n] = true
			c := channel(n)
			if random.IntN(3) == 0 {
				tx.Delete = append(tx.Delete, c.ID)
				delete(want, c.ID)
				continue
			}
			c.Name = fmt.Sprint("edit ", i)
			c.Site = fmt.Sprint("site/", random.IntN(300))
			tx.Put = append(tx.Put, c)
			want[c.ID] = c
		}
		s = apply(t, s, tx)
		if i%100 == 0 {
			all = append(all, kept{s, maps.Clone(want)})
		}
	}
	all = append(all, kept{s, want})
	for _, k := range all {
		got := slices.Collect(k.s.All())
		sorted := slices.Sorted(maps.Keys(k.want))
		if !slices.Equal(ids(got), sorted) || k.s.Len() != len(sorted) {
			t.Fatalf("version %d holds %d channels, want %d", k.s.Version(), len(got), len(sorted))
		}
		for id, c := range k.want {
			if got, ok := k.s.Get(id); !ok || !registry.Equal(got, c) {
				t.Errorf("version %d: %s is %+v, want %+v", k.s.Version(), id, got, c)
			}
			// The facets follow: a query by site finds it.
			found := slices.Collect(k.s.Matching(registry.Query{Site: c.Site}, nil))
			if !slices.Contains(ids(found), id) {
				t.Errorf("version %d: %s isn't found in %s", k.s.Version(), id, c.Site)
			}
		}
	}
}

func TestTwoFuturesOfOneSnapshot(t *testing.T) {
	base := snapshot(t, channels(10))
	a, b := channel(20), channel(21)
	a.Site, b.Site = "new/a", "new/b"
	left := apply(t, base, registry.Transaction{Put: []registry.Channel{a}})
	right := apply(t, base, registry.Transaction{Put: []registry.Channel{b}})
	for s, site := range map[*registry.Snapshot]string{left: "new/a", right: "new/b"} {
		found := slices.Collect(s.Matching(registry.Query{Site: "new"}, nil))
		if len(found) != 1 || found[0].Site != site {
			t.Errorf("found %v, want one in %s", found, site)
		}
	}
	if base.Len() != 10 {
		t.Errorf("the base has %d channels", base.Len())
	}
}

func TestApplyRefuses(t *testing.T) {
	s := snapshot(t, channels(2))
	c := channel(5)
	for name, tx := range map[string]registry.Transaction{
		"put twice":      {Put: []registry.Channel{c, c}},
		"put and delete": {Put: []registry.Channel{c}, Delete: []string{c.ID}},
		"without id":     {Put: []registry.Channel{{}}},
	} {
		if _, err := s.Apply(tx, 9); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
	if _, err := s.Apply(registry.Transaction{}, s.Version()); err == nil {
		t.Error("the same version again: applied")
	}
	if _, err := s.Apply(registry.Transaction{Delete: []string{"nobody"}}, 9); err != nil {
		t.Errorf("deleting what isn't there: %v", err)
	}
}

func TestSites(t *testing.T) {
	a, b := channel(1), channel(2)
	a.Site, b.Site = "xiamen/siming/a", "xiamen/huli"
	s := apply(t, registry.Empty(), registry.Transaction{
		Put:   []registry.Channel{a, b},
		Sites: []registry.Site{{Path: "xiamen/siming", Name: "思明区"}, {Path: "quanzhou/jinjiang", Name: "晋江"}},
	})
	want := []registry.Site{
		{Path: "quanzhou", Name: "quanzhou"},
		{Path: "quanzhou/jinjiang", Name: "晋江"},
		{Path: "xiamen", Name: "xiamen"},
		{Path: "xiamen/huli", Name: "huli"},
		{Path: "xiamen/siming", Name: "思明区"},
		{Path: "xiamen/siming/a", Name: "a"},
	}
	if got := s.Sites(); !slices.Equal(got, want) {
		t.Errorf("Sites = %v, want %v", got, want)
	}
	for _, site := range want {
		if got, ok := s.Site(site.Path); !ok || got != site {
			t.Errorf("Site(%s) = %v, %v", site.Path, got, ok)
		}
	}
	if _, ok := s.Site("xia"); ok {
		t.Error("half a token is a site")
	}
	s = apply(t, s, registry.Transaction{Delete: []string{a.ID}, DeleteSites: []string{"xiamen/siming", "nowhere"},
		Sites: []registry.Site{{Path: "xiamen/huli", Name: "湖里区"}}})
	want = []registry.Site{want[0], want[1], want[2], {Path: "xiamen/huli", Name: "湖里区"}}
	if got := s.Sites(); !slices.Equal(got, want) {
		t.Errorf("Sites = %v, want %v", got, want)
	}
}

func TestPlan(t *testing.T) {
	old := channels(5)
	s := snapshot(t, old)

	in := channels(5)
	for i := range in {
		in[i].Password = "" // as an export leaves it
	}
	tx, n := registry.Plan(s, in, true)
	if !tx.Empty() || n != (registry.Counts{Unchanged: 5}) {
		t.Errorf("the same again: %+v %+v", tx, n)
	}

	in[0].Name = "renamed"
	in[1].Password = "new"
	in[2].Username = "other" // the old password isn't this user's
	in = append(in[:4], channel(7))
	tx, n = registry.Plan(s, in, true)
	if n != (registry.Counts{Created: 1, Updated: 3, Unchanged: 1, Deleted: 1}) {
		t.Errorf("counts %+v", n)
	}
	if !slices.Equal(ids(tx.Put), []string{in[0].ID, in[1].ID, in[2].ID, in[4].ID}) || !slices.Equal(tx.Delete, []string{old[4].ID}) {
		t.Errorf("put %v, delete %v", ids(tx.Put), tx.Delete)
	}
	for i, want := range []registry.Secret{"sesame-0", "new", "", "sesame-7"} {
		if got := tx.Put[i].Password; got.Reveal() != want.Reveal() {
			t.Errorf("put %d has the password %q, want %q", i, got.Reveal(), want.Reveal())
		}
	}
	if _, n := registry.Plan(s, in[:1], false); n.Deleted != 0 {
		t.Error("deleted without prune")
	}
}

func TestErrorsAreSentinels(t *testing.T) {
	var err error = &registry.NotFoundError{What: "channel", ID: "a"}
	if !errors.Is(err, registry.ErrNotFound) || err.Error() != "no channel a" {
		t.Errorf("%v", err)
	}
	err = &registry.ConflictError{What: "channel a", Expected: "1", Actual: "2"}
	if !errors.Is(err, registry.ErrConflict) {
		t.Errorf("%v", err)
	}
}

func TestStatuses(t *testing.T) {
	var st registry.Statuses
	c := channel(1)
	if got := st.Get(c.ID).State; got != event.Unknown {
		t.Errorf("nothing heard: %s", got)
	}
	st.Set(c.ID, registry.Status{State: event.Offline, Reason: event.ConnectRefused})
	if got := st.StatusOf(c); got.State != event.Offline || got.Reason != event.ConnectRefused {
		t.Errorf("got %+v", got)
	}
	c.Enabled = false
	if got := st.StatusOf(c); got.State != event.Disabled || got.Reason != "" {
		t.Errorf("disabled, got %+v", got)
	}
	c.Enabled = true
	st.Set(c.ID, registry.Status{State: event.Disabled})
	if got := st.StatusOf(c).State; got != event.Unknown {
		t.Errorf("enabled again, got %s", got)
	}
	n := 0
	for id, s := range st.Range() {
		if n++; id != c.ID || s.State != event.Disabled {
			t.Errorf("range gives %s %+v", id, s)
		}
	}
	st.Delete(c.ID)
	if n != 1 || st.Get(c.ID).State != event.Unknown {
		t.Error("not deleted")
	}
}
