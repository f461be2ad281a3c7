package registry

import (
	"cmp"
	"slices"
	"strings"

	"sharpeyes/registry/event"
)

// Tally counts channels by state.
type Tally struct {
	Total    int `json:"total"`
	Online   int `json:"online"`
	Degraded int `json:"degraded"`
	Offline  int `json:"offline"`
	Unknown  int `json:"unknown"`
	Disabled int `json:"disabled"`
	// OnlineRate is the part, 0 to 1, of the channels that aren't disabled which give a picture:
	// (online + degraded) / (total - disabled); 0 when all are disabled.
	OnlineRate float64 `json:"online_rate"`
}

// add counts one channel in the state.
func (t *Tally) add(state event.State) {
	t.Total++
	switch state {
	case event.Online:
		t.Online++
	case event.Degraded:
		t.Degraded++
	case event.Offline:
		t.Offline++
	case event.Disabled:
		t.Disabled++
	default:
		t.Unknown++
	}
}

// merge adds another tally's counts.
func (t *Tally) merge(o *Tally) {
	t.Total += o.Total
	t.Online += o.Online
	t.Degraded += o.Degraded
	t.Offline += o.Offline
	t.Unknown += o.Unknown
	t.Disabled += o.Disabled
}

// rate sets OnlineRate.
func (t *Tally) rate() {
	t.OnlineRate = 0
	if counted := t.Total - t.Disabled; counted > 0 {
		t.OnlineRate = float64(t.Online+t.Degraded) / float64(counted)
	}
}

// Group is the tally of the channels that have the same values of what was grouped by; what wasn't
// asked for is zero and absent from JSON.
type Group struct {
	Class    Class  `json:"class,omitempty"`
	Site     string `json:"site,omitempty"`
	Scenario string `json:"scenario,omitempty"`
	Tally
}

// Stats is a count of the city.
type Stats struct {
	By     []string `json:"by"`
	Groups []Group  `json:"groups"` // by class, then site, then scenario
	Total  Tally    `json:"total"`
}

// ParseBy reads what to group by: class, site and scenario, joined by commas. Empty means no
// groups, only the total. The error is FieldErrors.
func ParseBy(by string) ([]string, error) {
	list := []string{}
	for s := range strings.SplitSeq(by, ",") {
		switch s = strings.TrimSpace(s); {
		case s == "" || slices.Contains(list, s):
		case s != "class" && s != "site" && s != "scenario":
			return nil, FieldErrors{{"by", shorten(s), "must be class, site or scenario, or several joined by commas"}}
		default:
			list = append(list, s)
		}
	}
	return list, nil
}

// Stats counts the channels that the query means, in groups by any of class, site and scenario
// (ParseBy); other words are left out of account.
func (s *Snapshot) Stats(by []string, q Query, st *Statuses) Stats {
	byClass, bySite, byScenario := slices.Contains(by, "class"), slices.Contains(by, "site"), slices.Contains(by, "scenario")
	type key struct {
		class          Class
		site, scenario uint32
	}
	groups := map[key]*Tally{}
	var total Tally
	var last key
	var tally *Tally
	for i, e := range s.matching(&q, st) {
		f := &s.facets[i]
		var k key
		if byClass {
			k.class = f.class
		}
		if bySite {
			k.site = f.site
		}
		if byScenario {
			k.scenario = f.scenario
		}
		if tally == nil || k != last { // neighbours by id are often of one group
			if tally = groups[k]; tally == nil {
				tally = new(Tally)
				groups[k] = tally
			}
			last = k
		}
		tally.add(st.of(&e.ch).State)
	}
	answer := Stats{By: by, Groups: []Group{}}
	for k, t := range groups {
		total.merge(t)
		if !byClass && !bySite && !byScenario {
			continue
		}
		g := Group{Class: k.class, Tally: *t}
		if bySite {
			g.Site = s.sites.list[k.site]
		}
		if byScenario {
			g.Scenario = s.scenarios.list[k.scenario]
		}
		g.rate()
		answer.Groups = append(answer.Groups, g)
	}
	slices.SortFunc(answer.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), comparePaths(a.Site, b.Site), cmp.Compare(a.Scenario, b.Scenario))
	})
	total.rate()
	answer.Total = total
	return answer
}

// SiteTally is a site with the channels in it and in all that lies in it.
type SiteTally struct {
	Site
	Tally
}

// SiteTallies is Sites with their counts, over the channels that the query means. Sites without
// any such channel are there too, with zeros.
func (s *Snapshot) SiteTallies(q Query, st *Statuses) []SiteTally {
	tallies := make([]Tally, len(s.sites.list))
	for i, e := range s.matching(&q, st) {
		tallies[s.facets[i].site].add(st.of(&e.ch).State)
	}
	sites := s.Sites()
	all := make([]SiteTally, len(sites))
	index := make(map[string]int, len(sites))
	for i, site := range sites {
		all[i].Site = site
		index[site.Path] = i
	}
	for n := range tallies {
		if tallies[n].Total == 0 {
			continue
		}
		for path := s.sites.list[n]; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
			all[index[path]].merge(&tallies[n])
		}
	}
	for i := range all {
		all[i].rate()
	}
	return all
}
