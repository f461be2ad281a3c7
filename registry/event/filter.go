package event

import (
	"slices"
	"strconv"
	"strings"
)

// Filter says which events are meant; what is empty is any. Events of sites and of gateways have no
// class, scenario or channel: a filter by one of these doesn't mean them.
type Filter struct {
	Kinds     []string
	Classes   []string // "1", "2", "3", "9"
	Scenarios []string
	Site      string // the place itself and all that lies in it
	Channel   string // id
}

// Shareable are the kinds of events that a level may share with the one above: what happens to its cameras, and not
// who does what, and what its own rules make of it.
func Shareable() []string {
	return []string{string(KindHealth), string(KindMotion), string(KindSite), string(KindStream)}
}

// ofPlaces reports whether events of the kind speak of no channel.
func ofPlaces(kind string) bool { return kind == string(KindSite) || kind == string(KindGateway) }

// onlyChannels reports whether no event of a site or of a gateway is meant.
func (f Filter) onlyChannels() bool {
	return len(f.Classes)+len(f.Scenarios) > 0 || f.Channel != "" || len(f.Kinds) > 0 && !slices.ContainsFunc(f.Kinds, ofPlaces)
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
	if !f.onlyChannels() { // these have fewer tokens
		if len(f.Kinds) == 1 {
			return Prefix + f.Kinds[0] + ".>"
		}
		return Prefix + ">"
	}
	s := Prefix + one("", f.Kinds) + "." + one("c", f.Classes) + "." + one("", f.Scenarios)
	if f.Site != "" {
		s += "." + siteTokens(f.Site)
	}
	return s + ".>"
}

// Matches reports whether the event that was published on the subject is meant.
func (f Filter) Matches(subject string) bool {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(subject, Prefix), ".")
	if rest == "" || len(f.Kinds) > 0 && !slices.Contains(f.Kinds, kind) {
		return false
	}
	in := func(site string) bool {
		return f.Site == "" || strings.HasPrefix(site+".", siteTokens(f.Site)+".")
	}
	switch {
	case ofPlaces(kind) && len(f.Classes)+len(f.Scenarios) > 0, ofPlaces(kind) && f.Channel != "":
		return false
	case kind == string(KindSite):
		return in(rest)
	case kind == string(KindGateway):
		return f.Site == ""
	}
	class, rest, _ := strings.Cut(rest, ".")
	scenario, rest, _ := strings.Cut(rest, ".")
	end := strings.LastIndexByte(rest, '.')
	if end < 0 {
		return false
	}
	one := func(values []string, token string) bool { return len(values) == 0 || slices.Contains(values, token) }
	return one(f.Classes, strings.TrimPrefix(class, "c")) && one(f.Scenarios, scenario) && in(rest[:end]) &&
		(f.Channel == "" || rest[end+1:] == f.Channel)
}

// Subjects are those of the events of the channels that have one of the classes and scenarios (none: any)
// and are in the site or what lies in it, and, when no class and scenario is asked for, of these sites
// themselves.
func Subjects[C ~int | ~uint8](classes []C, scenarios []string, site string) (all []string) {
	cs, ss := []string{"*"}, []string{"*"}
	if len(classes) > 0 {
		cs = nil
		for _, c := range classes {
			cs = append(cs, "c"+strconv.Itoa(int(c)))
		}
	}
	if len(scenarios) > 0 {
		ss = scenarios
	}
	end := ".>"
	if site != "" {
		end = "." + siteTokens(site) + ".>"
	}
	for _, kind := range Kinds() {
		if ofPlaces(string(kind)) || kind == KindAudit {
			continue
		}
		for _, c := range cs {
			for _, s := range ss {
				all = append(all, Prefix+string(kind)+"."+c+"."+s+end)
			}
		}
	}
	if len(classes)+len(scenarios) == 0 {
		all = append(all, Prefix+string(KindSite)+end)
		if site != "" {
			all = append(all, Prefix+string(KindSite)+"."+siteTokens(site))
		}
	}
	return all
}
