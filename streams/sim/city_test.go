package sim

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/gbcode"
	"sharpeyes/streams"
)

const cityCameras = 62283

func testURL(i int, p streams.Profile) string {
	return fmt.Sprintf("rtsp://127.1.%d.%d:554/%s", i>>8, i&255, p)
}

func TestCityHasTheReferenceNumbers(t *testing.T) {
	channels, _ := City(cityCameras, testURL)
	byClass, byScenario, byDistrict := map[registry.Class]int{}, map[string]int{}, map[string]int{}
	for _, c := range channels {
		byClass[c.Class]++
		byScenario[c.Scenario]++
		byDistrict[strings.Split(c.Site, "/")[1]]++
	}
	if byClass[1] != 27461 || byClass[2] != 12799 || byClass[3] != 22023 {
		t.Errorf("by class: %v", byClass)
	}
	if len(byScenario) != 9 || len(byDistrict) != 6 {
		t.Errorf("by scenario: %v; by district: %v", byScenario, byDistrict)
	}
}

func TestCityIsSharedOutInProportion(t *testing.T) {
	for n, want := range map[int][3]int{1: {1, 0, 0}, 3: {1, 1, 1}, 100: {44, 21, 35}, 10: {4, 2, 4}} {
		got := map[registry.Class]int{}
		channels, _ := City(n, testURL)
		for _, c := range channels {
			got[c.Class]++
		}
		if got[1] != want[0] || got[2] != want[1] || got[3] != want[2] {
			t.Errorf("City(%d): %v, want %v", n, got, want)
		}
	}
	if channels, sites := City(0, testURL); channels != nil || sites != nil {
		t.Error("a city without cameras has something")
	}
}

func TestCityChannelsAreValid(t *testing.T) {
	channels, sites := City(cityCameras, testURL)
	described, ids, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range sites {
		if err := s.Validate(); err != nil {
			t.Fatalf("site %+v: %v", s, err)
		}
		if described[s.Path] {
			t.Errorf("site %s is there twice", s.Path)
		}
		described[s.Path] = true
	}
	missing := 0
	for i, c := range channels {
		if err := c.Validate(); err != nil {
			t.Fatalf("channel %d %s: %v", i, c.ID, err)
		}
		if ids[c.ID] || names[c.Name] {
			t.Fatalf("channel %d: %s %q is there twice", i, c.ID, c.Name)
		}
		ids[c.ID], names[c.Name] = true, true
		if !described[c.Site] {
			t.Fatalf("channel %d stands on an unknown site %s", i, c.Site)
		}
		if c.URL != testURL(i, streams.Main) || c.SubURL != testURL(i, streams.Sub) {
			t.Fatalf("channel %d has the URLs %s and %s", i, c.URL, c.SubURL)
		}
		code, err := gbcode.Parse(c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if scene := SceneOf(i); (code.Type == 132) != (scene.Codec == H265) || (c.Username != "") != scene.Locked || (c.Password.Reveal() == Password) != scene.Locked {
			t.Fatalf("channel %d %s doesn't agree with its camera's %+v", i, c.ID, scene)
		}
		if c.Class == 1 && (c.InstallTime == "" || c.Contact == "" || c.RecordDays == nil) {
			missing++
		}
	}
	if missing == 0 || missing > 3000 {
		t.Errorf("%d channels of class 1 lack something: want a few", missing)
	}
}

func TestCitySerialsHaveNoHoles(t *testing.T) {
	channels, _ := City(cityCameras, testURL)
	count, last := map[string]int{}, map[string]int{}
	for _, c := range channels {
		prefix := c.ID[:14]
		serial, err := strconv.Atoi(c.ID[14:])
		if err != nil {
			t.Fatal(err)
		}
		count[prefix]++
		last[prefix] = max(last[prefix], serial)
	}
	most, where := 0, ""
	for prefix, n := range count {
		if last[prefix] != n {
			t.Errorf("prefix %s: %d channels up to serial %d", prefix, n, last[prefix])
		}
		if n > most {
			most, where = n, prefix
		}
	}
	if most < 1000 {
		t.Errorf("the largest prefix %s has %d channels: load tools want 1,000 in a row", where, most)
	}
	t.Logf("%d prefixes, the largest %s with %d", len(count), where, most)
}

func TestCityStandsOnLand(t *testing.T) {
	lands := map[string]land{}
	for _, d := range xiamen() {
		lands["xiamen/"+d.token] = d.land
		for _, s := range d.streets {
			if !d.land.has(s.centre) {
				t.Errorf("the centre of %s is outside its district's land", s.token)
			}
		}
	}
	channels, _ := City(cityCameras, testURL)
	places := map[point]int{}
	for i, c := range channels {
		p := point{*c.Lon, *c.Lat}
		if district := strings.Join(strings.Split(c.Site, "/")[:2], "/"); !lands[district].has(p) {
			t.Fatalf("channel %d %s stands at %v, outside %s", i, c.ID, p, district)
		}
		places[p]++
	}
	if len(places) < cityCameras*9/10 {
		t.Errorf("%d places for %d channels", len(places), cityCameras)
	}
}

func TestCityIsTheSameAgain(t *testing.T) {
	one, sites := City(2000, testURL)
	two, again := City(2000, testURL)
	if len(sites) != len(again) {
		t.Errorf("%d sites, then %d", len(sites), len(again))
	}
	for i := range one {
		if one[i].ID != two[i].ID || one[i].Name != two[i].Name || *one[i].Lon != *two[i].Lon {
			t.Fatalf("channel %d is %+v, then %+v", i, one[i], two[i])
		}
	}
}

func BenchmarkCity(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		City(cityCameras, testURL)
	}
}
