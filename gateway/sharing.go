package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"sharpeyes/config"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/levels"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// sharedEvents are the filters of the events that the level above gets.
func sharedEvents(s config.Share) []event.Filter {
	f := event.Filter{Kinds: s.Kinds, Scenarios: s.Scenarios}
	for _, c := range s.Classes {
		f.Classes = append(f.Classes, fmt.Sprint(c))
	}
	if len(s.Sites) == 0 {
		return []event.Filter{f}
	}
	var all []event.Filter
	for _, site := range s.Sites {
		f.Site = site
		all = append(all, f)
	}
	return all
}

// wants reports whether the level above gets a channel.
func wants(s config.Share) func(*registry.Channel) bool {
	scope := registry.Scope{Scenarios: s.Scenarios}
	for _, c := range s.Classes {
		scope.Classes = append(scope.Classes, registry.Class(c))
	}
	scopes := []registry.Scope{scope}
	if len(s.Sites) > 0 {
		scopes = nil
		for _, site := range s.Sites {
			scope.Site = site
			scopes = append(scopes, scope)
		}
	}
	return func(c *registry.Channel) bool { return registry.Covered(scopes, c) }
}

// watchAbove notes whether the level above is connected.
func (l *leveling) watchAbove(ctx context.Context) {
	for tick := time.NewTicker(time.Second); ; {
		connected := l.g.bus.Above()
		l.mu.Lock()
		changed := l.above == nil || l.above.Connected != connected
		if changed {
			l.above = &api.Above{Connected: connected, Since: time.Now().UTC()}
		}
		l.mu.Unlock()
		if changed {
			l.g.log.Info("the level above", "connected", connected)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// aboveNow is how the level above is; nil when there is none.
func (l *leveling) aboveNow() *api.Above {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.above == nil {
		return nil
	}
	now := *l.above
	now.Channels = l.share.Channels()
	return &now
}

// hello is who is here.
func (l *leveling) hello(events string) any {
	return levels.Hello{Node: l.g.config().Node.Name, Version: l.g.o.Version, Channels: l.share.Channels(), Events: events}
}

// question asks a level below where a stream can be read, and answer is what it says.
type (
	question struct {
		ID      string          `json:"id"`
		Profile streams.Profile `json:"profile"`
	}
	answer struct {
		URL    string       `json:"url,omitempty"`
		Reason event.Reason `json:"reason,omitempty"`
		Detail string       `json:"detail,omitempty"`
	}
)

// open is where the level above can read a stream of what it gets.
func (l *leveling) open(ctx context.Context, text []byte) any {
	var q question
	if json.Unmarshal(text, &q) != nil {
		return answer{Reason: event.BadAnswer, Detail: "the question can't be read"}
	}
	ch, ok := l.g.bus.Registry().Snapshot().Get(q.ID)
	if !ok || !l.share.Wants(&ch) || q.Profile != streams.Main && q.Profile != streams.Sub {
		return answer{Reason: event.NotFound, Detail: "there is no such channel"}
	}
	ticket, err := l.g.access.Ticket(ctx, ch.ID, string(q.Profile), ticketTime)
	if err != nil {
		return answer{Reason: event.NoAnswer, Detail: "no ticket can be made now"}
	}
	return answer{URL: streamURL(l.g.reached(l.g.rtsp), ch.ID, q.Profile, ticket)}
}

// streamURL is where a gateway serves a stream to who has a ticket.
func streamURL(address, id string, p streams.Profile, ticket string) string {
	path := "/" + id
	if p == streams.Sub {
		path += "/sub"
	}
	u := url.URL{Scheme: "rtsp", Host: address, Path: path, RawQuery: url.Values{"ticket": {ticket}}.Encode()}
	return u.String()
}
