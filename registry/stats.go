package registry

import (
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Tally counts channels by state.
type Tally struct {
	Total    int `json:"total"`
	Online   int `json:"online"`
	Degraded int `json:"degraded"`
	Offline  int `json:"offline"`
	Unknown  int `json:"unknown"`
	Disabled int `json:"disabled"`
	// Maintenance is how many of the offline and unknown ones are so while a window of maintenance is
	// open for them, which is nobody's failure.
	Maintenance int `json:"maintenance,omitempty"`
	// OnlineRate is the part, 0 to 1, of the channels that are expected to give a picture and do:
	// (online + degraded) / (total - disabled - maintenance); 0 when none is expected to.
	OnlineRate float64 `json:"online_rate"`
}

// merge adds another tally's counts.
func (t *Tally) merge(o *Tally) {
	t.Total += o.Total
	t.Online += o.Online
	t.Degraded += o.Degraded
	t.Offline += o.Offline
	t.Unknown += o.Unknown
	t.Disabled += o.Disabled
	t.Maintenance += o.Maintenance
}

// rate sets OnlineRate.
func (t *Tally) rate() {
	t.OnlineRate = 0
	if counted := t.Total - t.Disabled - t.Maintenance; counted > 0 {
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
	t := table{sites: 1, scenarios: 1}
	if bySite {
		t.sites = max(len(s.sites.list), 1)
	}
	if byScenario {
		t.scenarios = max(len(s.scenarios.list), 1)
	}
	s.fill(&t, byClass, &q, st)

	var total Tally
	answer := Stats{By: by, Groups: []Group{}}
	sites, scenarios := []int{0}, []int{0}
	if bySite {
		sites = s.sitesByPath()
	}
	if byScenario {
		scenarios = s.scenariosByName()
	}
	for class := range t.classes {
		if t.classes[class] == nil {
			continue
		}
		for _, site := range sites {
			row := t.row(Class(class), site)
			if row == nil {
				continue
			}
			for _, scenario := range scenarios {
				tally := row[scenario].tally()
				if tally.Total == 0 {
					continue
				}
				total.merge(&tally)
				if !byClass && !bySite && !byScenario {
					continue
				}
				g := Group{Class: Class(class), Tally: tally}
				if bySite {
					g.Site = s.sites.list[site]
				}
				if byScenario {
					g.Scenario = s.scenarios.list[scenario]
				}
				g.rate()
				answer.Groups = append(answer.Groups, g)
			}
		}
	}
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
	in := make([]counts, len(s.sites.list))
	l := s.look(&q, st)
	expected := s.maintained(time.Now())
	for n, c := range s.chunks {
		found := l.among(c)
		for code, of := range c.counted(st, expected, n) {
			of.keep(&found)
			for w, word := range of {
				for ; word != 0; word &= word - 1 {
					in[c.facets[w<<6+bits.TrailingZeros64(word)].site][code]++
				}
			}
		}
	}
	p := s.allPlaces()
	all := make([]SiteTally, len(p.sites))
	for i, site := range p.sites {
		all[i].Site = site
	}
	for n := range in {
		if at := p.at[n]; at >= 0 {
			all[at].Tally = in[n].tally()
		}
	}
	for i := len(all) - 1; i >= 0; i-- { // what lies in a site stands after it
		if up := p.parent[i]; up >= 0 {
			all[up].merge(&all[i].Tally)
		}
		all[i].rate()
	}
	return all
}

// fill counts the channels that the query means.
func (s *Snapshot) fill(t *table, byClass bool, q *Query, st *Statuses) {
	l := s.look(q, st)
	expected := s.maintained(time.Now())
	for n, c := range s.chunks {
		found := l.among(c)
		for code, of := range c.counted(st, expected, n) {
			of.keep(&found)
			if t.sites == 1 && t.scenarios == 1 { // whole sets at once
				for _, class := range c.classes {
					both := class.of
					both.keep(&of)
					if n := both.len(); n > 0 {
						t.at(t.class(byClass, class.class), 0, 0)[code] += uint32(n)
					}
				}
				continue
			}
			for w, word := range of {
				for ; word != 0; word &= word - 1 {
					f := &c.facets[w<<6+bits.TrailingZeros64(word)]
					t.at(t.class(byClass, f.class), min(int(f.site), t.sites-1), min(int(f.scenario), t.scenarios-1))[code]++
				}
			}
		}
	}
}
