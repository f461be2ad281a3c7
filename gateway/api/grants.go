package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// need is what a request takes.
type need struct {
	action string
	// partly says that those who may do it in a part of the city are answered too: the operation
	// leaves out what they may not see. All others are refused.
	partly bool
	// open says that nobody has to say who they are: what is there holds nothing of the city.
	open bool
}

// needs is what each route takes, by its pattern. A route that isn't here is refused to everybody.
var needs = map[string]need{
	"GET " + prefix + "/channels":                      {"list", true, false},
	"GET " + prefix + "/channels/{id}":                 {"list", true, false},
	"PUT " + prefix + "/channels/{id}":                 {"edit", true, false},
	"PATCH " + prefix + "/channels/{id}":               {"edit", true, false},
	"DELETE " + prefix + "/channels/{id}":              {"edit", true, false},
	"POST " + prefix + "/channels:import":              {"edit", false, false},
	"GET " + prefix + "/channels:export":               {"list", true, false},
	"GET " + prefix + "/channels.geojson":              {"list", true, false},
	"GET " + prefix + "/channels:table":                {"list", true, false},
	"GET " + prefix + "/page":                          {"", true, false},
	"GET " + prefix + "/channels:report":               {"list", false, false},
	"GET " + prefix + "/channels/{id}/history":         {"list", true, false},
	"GET " + prefix + "/channels/{id}/states":          {"list", true, false},
	"GET " + prefix + "/channels:versions":             {"list", false, false},
	"GET " + prefix + "/sites":                         {"list", true, false},
	"PUT " + prefix + "/sites/{path...}":               {"edit", false, false},
	"GET " + prefix + "/walls":                         {"view", true, false},
	"PUT " + prefix + "/walls/{name}":                  {"view", true, false},
	"DELETE " + prefix + "/walls/{name}":               {"view", true, false},
	"GET " + prefix + "/maintenance":                   {"list", true, false},
	"POST " + prefix + "/maintenance":                  {"edit", true, false},
	"DELETE " + prefix + "/maintenance/{id}":           {"edit", true, false},
	"GET " + prefix + "/stats":                         {"list", true, false},
	"GET " + prefix + "/stats/rates":                   {"list", true, false},
	"GET " + prefix + "/stats/rates/channels":          {"list", true, false},
	"GET " + prefix + "/stats/rates/over":              {"list", true, false},
	"GET " + prefix + "/streams":                       {"list", true, false},
	"GET " + prefix + "/streams/{id}":                  {"list", true, false},
	"POST " + prewarmPath:                              {"view", true, false},
	"GET " + prefix + "/events":                        {"events", true, false},
	"GET " + prefix + "/ws/events":                     {"events", true, false},
	"GET " + livePath:                                  {"list", true, false}, // and view, which it asks for itself
	"GET " + prefix + "/alerts":                        {"events", true, false},
	"GET " + prefix + "/alerts/{id}":                   {"events", true, false},
	"POST " + prefix + "/alerts/{id}":                  {"acknowledge", true, false},
	"GET " + prefix + "/rules":                         {"list", false, false},
	"PUT " + prefix + "/rules":                         {"edit", false, false},
	"GET " + prefix + "/rules/{name}":                  {"list", false, false},
	"PUT " + prefix + "/rules/{name}":                  {"edit", false, false},
	"DELETE " + prefix + "/rules/{name}":               {"edit", false, false},
	"POST " + prefix + "/rules:test":                   {"edit", false, false},
	"POST " + prefix + "/keys:rotate":                  {"admin", false, false},
	"GET " + prefix + "/users":                         {"admin", false, false},
	"POST " + prefix + "/users":                        {"admin", false, false},
	"GET " + prefix + "/users/{name}":                  {"admin", false, false},
	"PUT " + prefix + "/users/{name}":                  {"admin", false, false},
	"DELETE " + prefix + "/users/{name}":               {"admin", false, false},
	"PUT " + prefix + "/users/{name}/password":         {"", true, false}, // one's own, or whose one administers
	"GET " + prefix + "/users/{name}/nats-permissions": {"admin", false, false},
	"POST " + prefix + "/users/{name}/tokens":          {"admin", false, false},
	"DELETE " + prefix + "/users/{name}/tokens/{id}":   {"admin", false, false},
	"GET " + sessionPath:                               {"", true, false},
	"GET " + prefix + "/openapi.json":                  {"", true, false},
	"GET " + asyncPath:                                 {"", true, false},
	"POST " + prefix + "/motion:report":                {"edit", true, false},
	"GET " + prefix + "/nodes":                         {"list", false, false},
	"GET /metrics":                                     {"list", false, false},
	"GET " + prefix + "/audit":                         {"admin", false, false},
	"GET " + prefix + "/audit:blocks":                  {"admin", false, false},
	"POST " + sessionPath:                              {"", true, true}, // says who it is itself
	"DELETE " + sessionPath:                            {"", true, true},
	"/":                                                {"", true, true}, // the page, which asks for the rest
	prefix + "/":                                       {"", true, false},
}

// whole reports whether the principal may do the action in the whole city.
func whole(p Principal, action string) bool {
	return p != nil && slices.ContainsFunc(p.Scopes(action), registry.Scope.Whole)
}

// allows reports whether a route may be answered to the principal.
func (n need) allows(p Principal) bool {
	if n.action == "" || whole(p, n.action) {
		return true
	}
	return n.partly && len(p.Scopes(n.action)) > 0
}

// within are the parts of the city that the asker may do the action in; nil: the whole city. Over NATS
// nobody has a principal: only who may see the whole city may publish questions there.
func within(ctx context.Context, action string) []registry.Scope {
	p := principal(ctx)
	if p == nil || whole(p, action) {
		return nil
	}
	if scopes := p.Scopes(action); scopes != nil {
		return scopes
	}
	return []registry.Scope{} // nothing
}

// granted reports whether the asker may do the action with the channel.
func granted(ctx context.Context, action string, c *registry.Channel) bool {
	scopes := within(ctx, action)
	return scopes == nil || registry.Covered(scopes, c)
}

// known is a channel that the asker may find; else it is as if there were none.
func (a *API) known(ctx context.Context, id string) (registry.Channel, error) {
	c, ok := a.o.Catalogue.Snapshot().Get(id)
	if !ok || !granted(ctx, "list", &c) {
		return c, noChannel(id)
	}
	return c, nil
}

// recheck is how often a WebSocket's grant is looked at again.
const recheck = 500 * time.Millisecond

// while ends a WebSocket, by calling end, when still says no: its user, password, token or grant is gone.
func (a *API) while(ctx context.Context, r *http.Request, still func(Principal) bool, end func()) {
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asking, cancel := context.WithTimeout(context.WithValue(ctx, begunKey{}, true), 10*time.Second)
		who, err := a.whoAsks(asking, r)
		cancel()
		if ctx.Err() == nil && (err != nil || !still(who)) {
			end()
			return
		}
	}
}

// patternOf is the pattern of the route that serves a request.
func patternOf(mux *http.ServeMux, r *http.Request) string {
	_, pattern := mux.Handler(r)
	if method, path, ok := strings.Cut(pattern, " "); ok && method == http.MethodGet && r.Method == http.MethodHead {
		return http.MethodGet + " " + path
	}
	return pattern
}

// mayView is nil when the asker may watch the channel; whoever may find it is told that it isn't
// granted, and who may not, that there is none.
func (a *API) mayView(ctx context.Context, id string) error {
	c, ok := a.o.Catalogue.Snapshot().Get(id)
	switch {
	case !ok: // who reads is told by the hub
		if within(ctx, "view") != nil {
			return noChannel(id)
		}
		return nil
	case granted(ctx, "view", &c):
		return nil
	case granted(ctx, "list", &c):
		return errForbidden
	}
	return noChannel(id)
}

// mayHear reports whether the asker may hear of an event: one of a channel that is granted, or of a site
// all of which is.
func (a *API) mayHear(scopes []registry.Scope, subject string, raw []byte) bool {
	if scopes == nil {
		return true
	}
	var e struct {
		Data struct {
			Channel *event.Channel
			Site    string
		}
	}
	if json.Unmarshal(raw, &e) != nil {
		return false
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(subject, event.Prefix), ".")
	switch c := e.Data.Channel; {
	case kind == string(event.KindAudit), kind == string(event.KindGateway):
		return false
	case c != nil:
		now, ok := a.o.Catalogue.Snapshot().Get(c.ID)
		if !ok { // it is deleted: its tags aren't known any more
			now = registry.Channel{ID: c.ID, Class: registry.Class(c.Class), Site: c.Site, Scenario: c.Scenario}
		}
		return registry.Covered(scopes, &now)
	case e.Data.Site != "":
		return slices.ContainsFunc(scopes, func(s registry.Scope) bool { return s.CoversSite(e.Data.Site) })
	}
	return false
}

// maySee is a filter for alerts, nil when all may be seen.
func (a *API) maySee(ctx context.Context, action string) func(*alert.Alert) bool {
	scopes := within(ctx, action)
	if scopes == nil {
		return nil
	}
	return func(al *alert.Alert) bool {
		if al.Channel == nil {
			return al.Site != "" && slices.ContainsFunc(scopes, func(s registry.Scope) bool { return s.CoversSite(al.Site) })
		}
		// All channels that it is about, since it names them.
		for _, id := range append([]string{al.Channel.ID}, al.Channels...) {
			c, ok := a.o.Catalogue.Snapshot().Get(id)
			if !ok || !registry.Covered(scopes, &c) {
				return false
			}
		}
		return true
	}
}
