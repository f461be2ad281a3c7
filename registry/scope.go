package registry

import (
	"slices"
	"strconv"
	"strings"
)

// Scope is a part of the city: the channels that have all that it asks for. The zero value is the
// whole city.
type Scope struct {
	Classes   []Class  `json:"classes,omitempty"`   // any of
	Scenarios []string `json:"scenarios,omitempty"` // any of
	Site      string   `json:"site,omitempty"`      // a site and all that lies in it
	Tags      []string `json:"tags,omitempty"`      // any of
}

// Whole reports whether the scope is the whole city.
func (s Scope) Whole() bool {
	return len(s.Classes)+len(s.Scenarios)+len(s.Tags) == 0 && s.Site == ""
}

// Covers reports whether the channel is in the scope.
func (s Scope) Covers(c *Channel) bool {
	return (len(s.Classes) == 0 || slices.Contains(s.Classes, c.Class)) &&
		(len(s.Scenarios) == 0 || slices.Contains(s.Scenarios, c.Scenario)) &&
		within(c.Site, s.Site) &&
		(len(s.Tags) == 0 || slices.ContainsFunc(s.Tags, func(t string) bool { return slices.Contains(c.Tags, t) }))
}

// CoversSite reports whether all that lies in the site is in the scope, whatever it is.
func (s Scope) CoversSite(path string) bool {
	return len(s.Classes)+len(s.Scenarios)+len(s.Tags) == 0 && within(path, s.Site)
}

// Covered reports whether one of the scopes covers the channel.
func Covered(scopes []Scope, c *Channel) bool {
	return slices.ContainsFunc(scopes, func(s Scope) bool { return s.Covers(c) })
}

// String is the scope as grants are written: class=1,2;scenario=campus;site=xiamen/siming;tag=gate. That
// of the whole city is empty.
func (s Scope) String() string {
	var where []string
	add := func(name string, values ...string) {
		if len(values) > 0 {
			where = append(where, name+"="+strings.Join(values, ","))
		}
	}
	var classes []string
	for _, c := range s.Classes {
		classes = append(classes, strconv.Itoa(int(c)))
	}
	add("class", classes...)
	add("scenario", s.Scenarios...)
	if s.Site != "" {
		add("site", s.Site)
	}
	add("tag", s.Tags...)
	return strings.Join(where, ";")
}
