package registry

import (
	"cmp"
	"slices"
)

// counts are numbers of channels by the code of their state, and of those that are counted as
// maintenance besides.
type counts [codes + 1]uint32

const codeMaintenance = codes

// counted is the channels of the chunk, the n-th of its snapshot, by what they count as.
func (c *chunk) counted(st *Statuses, maintained []set, n int) (by [codes + 1]set) {
	for code, of := range c.states(st) {
		by[code] = of
	}
	if maintained != nil {
		away := by[codeOffline]
		away.join(&by[codeUnknown])
		away.keep(&maintained[n])
		by[codeMaintenance] = away
	}
	return by
}

func (c *counts) tally() Tally {
	t := Tally{
		Online: int(c[codeOnline]), Degraded: int(c[codeDegraded]), Offline: int(c[codeOffline]),
		Unknown: int(c[codeUnknown]), Disabled: int(c[codeDisabled]), Maintenance: int(c[codeMaintenance]),
	}
	t.Total = t.Online + t.Degraded + t.Offline + t.Unknown + t.Disabled
	return t
}

// table has counts for each class, site and scenario, made where something is counted.
type table struct {
	sites, scenarios int
	classes          [256][][]counts // by class, site and scenario
}

// class is where channels of the class are counted.
func (t *table) class(byClass bool, c Class) Class {
	if byClass {
		return c
	}
	return 0
}

// at is the counts of a class, site and scenario; of what wasn't asked for there is one.
func (t *table) at(class Class, site, scenario int) *counts {
	if t.classes[class] == nil {
		t.classes[class] = make([][]counts, t.sites)
	}
	row := t.classes[class][site]
	if row == nil {
		row = make([]counts, t.scenarios)
		t.classes[class][site] = row
	}
	return &row[scenario]
}

// row is the counts of a site by scenario; nil when there are none.
func (t *table) row(class Class, site int) []counts { return t.classes[class][site] }

// sitesByPath is the numbers of the sites that channels name, in the order of their paths.
func (s *Snapshot) sitesByPath() []int {
	p := s.allPlaces()
	numbers := make([]int, len(p.sites)) // of each place, and one more
	for n, at := range p.at {
		if at >= 0 {
			numbers[at] = n + 1
		}
	}
	list := make([]int, 0, len(p.at))
	for _, n := range numbers {
		if n > 0 {
			list = append(list, n-1)
		}
	}
	return list
}

// scenariosByName is the numbers of the scenarios in the order of their names.
func (s *Snapshot) scenariosByName() []int {
	list := make([]int, len(s.scenarios.list))
	for i := range list {
		list[i] = i
	}
	slices.SortFunc(list, func(a, b int) int { return cmp.Compare(s.scenarios.list[a], s.scenarios.list[b]) })
	return list
}
