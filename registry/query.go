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
	Within    []Scope       // only what one of them covers; nil: all. It isn't part of what is asked, but of who asks.

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
	return (q.Within == nil || Covered(q.Within, &c)) &&
		(len(q.Classes) == 0 || slices.Contains(q.Classes, c.Class)) &&
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
	classes   []Class
	faceted   bool    // either of the next two asks for something
	sites     []uint8 // by number: 1 for those that are meant
	scenarios []uint8
	box       *geo.Box
	rounded   [4]float32 // box

	tags   []string
	text   string // in lower case
	states uint32 // a bit for each code; 0 for all
	st     *Statuses

	scoped bool
	scopes []*look // of which one must mean the channel, when scoped
}

func (s *Snapshot) look(q *Query, st *Statuses) *look {
	l := &look{
		classes: q.Classes, faceted: len(q.Scenarios) > 0 || q.Site != "",
		box: q.BBox, tags: q.Tags, text: strings.ToLower(q.Text), st: st,
	}
	if l.faceted {
		l.sites = make([]uint8, len(s.sites.list))
		for i, path := range s.sites.list {
			l.sites[i] = bit(within(path, q.Site))
		}
		l.scenarios = make([]uint8, len(s.scenarios.list))
		for i, scenario := range s.scenarios.list {
			l.scenarios[i] = bit(len(q.Scenarios) == 0 || slices.Contains(q.Scenarios, scenario))
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
		l.states = 1 << codes // no channel has it
	}
	l.scoped = q.Within != nil
	for _, scope := range q.Within {
		l.scopes = append(l.scopes, s.look(&Query{Classes: scope.Classes, Scenarios: scope.Scenarios, Site: scope.Site, Tags: scope.Tags}, st))
	}
	return l
}

// among is the channels of the chunk that the query means.
func (l *look) among(c *chunk) set {
	found := firstOf(len(c.channels))
	if l.scoped {
		var any set
		for _, scope := range l.scopes {
			covered := scope.among(c)
			any.join(&covered)
		}
		found.keep(&any)
	}
	if len(l.classes) > 0 {
		var any set
		for i := range c.classes {
			if slices.Contains(l.classes, c.classes[i].class) {
				any.join(&c.classes[i].of)
			}
		}
		found.keep(&any)
	}
	if l.faceted && found != (set{}) {
		l.byFacet(c, &found)
	}
	if l.box != nil && found != (set{}) {
		l.byPosition(c, &found)
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
		var any set
		for code := range codes {
			if l.states&(1<<code) != 0 {
				any.join(&states[code])
			}
		}
		found.keep(&any)
	}
	return found
}

// byFacet keeps what site and scenario of the query mean. It has no branches that a processor
// could guess wrong.
func (l *look) byFacet(c *chunk, found *set) {
	for w := range found {
		from := w << 6
		if from >= len(c.facets) {
			break
		}
		var word uint64
		for i, f := range c.facets[from:min(from+64, len(c.facets))] {
			word |= uint64(l.sites[f.site]&l.scenarios[f.scenario]) << i
		}
		found[w] &= word
	}
}

// byPosition keeps what lies in the box. It decides with the rounded position, which keeps the order
// of numbers, and asks for the position itself only where rounding may have moved it across an edge.
func (l *look) byPosition(c *chunk, found *set) {
	b := l.rounded
	for w, word := range found {
		for ; word != 0; word &= word - 1 {
			n := bits.TrailingZeros64(word)
			f := &c.facets[w<<6+n]
			if f.lon > b[0] && f.lat > b[1] && f.lon < b[2] && f.lat < b[3] {
				continue
			}
			if f.lon >= b[0] && f.lat >= b[1] && f.lon <= b[2] && f.lat <= b[3] && c.channels[w<<6+n].in(l.box) {
				continue
			}
			found[w] &^= 1 << n
		}
	}
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
