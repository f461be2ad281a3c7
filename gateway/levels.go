package gateway

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/gateway/levels"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// leveling links the gateway with the levels above and below it.
type leveling struct {
	g        *gateway
	shared   *bus.Shared   // nil when there is no level above
	share    *levels.Share // the same
	progress *bus.Bucket   // nil when no level below can join
	changed  chan struct{} // users have changed

	mu    sync.Mutex
	below map[string]*linked
	above *api.Above // nil when there is none
}

// linked is one level below.
type linked struct {
	*levels.Below
	asks *bus.Below
	stop context.CancelFunc
	done chan struct{}
}

// openLevels opens what the level above gets, and what is known of those below.
func (g *gateway) openLevels(ctx context.Context) error {
	cfg := g.config()
	l := &leveling{g: g, changed: make(chan struct{}, 1), below: map[string]*linked{}}
	g.levels = l
	if len(cfg.NATS.LeafRemotes) > 0 {
		var err error
		if l.shared, err = g.bus.Share(ctx, sharedEvents(cfg.Share)); err != nil {
			return err
		}
		l.share = levels.NewShare(levels.ShareOptions{
			Store: l.shared, Snapshot: g.bus.Registry().Snapshot, Statuses: g.statuses, Wants: wants(cfg.Share), Log: g.log,
		})
	}
	if host, _, err := net.SplitHostPort(g.reached(g.rtsp)); l.shared != nil && err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
			g.log.Warn("The level above is told to read streams on this machine's own address; set rtsp.listen and node.address, unless it is on the same machine", "address", g.reached(g.rtsp))
		}
	}
	if cfg.NATS.LeafListen != "" || cfg.NATS.URL != "" {
		var err error
		if l.progress, err = g.bus.Levels(ctx); err != nil {
			return err
		}
		g.closes("the records of the levels below", l.progress.Close)
		g.defers(g.users.Watch(func(string, []byte) { l.usersChanged() }))
	}
	return nil
}

// run shares and takes over until ctx ends.
func (l *leveling) run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	if l.share != nil {
		running.Go(func() { _ = l.g.bus.Lead(ctx, "share", l.share.Keep) })
		running.Go(func() { l.watchAbove(ctx) })
		running.Go(func() {
			if err := l.shared.Serve(ctx, bus.Answers{Hello: l.hello, Open: l.open}); ctx.Err() == nil {
				l.g.log.Error("the level above can't be answered", "error", err)
			}
		})
	}
	if l.progress != nil {
		running.Go(func() { l.followUsers(ctx) })
	}
	<-ctx.Done()
	return ctx.Err()
}

// at is a channel of a level below as that serves it.
func (l *leveling) at(ctx context.Context, ch registry.Channel, p streams.Profile) (registry.Channel, error) {
	l.mu.Lock()
	b := l.below[ch.Via]
	l.mu.Unlock()
	if b == nil {
		return ch, &streams.Failure{Reason: event.Unreachable, Detail: ch.Via + " isn't linked any more"}
	}
	var a answer
	err := b.asks.Open(ctx, question{ch.ID, p}, &a)
	switch {
	case errors.Is(err, bus.ErrAway):
		return ch, &streams.Failure{Reason: event.Unreachable, Detail: ch.Via + " isn't connected", Err: err}
	case err != nil:
		return ch, err
	case a.URL == "":
		return ch, &streams.Failure{Reason: known(a.Reason), Detail: ch.Via + ": " + levels.Cut(a.Detail)}
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "rtsp" || u.User != nil || strings.TrimSuffix(u.Path, "/sub") != "/"+ch.ID {
		return ch, &streams.Failure{Reason: event.BadAnswer, Detail: ch.Via + " names an address that isn't one of a stream of its own"}
	}
	ch.URL, ch.SubURL, ch.Username, ch.Password, ch.Transport = a.URL, a.URL, "", "", "tcp"
	return ch, nil
}

// known is a reason as a level gives it.
func known(r event.Reason) event.Reason {
	if !slices.Contains(event.Reasons(), r) {
		return event.BadAnswer
	}
	return r
}

var levelName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// isLevel reports whether a principal is a gateway of a level below: it may share something, and is no
// administrator, who may all.
func isLevel(p access.Principal) bool {
	return p.Role != access.Admin && len(p.Scopes(access.Share)) > 0 && levelName.MatchString(p.Name)
}

// usersChanged has the levels looked through again. It never blocks.
func (l *leveling) usersChanged() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// followUsers follows the levels that are users, until ctx ends.
func (l *leveling) followUsers(ctx context.Context) {
	defer func() {
		for name := range l.names() {
			l.unlink(name)
		}
	}()
	for {
		users, err := l.g.access.Users(ctx)
		if err == nil {
			l.choose(ctx, users)
		} else if ctx.Err() == nil {
			l.g.log.Warn("the levels below can't be looked through", "error", err)
		}
		select {
		case <-l.changed:
		case <-time.After(time.Minute): // grants end
		case <-ctx.Done():
			return
		}
	}
}

func (l *leveling) names() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]bool{}
	for name := range l.below {
		all[name] = true
	}
	return all
}

func (l *leveling) choose(ctx context.Context, users []access.User) {
	gone := l.names()
	for i := range users {
		if p := users[i].Principal(); isLevel(p) {
			if !gone[p.Name] {
				l.link(ctx, p.Name)
			}
			delete(gone, p.Name)
		}
	}
	for name := range gone {
		l.unlink(name)
		// Should it come again, all that it shares is looked at.
		if err := l.progress.Delete(ctx, name+"."+levels.Records); err != nil {
			l.g.log.Warn("a level below can't be forgotten", "level", name, "error", err)
		}
	}
}

// link begins to follow a level.
func (l *leveling) link(ctx context.Context, name string) {
	asks, err := l.g.bus.Below(name)
	if err != nil {
		l.g.log.Error("a level below can't be followed", "level", name, "error", err)
		return
	}
	ctx, stop := context.WithCancel(ctx)
	b := &linked{asks: asks, stop: stop, done: make(chan struct{})}
	b.Below = levels.New(levels.Options{Name: name, Asker: asker{asks}, Here: l, Log: l.g.log, Scopes: func() []registry.Scope {
		u, ok, err := l.g.access.User(context.Background(), name) // from memory
		if err != nil || !ok {
			return nil
		}
		return u.Principal().Scopes(access.Share)
	}})
	l.mu.Lock()
	l.below[name] = b
	l.mu.Unlock()
	go func() {
		defer close(b.done)
		var running sync.WaitGroup
		running.Go(func() { b.Watch(ctx) })
		_ = l.g.bus.Lead(ctx, "level-"+name, b.Follow) // ends with ctx
		running.Wait()
		asks.Close()
	}()
}

// unlink ends to follow a level.
func (l *leveling) unlink(name string) {
	l.mu.Lock()
	b := l.below[name]
	delete(l.below, name)
	l.mu.Unlock()
	if b != nil {
		b.stop()
		<-b.done
	}
}

// list shows the levels below to the API in its words.
func (l *leveling) list() []api.Level {
	l.mu.Lock()
	all := make([]*linked, 0, len(l.below))
	for _, b := range l.below {
		all = append(all, b)
	}
	l.mu.Unlock()
	out := []api.Level{}
	channels := map[string]int{}
	if len(all) > 0 {
		for c := range l.g.bus.Registry().Snapshot().All() {
			if c.Via != "" {
				channels[c.Via]++
			}
		}
	}
	for _, b := range all {
		s := b.State()
		out = append(out, api.Level{
			Name: s.Name, Connected: s.Connected, Since: s.Since.UTC(), Node: s.Hello.Node, Version: s.Hello.Version,
			Channels: channels[s.Name], Behind: s.Behind, Refused: s.Refused, Why: s.Why,
		})
	}
	slices.SortFunc(out, func(a, b api.Level) int { return strings.Compare(a.Name, b.Name) })
	return out
}
