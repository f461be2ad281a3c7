package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sharpeyes/config"
	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/gateway/levels"
	"sharpeyes/gateway/rates"
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

// What follows is the gateway as levels know it.

// Snapshot is the registry now.
func (l *leveling) Snapshot() *registry.Snapshot { return l.g.bus.Registry().Snapshot() }

// Update makes one transaction in the name of the level.
func (l *leveling) Update(ctx context.Context, by string, fn func(*registry.Snapshot) (registry.Transaction, error)) error {
	var gone []string
	_, err := l.g.bus.Registry().Update(ctx, by, "level", func(now *registry.Snapshot) (registry.Transaction, error) {
		tx, err := fn(now)
		gone = tx.Delete
		return tx, err
	})
	for _, id := range gone {
		if err == nil {
			l.g.statuses.Delete(id)
			l.g.rates.Record(rates.Change{ID: id, At: time.Now()})
		}
	}
	return err
}

// Found takes over the status of a channel of a level.
func (l *leveling) Found(c registry.Channel, s registry.Status) {
	was := l.g.statuses.Get(c.ID)
	if was == s {
		return
	}
	l.g.statuses.Set(c.ID, s)
	l.g.bus.PutStatus(c.ID, s)
	if was.State != s.State || was.Reason != s.Reason {
		l.g.rates.Record(rates.Change{ID: c.ID, To: s.State, Reason: s.Reason, At: s.Since})
	}
}

// Copy stores and sends events of a level.
func (l *leveling) Copy(ctx context.Context, events []levels.Copied) error {
	all := make([]bus.Copied, len(events))
	for i, e := range events {
		all[i] = bus.Copied(e)
	}
	return l.g.bus.Copy(ctx, all)
}

// End is the sequence of the newest event.
func (l *leveling) End(ctx context.Context) (uint64, error) { return l.g.bus.EventsEnd(ctx) }

// Since calls f with the id of each event after a sequence.
func (l *leveling) Since(ctx context.Context, after uint64, f func(id string)) error {
	return l.g.bus.EventIDs(ctx, after, f)
}

// Progress is how far a level was read.
func (l *leveling) Progress(level, log string) (p levels.Progress, err error) {
	b, ok, err := l.progress.Get(context.Background(), level+"."+log) // from memory
	if err != nil || !ok {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("reading how far %s was read: %w", level, err)
	}
	return p, nil
}

// Proceed stores how far a level was read.
func (l *leveling) Proceed(ctx context.Context, level, log string, p levels.Progress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return l.progress.Put(ctx, level+"."+log, b)
}

// Lost tells that a level doesn't answer any more.
func (l *leveling) Lost(level string, since time.Time) {
	l.told(event.LevelLost, level, since, "the level "+level+" can't be reached: what is known of its channels is from before")
}

// Back tells that a level answers again.
func (l *leveling) Back(level string, since time.Time) {
	l.told(event.LevelBack, level, since, "the level "+level+" is reached again")
}

func (l *leveling) told(t event.Type, level string, since time.Time, detail string) {
	l.g.bus.Publish(event.New(l.g.config().Node.Name, t, time.Now(), event.Gateway{Node: level, Detail: detail, Since: since.UTC()}))
}

// asker is a level below as package levels asks it.
type asker struct{ *bus.Below }

// Hello asks who is there.
func (a asker) Hello(ctx context.Context) (h levels.Hello, err error) {
	err = a.Below.Hello(ctx, &h)
	return h, err
}

// Read asks for what comes in a log after a sequence.
func (a asker) Read(ctx context.Context, log, after string) (levels.Page, error) {
	p, err := a.Below.Read(ctx, log, after)
	all := levels.Page{Log: p.Log, Next: p.Next, Pending: p.Pending, Again: p.Again, Lost: p.Lost, Messages: make([]levels.Message, len(p.Messages))}
	for i, m := range p.Messages {
		all.Messages[i] = levels.Message(m)
	}
	return all, err
}
