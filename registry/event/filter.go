package event

import (
	"slices"
	"strings"
)

// Filter says which events are meant; what is empty is any.
type Filter struct {
	Kinds     []string
	Classes   []string // "1", "2", "3", "9"
	Scenarios []string
	Site      string // the place itself and all that lies in it
	Channel   string // id
}

// Subject is the narrowest subject that has all events of the filter, and perhaps others: Matches
// tells them apart.
func (f Filter) Subject() string {
	one := func(prefix string, values []string) string {
		if len(values) == 1 {
			return prefix + values[0]
		}
		return "*"
	}
	s := Prefix + one("", f.Kinds) + "." + one("c", f.Classes) + "." + one("", f.Scenarios)
	if f.Site != "" {
		s += "." + strings.ReplaceAll(f.Site, "/", ".")
	}
	return s + ".>"
}

// Matches reports whether the event that was published on the subject is meant. It doesn't look at
// the site, which Subject has taken care of.
func (f Filter) Matches(subject string) bool {
	tokens := strings.Split(strings.TrimPrefix(subject, Prefix), ".")
	if len(tokens) < 3 {
		return false
	}
	in := func(values []string, token string) bool { return len(values) == 0 || slices.Contains(values, token) }
	return in(f.Kinds, tokens[0]) && in(f.Classes, strings.TrimPrefix(tokens[1], "c")) && in(f.Scenarios, tokens[2]) &&
		(f.Channel == "" || tokens[len(tokens)-1] == f.Channel)
}
