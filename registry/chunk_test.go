package registry

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

// randomChannel has an id out of few, so that a transaction creates, edits and deletes.
func randomChannel(r *rand.Rand) Channel {
	n := r.IntN(3000)
	c := Channel{
		ID: fmt.Sprintf("Cam-%04d", n), Name: []string{"路口", "Gate ", "中山路", "x"}[r.IntN(4)] + fmt.Sprint(r.IntN(50)),
		Class: []Class{1, 2, 3, 9}[r.IntN(4)], Site: fmt.Sprintf("a/b%d", r.IntN(5)), Scenario: []string{"campus", "traffic"}[r.IntN(2)],
		URL: "rtsp://h/", Transport: "auto", Motion: "auto", Enabled: r.IntN(10) > 0,
	}
	if r.IntN(3) > 0 {
		lon, lat := float64(r.IntN(10))/10, float64(r.IntN(10))/10
		c.Lon, c.Lat = &lon, &lat
	}
	if r.IntN(2) > 0 {
		c.Tags = []string{fmt.Sprintf("t%d", r.IntN(4))}
	}
	return c
}

func randomQuery(r *rand.Rand) Query {
	var q Query
	q.Sort = []string{"", "id", "-id", "name", "-name", "site", "-site"}[r.IntN(7)]
	q.Limit = 1 + r.IntN(300)
	if r.IntN(3) == 0 {
		q.Classes = []Class{1, 9}
	}
	if r.IntN(3) == 0 {
		q.Site = []string{"a", "a/b1", "a/b", "z"}[r.IntN(4)]
	}
	if r.IntN(3) == 0 {
		q.Scenarios = []string{"campus"}
	}
	if r.IntN(3) == 0 {
		q.States = []event.State{[]event.State{event.Online, event.Offline, event.Unknown, event.Disabled, "none"}[r.IntN(5)], event.Degraded}
	}
	if r.IntN(3) == 0 {
		q.Tags = []string{"t1", "t3"}
	}
	if r.IntN(3) == 0 {
		q.Text = []string{"路", "GATE", "中山路1", "cam-01", "e 2", "-", "nothing", "1\x00"}[r.IntN(8)]
	}
	if r.IntN(3) == 0 {
		q.BBox = &geo.Box{MinLon: 0.1, MinLat: 0.3, MaxLon: 0.5, MaxLat: 0.9}
	}
	return q
}

// Whatever transactions come, chunks stay of a good size and in order, and queries answer as a walk
// over all channels would.
func TestChunksAgainstAPlainMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s, plain, st := Empty(), map[string]Channel{}, &Statuses{}
	for round := range 60 {
		var tx Transaction
		touched := map[string]bool{}
		n := []int{1, 1, 1, 30, 400, 2000}[r.IntN(6)]
		for range n {
			c := randomChannel(r)
			if touched[c.ID] {
				continue
			}
			touched[c.ID] = true
			if r.IntN(5) < 2 {
				tx.Delete = append(tx.Delete, c.ID)
				delete(plain, c.ID)
				if r.IntN(2) == 0 {
					st.Delete(c.ID)
				}
			} else {
				tx.Put = append(tx.Put, c)
				plain[c.ID] = c
			}
		}
		var err error
		if s, err = s.Apply(tx, uint64(round+1)); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			st.Set(fmt.Sprintf("Cam-%04d", r.IntN(3000)), Status{State: stateNames[r.IntN(5)]})
		}
		checkChunks(t, s, plain)
		for range 4 {
			checkQuery(t, s, plain, randomQuery(r), st)
		}
	}
}

func checkChunks(t *testing.T, s *Snapshot, plain map[string]Channel) {
	t.Helper()
	if s.Len() != len(plain) {
		t.Fatalf("%d channels, want %d", s.Len(), len(plain))
	}
	last := ""
	for _, c := range s.chunks {
		if n := len(c.channels); n == 0 || n > chunkMost || n < chunkLeast && len(s.chunks) > 1 {
			t.Fatalf("a chunk of %d among %d", n, len(s.chunks))
		}
		if c.first != c.channels[0].ID {
			t.Fatalf("the first is %s, not %s", c.channels[0].ID, c.first)
		}
		for i, ch := range c.channels {
			if ch.ID <= last {
				t.Fatalf("%s after %s", ch.ID, last)
			}
			last = ch.ID
			if !Equal(*ch, plain[ch.ID]) || c.id(i) != strings.ToLower(ch.ID) || c.name(i) != strings.ToLower(ch.Name) {
				t.Fatalf("%+v, %q, %q", ch, c.id(i), c.name(i))
			}
			if got, ok := s.Get(ch.ID); !ok || !Equal(got, *ch) {
				t.Fatalf("Get(%s) is %+v", ch.ID, got)
			}
		}
	}
}

func checkQuery(t *testing.T, s *Snapshot, plain map[string]Channel, q Query, st *Statuses) {
	t.Helper()
	var want []Channel
	for _, id := range slices.Sorted(maps.Keys(plain)) {
		if q.Matches(plain[id], st) {
			want = append(want, plain[id])
		}
	}
	if got := slices.Collect(s.Matching(q, st)); !slices.EqualFunc(got, want, Equal) {
		t.Fatalf("%+v: %d match, want %d", q, len(got), len(want))
	}
	o, _ := orderOf(q.Sort)
	key := func(c Channel) place {
		switch o.by {
		case sortName:
			return place{strings.ToLower(c.Name), c.ID}
		case sortSite:
			return place{c.Site, c.ID}
		}
		return place{"", c.ID}
	}
	slices.SortFunc(want, func(a, b Channel) int { return o.compare(key(a), key(b)) })
	var got []Channel
	for {
		page, err := s.Query(q, st)
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != len(want) {
			t.Fatalf("%+v: the total is %d, want %d", q, page.Total, len(want))
		}
		got = append(got, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if !slices.EqualFunc(got, want, Equal) {
		t.Fatalf("%+v: the pages hold %d, want %d", q, len(got), len(want))
	}
	q.Cursor = ""
	tally := s.Stats(nil, q, st).Total
	var counted counts
	for _, c := range want {
		counted[stateCode(st.StatusOf(c).State)]++
	}
	expected := counted.tally()
	expected.rate()
	if tally != expected {
		t.Fatalf("%+v: %+v, want %+v", q, tally, expected)
	}
}

func TestChannelsThatStayAreShared(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var tx Transaction
	for n := range 5000 {
		c := randomChannel(r)
		c.ID = fmt.Sprintf("c%05d", n)
		tx.Put = append(tx.Put, c)
	}
	a, err := Empty().Apply(tx, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Apply(tx, 2) // all as they are
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.chunks, b.chunks) {
		t.Error("a transaction that changes nothing made chunks anew")
	}
	edited := tx.Put[2500]
	edited.Name = "other"
	b.allPlaces()
	c, err := b.Apply(Transaction{Put: []Channel{edited}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	other := 0
	for i := range c.chunks {
		if c.chunks[i] != b.chunks[i] {
			other++
		}
	}
	if other != 1 || c.places.Load() != b.places.Load() {
		t.Errorf("an edit made %d chunks anew", other)
	}
	edited.Site = "else/where"
	if c, err = c.Apply(Transaction{Put: []Channel{edited}}, 4); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Site("else"); !ok {
		t.Error("the new site isn't there")
	}
}
