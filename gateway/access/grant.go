package access

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sharpeyes/registry"
)

// Action is what somebody may do.
type Action string

// The actions.
const (
	List        Action = "list"        // find channels, see their states and counts
	View        Action = "view"        // watch streams
	Events      Action = "events"      // hear of events and read past ones
	Acknowledge Action = "acknowledge" // act on alerts
	Edit        Action = "edit"        // change the registry and the rules
	Administer  Action = "admin"       // users, keys, metrics
	// Share is to register channels of one's own, as a gateway of the level below does.
	Share Action = "share"
)

var actions = []Action{List, View, Events, Acknowledge, Edit, Administer, Share}

// Grant is actions on a part of the city, perhaps until a time.
type Grant struct {
	Actions []Action `json:"actions"`
	registry.Scope
	Until time.Time `json:"until,omitzero"`
}

var (
	token    = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	sitePath = regexp.MustCompile(`^[a-z0-9_-]{1,32}(/[a-z0-9_-]{1,32}){0,5}$`)
)

// Validate says what is wrong with the grant.
func (g Grant) Validate() error {
	if len(g.Actions) == 0 {
		return fmt.Errorf("a grant names no action: write some of %s", join(actions))
	}
	for _, a := range g.Actions {
		if !slices.Contains(actions, a) {
			return fmt.Errorf("action %q isn't known: write some of %s", a, join(actions))
		}
	}
	for _, c := range g.Classes {
		if c < 1 || c > 3 && c != registry.OtherClass {
			return fmt.Errorf("class %d isn't known: write 1, 2, 3 or 9", c)
		}
	}
	for _, s := range g.Scenarios {
		if !token.MatchString(s) {
			return fmt.Errorf("scenario %q can't be one: write one token like campus", s)
		}
	}
	for _, s := range g.Tags {
		if s == "" || len(s) > 64 || strings.ContainsAny(s, ";,=:") {
			return fmt.Errorf("tag %q can't be granted: write it without any of ;,=: in it", s)
		}
	}
	if g.Site != "" && !sitePath.MatchString(g.Site) {
		return fmt.Errorf("site %q isn't a path: write one like xiamen/siming", g.Site)
	}
	return nil
}

// ParseGrant reads a grant like 'list,view,events:class=1,2;scenario=campus;site=xiamen/siming;tag=gate'.
func ParseGrant(s string) (Grant, error) {
	var g Grant
	what, where, scoped := strings.Cut(s, ":")
	for a := range strings.SplitSeq(what, ",") {
		g.Actions = append(g.Actions, Action(strings.TrimSpace(a)))
	}
	if scoped {
		for part := range strings.SplitSeq(where, ";") {
			name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
			values := strings.Split(value, ",")
			if !ok || value == "" || slices.Contains(values, "") {
				return g, fmt.Errorf("grant %q: %q isn't of the form class=1,2", s, part)
			}
			switch name {
			case "class":
				for _, v := range values {
					n, err := strconv.Atoi(v)
					if err != nil {
						return g, fmt.Errorf("grant %q: class %q isn't known: write 1, 2, 3 or 9", s, v)
					}
					g.Classes = append(g.Classes, registry.Class(n))
				}
			case "scenario":
				g.Scenarios = append(g.Scenarios, values...)
			case "tag":
				g.Tags = append(g.Tags, values...)
			case "site":
				if g.Site != "" || len(values) > 1 {
					return g, fmt.Errorf("grant %q: it names several sites: give a grant for each", s)
				}
				g.Site = values[0]
			default:
				return g, fmt.Errorf("grant %q: %q isn't known: there are class, scenario, site and tag", s, name)
			}
		}
	}
	if err := g.Validate(); err != nil {
		return g, fmt.Errorf("grant %q: %w", s, err)
	}
	return g, nil
}

// String writes what ParseGrant reads; the end isn't in it.
func (g Grant) String() string {
	s := join(g.Actions)
	if where := g.Scope.String(); where != "" {
		s += ":" + where
	}
	return s
}

func join(all []Action) string {
	var names []string
	for _, a := range all {
		names = append(names, string(a))
	}
	return strings.Join(names, ",")
}

// byRole are the actions of those whose grants don't say.
var byRole = map[Role][]Action{
	Operator: {List, View, Events, Acknowledge},
	Viewer:   {List, View, Events},
}

// Scopes are the parts of the city in which the principal may do it now. The whole city is one scope
// that is Whole.
func (p Principal) Scopes(a Action) (scopes []registry.Scope) {
	switch {
	case p.Role == Admin:
		return []registry.Scope{{}}
	case len(p.Grants) == 0:
		if slices.Contains(byRole[p.Role], a) {
			return []registry.Scope{{}}
		}
		return nil
	}
	now := time.Now()
	for _, g := range p.Grants {
		if slices.Contains(g.Actions, a) && (g.Until.IsZero() || now.Before(g.Until)) {
			scopes = append(scopes, g.Scope)
		}
	}
	return scopes
}

// Everywhere reports whether the principal may do it in the whole city.
func (p Principal) Everywhere(a Action) bool {
	return slices.ContainsFunc(p.Scopes(a), registry.Scope.Whole)
}

// On reports whether the principal may do it with the channel.
func (p Principal) On(a Action, c *registry.Channel) bool { return registry.Covered(p.Scopes(a), c) }
