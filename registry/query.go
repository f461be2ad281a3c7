package registry

import (
	"iter"
	"math/bits"
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
	text := strings.ToLower(q.Text)
	return (len(q.Classes) == 0 || slices.Contains(q.Classes, c.Class)) &&
		(len(q.Scenarios) == 0 || slices.Contains(q.Scenarios, c.Scenario)) &&
		within(c.Site, q.Site) &&
		(q.BBox == nil || c.in(q.BBox)) &&
		(len(q.Tags) == 0 || slices.ContainsFunc(q.Tags, func(t string) bool { return slices.Contains(c.Tags, t) })) &&
		(text == "" || strings.Contains(strings.ToLower(c.ID), text) || strings.Contains(strings.ToLower(c.Name), text)) &&
		(len(q.States) == 0 || slices.Contains(q.States, st.of(&c).State))
}

func (c *Channel) in(b *geo.Box) bool {
	return c.Lon != nil && c.Lat != nil && b.Contains(geo.Point{Lon: *c.Lon, Lat: *c.Lat})
}

// within reports whether the path is the site or lies in it.
func within(path, site string) bool {
	return site == "" || strings.HasPrefix(path, site) && (len(path) == len(site) || path[len(site)] == '/')
}

// Matching is every channel that the query means, in the order of ids, whatever its page and sort.
func (s *Snapshot) Matching(q Query, st *Statuses) iter.Seq[Channel] {
	return func(yield func(Channel) bool) {
		l := s.look(&q, st)
		for _, c := range s.chunks {
			found := l.among(c)
			if !found.each(func(i int) bool { return yield(*c.channels[i]) }) {
				return
			}
		}
	}
}

// look is a query turned into what chunks can be compared with.
type look struct {
	faceted   bool // any of the next four asks for something
	classes   [256]bool
	sites     []bool // by number; nil for all
	scenarios []bool
	box       *geo.Box
	rounded   [4]float32 // box

	tags   []string
	text   string // in lower case
	states uint32 // a bit for each code; 0 for all
	st     *Statuses
}

func (s *Snapshot) look(q *Query, st *Statuses) *look {
	l := &look{
		faceted: len(q.Classes)+len(q.Scenarios) > 0 || q.Site != "" || q.BBox != nil,
		box:     q.BBox, tags: q.Tags, text: strings.ToLower(q.Text), st: st,
	}
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
		l.rounded = [4]float32{float32(b.MinLon), float32(b.MinLat), float32(b.MaxLon), float32(b.MaxLat)}
	}
	for _, state := range q.States {
		if slices.Contains(stateNames, state) {
			l.states |= 1 << stateCode(state)
		}
	}
	if len(q.States) > 0 && l.states == 0 {
		l.states = 1 << codeGone // no channel has it
	}
	return l
}

// among is the channels of the chunk that the query means.
func (l *look) among(c *chunk) set {
	var found set
	if l.faceted {
		for i := range c.facets {
			if f := &c.facets[i]; l.passes(f) && (l.box == nil || l.inBox(f, c.channels[i])) {
				found.add(i)
			}
		}
	} else {
		found = firstOf(len(c.channels))
	}
	if len(l.tags) > 0 && found != (set{}) {
		tagged := c.tagged()
		var with set
		for _, tag := range l.tags {
			one := tagged[tag]
			with.join(&one)
		}
		found.keep(&with)
	}
	if l.text != "" && found != (set{}) {
		found = c.having(l.text, found)
	}
	if l.states != 0 && found != (set{}) {
		states := c.states(l.st)
		for w, word := range found {
			for ; word != 0; word &= word - 1 {
				if i := w<<6 + bits.TrailingZeros64(word); l.states&(1<<states.at(i)) == 0 {
					found.remove(i)
				}
			}
		}
	}
	return found
}

// passes asks for everything that facets hold but the position.
func (l *look) passes(f *facet) bool {
	return l.classes[f.class] &&
		(l.sites == nil || l.sites[f.site]) &&
		(l.scenarios == nil || l.scenarios[f.scenario])
}

// inBox decides with the rounded position, which keeps the order of numbers, and asks for the
// position itself only where rounding may have moved it across an edge.
func (l *look) inBox(f *facet, c *Channel) bool {
	b := &l.rounded
	if f.lon > b[0] && f.lat > b[1] && f.lon < b[2] && f.lat < b[3] {
		return true
	}
	return f.lon >= b[0] && f.lat >= b[1] && f.lon <= b[2] && f.lat <= b[3] && c.in(l.box)
}
