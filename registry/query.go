package registry

import (
	"iter"
	"slices"
	"strings"

	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

// Query says which channels are meant, and which page of them. Its zero value means all of them,
// the first page, by id.
type Query struct {
	Classes   []Class       // any of
	Scenarios []string      // any of
	Site      string        // a site and all that lies in it
	States    []event.State // any of
	Tags      []string      // any of
	Text      string        // in id or name, in either case
	BBox      *geo.Box      // has a position in it

	Sort   string // id (default), name or site; "-" before it for descending
	Limit  int    // of a page; 0 means DefaultLimit
	Cursor string // Next of the page before
}

// The bounds of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Matches reports whether the query means the channel. Without statuses every enabled channel is
// unknown.
func (q Query) Matches(c Channel, st *Statuses) bool {
	e := entry{ch: c, id: strings.ToLower(c.ID), name: strings.ToLower(c.Name)}
	return q.matches(&e, strings.ToLower(q.Text), st)
}

// matches decides in full; text is q.Text in lower case.
func (q *Query) matches(e *entry, text string, st *Statuses) bool {
	c := &e.ch
	return (len(q.Classes) == 0 || slices.Contains(q.Classes, c.Class)) &&
		(len(q.Scenarios) == 0 || slices.Contains(q.Scenarios, c.Scenario)) &&
		within(c.Site, q.Site) &&
		(q.BBox == nil || c.Lon != nil && c.Lat != nil && q.BBox.Contains(geo.Point{Lon: *c.Lon, Lat: *c.Lat})) &&
		(len(q.Tags) == 0 || slices.ContainsFunc(q.Tags, func(t string) bool { return slices.Contains(c.Tags, t) })) &&
		(text == "" || strings.Contains(e.id, text) || strings.Contains(e.name, text)) &&
		(len(q.States) == 0 || slices.Contains(q.States, st.of(c).State))
}

// within reports whether the path is the site or lies in it.
func within(path, site string) bool {
	return site == "" || strings.HasPrefix(path, site) && (len(path) == len(site) || path[len(site)] == '/')
}

// Matching is every channel that the query means, in the order of ids, whatever its page and sort.
func (s *Snapshot) Matching(q Query, st *Statuses) iter.Seq[Channel] {
	return func(yield func(Channel) bool) {
		for _, e := range s.matching(&q, st) {
			if !yield(e.ch) {
				return
			}
		}
	}
}

// matching is the index and the entry of every channel that the query means, in the order of ids.
func (s *Snapshot) matching(q *Query, st *Statuses) iter.Seq2[int, *entry] {
	text := strings.ToLower(q.Text)
	first := s.firstLook(q)
	if len(q.Tags)+len(text)+len(q.States) == 0 && q.BBox == nil { // the facets say it all
		return func(yield func(int, *entry) bool) {
			for i := range s.facets {
				if first.passes(&s.facets[i]) && !yield(i, s.entries[i]) {
					return
				}
			}
		}
	}
	return func(yield func(int, *entry) bool) {
		for i := range s.facets {
			if first.passes(&s.facets[i]) && q.matches(s.entries[i], text, st) && !yield(i, s.entries[i]) {
				return
			}
		}
	}
}

// look is a query turned into what a facet can be compared with.
type look struct {
	classes   [256]bool
	sites     []bool // by number; nil for all
	scenarios []bool
	box       *[4]float32
}

func (s *Snapshot) firstLook(q *Query) *look {
	var l look
	for c := range l.classes {
		l.classes[c] = len(q.Classes) == 0
	}
	for _, c := range q.Classes {
		l.classes[c] = true
	}
	if q.Site != "" {
		l.sites = make([]bool, len(s.sites.list))
		for i, path := range s.sites.list {
			l.sites[i] = within(path, q.Site)
		}
	}
	if len(q.Scenarios) > 0 {
		l.scenarios = make([]bool, len(s.scenarios.list))
		for i, scenario := range s.scenarios.list {
			l.scenarios[i] = slices.Contains(q.Scenarios, scenario)
		}
	}
	if b := q.BBox; b != nil {
		l.box = &[4]float32{float32(b.MinLon), float32(b.MinLat), float32(b.MaxLon), float32(b.MaxLat)}
	}
	return &l
}

// passes is false only for what the query can't mean. Rounding keeps the order of numbers, so that
// a position in the box is in the rounded box too.
func (l *look) passes(f *facet) bool {
	return l.classes[f.class] &&
		(l.sites == nil || l.sites[f.site]) &&
		(l.scenarios == nil || l.scenarios[f.scenario]) &&
		(l.box == nil || f.lon >= l.box[0] && f.lat >= l.box[1] && f.lon <= l.box[2] && f.lat <= l.box[3])
}
