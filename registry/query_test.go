package registry_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

// someStatuses gives the channels states in turn.
func someStatuses(list []registry.Channel) *registry.Statuses {
	var st registry.Statuses
	for i, c := range list {
		switch i % 4 {
		case 0, 1:
			st.Set(c.ID, registry.Status{State: event.Online})
		case 2:
			st.Set(c.ID, registry.Status{State: event.Offline})
		}
	}
	return &st
}

var queries = map[string]registry.Query{
	"all":       {},
	"class":     {Classes: []registry.Class{registry.PublicPlaces, registry.OtherClass}},
	"scenario":  {Scenarios: []string{"campus", "nothing"}},
	"site":      {Site: "xiamen/siming"},
	"half site": {Site: "xiamen/sim"},
	"state":     {States: []event.State{event.Offline, event.Disabled}},
	"tag":       {Tags: []string{"batch3", "batch4"}},
	"text":      {Text: "GATE 3"},
	"Chinese":   {Text: "山路 12"},
	"id":        {Text: "3502030300132"},
	"box":       {BBox: &geo.Box{MinLon: 118.05, MinLat: 24.39, MaxLon: 118.1, MaxLat: 24.41}},
	"several": {Classes: []registry.Class{registry.Shared}, Site: "xiamen", Text: "gate", States: []event.State{event.Online},
		Tags: []string{"gate"}, BBox: &geo.Box{MinLon: 118, MinLat: 24, MaxLon: 119, MaxLat: 25}},
}

func TestQueryMeansWhatMatchesSays(t *testing.T) {
	list := channels(2000)
	list[7].Lon, list[7].Lat = nil, nil
	s, st := snapshot(t, list), someStatuses(list)
	sorted := slices.Collect(s.All())
	for name, q := range queries {
		var want []string
		for _, c := range sorted {
			if q.Matches(c, st) {
				want = append(want, c.ID)
			}
		}
		if name != "half site" && len(want) == 0 {
			t.Errorf("%s: the test finds nothing", name)
		}
		if got := ids(slices.Collect(s.Matching(q, st))); !slices.Equal(got, want) {
			t.Errorf("%s: %d found, want %d", name, len(got), len(want))
		}
		q.Limit = 10
		page, err := s.Query(q, st)
		if err != nil || page.Total != len(want) || !slices.Equal(ids(page.Items), want[:min(10, len(want))]) {
			t.Errorf("%s: page %v of %d, %v", name, ids(page.Items), page.Total, err)
		}
		for i, c := range page.Items {
			if page.Statuses[i] != st.StatusOf(c) {
				t.Errorf("%s: status %d is %+v", name, i, page.Statuses[i])
			}
		}
	}
}

func TestPagesInEveryOrder(t *testing.T) {
	list := channels(500)
	s := snapshot(t, list)
	for _, sort := range []string{"", "id", "-id", "name", "-name", "site", "-site"} {
		for _, limit := range []int{1, 7, 499, 500, 501} {
			var got []registry.Channel
			q := registry.Query{Sort: sort, Limit: limit}
			for {
				page, err := s.Query(q, nil)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != 500 || len(page.Items) > limit {
					t.Fatalf("%s: %d items of %d", sort, len(page.Items), page.Total)
				}
				got = append(got, page.Items...)
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			key := func(c registry.Channel) string {
				switch strings.TrimPrefix(sort, "-") {
				case "name":
					return strings.ToLower(c.Name) + c.ID
				case "site":
					return strings.ReplaceAll(c.Site, "/", "\x00") + "\x00" + c.ID
				}
				return c.ID
			}
			inOrder := slices.IsSortedFunc(got, func(a, b registry.Channel) int {
				if strings.HasPrefix(sort, "-") {
					a, b = b, a
				}
				return strings.Compare(key(a), key(b))
			})
			if !inOrder || len(got) != 500 {
				t.Errorf("sort=%s limit=%d: %d channels, in order: %v", sort, limit, len(got), inOrder)
			}
		}
	}
}

// While someone pages, channels come and go; those that were there all the time are seen once.
func TestPagesWhileTheRegistryChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, sort := range []string{"id", "-id", "name", "site"} {
		s := snapshot(t, channels(300))
		seen := map[string]int{}
		gone := map[string]bool{}
		q := registry.Query{Sort: sort, Limit: 20}
		for {
			page, err := s.Query(q, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Items {
				seen[c.ID]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			// The last item of the page, too, may be gone.
			var tx registry.Transaction
			for _, id := range []string{page.Items[len(page.Items)-1].ID, channel(random.IntN(300)).ID} {
				if !gone[id] {
					gone[id] = true
					tx.Delete = append(tx.Delete, id)
				}
			}
			tx.Put = append(tx.Put, channel(1000+random.IntN(1_000_000)))
			s = apply(t, s, tx)
		}
		for _, c := range channels(300) {
			if n := seen[c.ID]; n > 1 || n == 0 && !gone[c.ID] {
				t.Errorf("sort=%s: %s was seen %d times", sort, c.ID, n)
			}
		}
	}
}

func TestQueryRefuses(t *testing.T) {
	s := snapshot(t, channels(10))
	page, err := s.Query(registry.Query{Sort: "name", Limit: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []registry.Query{
		{Sort: "colour"}, {Sort: "-"}, {Cursor: "!"}, {Cursor: "YQ"}, {Cursor: page.Next}, {Cursor: page.Next, Sort: "-name"},
	} {
		if _, err := s.Query(q, nil); err == nil {
			t.Errorf("%+v: answered", q)
		}
	}
}

func TestParseQuery(t *testing.T) {
	v, _ := url.ParseQuery("class=1,2&class=9&scenario=campus&site=xiamen/siming/&state=online,offline&tag=gate&q=+North+&bbox=118,24,118.5,25&sort=-name&limit=7&format=csv&class=")
	got, err := registry.ParseQuery(v, "format")
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Query{
		Classes: []registry.Class{1, 2, 9}, Scenarios: []string{"campus"}, Site: "xiamen/siming",
		States: []event.State{event.Online, event.Offline}, Tags: []string{"gate"}, Text: "North",
		BBox: &geo.Box{MinLon: 118, MinLat: 24, MaxLon: 118.5, MaxLat: 25}, Sort: "-name", Limit: 7,
	}
	if fmt.Sprintf("%+v", *got.BBox) != fmt.Sprintf("%+v", *want.BBox) {
		t.Errorf("box %+v", got.BBox)
	}
	got.BBox, want.BBox = nil, nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for query, want := range map[string]string{
		"class=5":                `class "5": must be 1`,
		"class=x":                `class "x"`,
		"class=257":              `class "257"`,
		"scenario=Campus":        `scenario "Campus"`,
		"site=a//b":              `site "a//b"`,
		"site=*":                 `site "*"`,
		"site=a&site=b":          `site "b": may be given once`,
		"state=up":               `state "up": must be online`,
		"tag=a;b":                `tag`,
		"bbox=1,2,3":             `bbox "1,2,3": must be minlon`,
		"bbox=3,2,1,4":           `bbox`,
		"bbox=NaN,2,3,4":         `bbox`,
		"limit=0":                `limit "0": must be a whole number from 1 to 1000`,
		"limit=1001":             `limit "1001"`,
		"sort=colour":            `sort "colour"`,
		"cursor=zz":              `cursor "zz"`,
		"clas=1":                 `clas: unknown parameter; there are class`,
		"class=5&state=up":       `class "5": must be 1 (public places), 2 (key places), 3 (shared) or 9 (other); state "up"`,
		"limit=9999999999999999": `limit`,
	} {
		v, _ := url.ParseQuery(strings.ReplaceAll(query, ";", "%3B"))
		if _, err := registry.ParseQuery(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

func TestStats(t *testing.T) {
	list := channels(1200)
	s, st := snapshot(t, list), someStatuses(list)
	got := s.Stats([]string{"class", "site"}, registry.Query{Scenarios: []string{"campus"}}, st)

	var total, sum registry.Tally
	for _, g := range got.Groups {
		var want registry.Tally
		for _, c := range list {
			if c.Class != g.Class || c.Site != g.Site || c.Scenario != "campus" {
				continue
			}
			want.Total++
			switch st.StatusOf(c).State {
			case event.Online:
				want.Online++
			case event.Offline:
				want.Offline++
			case event.Unknown:
				want.Unknown++
			case event.Disabled:
				want.Disabled++
			}
		}
		if n := want.Total - want.Disabled; n > 0 {
			want.OnlineRate = float64(want.Online) / float64(n)
		}
		if g.Tally != want || g.Scenario != "" {
			t.Errorf("class %d of %s: %+v, want %+v", g.Class, g.Site, g.Tally, want)
		}
		sum.Total += g.Total
		sum.Online += g.Online
		sum.Disabled += g.Disabled
	}
	total = got.Total
	if len(got.Groups) < 10 || total.Total != sum.Total || total.Online != sum.Online || total.Disabled != sum.Disabled {
		t.Errorf("%d groups, total %+v, sum %+v", len(got.Groups), total, sum)
	}

	got = s.Stats([]string{"class"}, registry.Query{Classes: []registry.Class{2}}, st)
	j, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"by":["class"],"groups":[{"class":2,"total":400,"online":196,"degraded":0,"offline":96,"unknown":100,"disabled":8,"online_rate":0.5}],` +
		`"total":{"total":400,"online":196,"degraded":0,"offline":96,"unknown":100,"disabled":8,"online_rate":0.5}}`
	if string(j) != want {
		t.Errorf("got  %s\nwant %s", j, want)
	}
	got = s.Stats(nil, registry.Query{}, nil)
	if len(got.Groups) != 0 || got.Total.Total != 1200 || got.Total.Unknown != 1176 {
		t.Errorf("ungrouped: %+v", got)
	}
}

func TestSiteTallies(t *testing.T) {
	list := channels(1200)
	s, st := snapshot(t, list), someStatuses(list)
	got := s.SiteTallies(registry.Query{Classes: []registry.Class{1}}, st)
	if len(got) != len(s.Sites()) {
		t.Errorf("%d sites, want %d", len(got), len(s.Sites()))
	}
	for _, site := range got {
		want := s.Stats(nil, registry.Query{Classes: []registry.Class{1}, Site: site.Path}, st).Total
		if site.Tally != want {
			t.Errorf("%s: %+v, want %+v", site.Path, site.Tally, want)
		}
	}
}

func TestParseBy(t *testing.T) {
	if by, err := registry.ParseBy("class, site,class"); err != nil || !slices.Equal(by, []string{"class", "site"}) {
		t.Errorf("%v %v", by, err)
	}
	if by, err := registry.ParseBy(""); err != nil || by == nil || len(by) != 0 {
		t.Errorf("%v %v", by, err)
	}
	if _, err := registry.ParseBy("class,colour"); err == nil || !strings.Contains(err.Error(), `by "colour"`) {
		t.Error(err)
	}
}
