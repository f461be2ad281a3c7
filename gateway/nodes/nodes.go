package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// How gateways know of one another.
const (
	beat = time.Second
	// Dead is how long a gateway may say nothing.
	Dead = 3 * time.Second
	// Settle is how long what moves between two that are alive is nobody's.
	Settle = 2 * time.Second
	// together is how long others are waited for that come at the same time, before shares are made anew.
	together = time.Second
	// weighEvery is how often it is looked whether the shares are still even.
	weighEvery = 5 * time.Second
)

// Node is a gateway, as it tells of itself.
type Node struct {
	Name     string    `json:"name"`
	Instance string    `json:"instance"` // of its process
	Version  string    `json:"version"`
	HTTP     string    `json:"http,omitempty"` // where it serves
	RTSP     string    `json:"rtsp,omitempty"` // where other gateways get streams: host and port
	Capacity float64   `json:"capacity"`
	Started  time.Time `json:"started"`
	Leaving  bool      `json:"leaving,omitempty"`
	State    State     `json:"state"`
}

// State is how a gateway is.
type State struct {
	Channels int     `json:"channels"` // that it owns
	Pulls    int     `json:"pulls"`
	Readers  int     `json:"readers"`
	Registry uint64  `json:"registry"` // version that it has
	Late     float64 `json:"late"`     // seconds by which its latest probe is late
}

// Seen is a gateway as another sees it.
type Seen struct {
	Node
	Alive bool
	Heard time.Time
	Self  bool
}

// Bucket keeps records that all gateways share, and has them in memory.
type Bucket interface {
	Get(ctx context.Context, name string) ([]byte, bool, error)
	List(ctx context.Context) ([]string, error)
	Create(ctx context.Context, name string, record []byte) (bool, error)
	Update(ctx context.Context, name string, record, was []byte) (bool, error)
	Put(ctx context.Context, name string, record []byte) error
	// Sync returns when all that was written until now, by whatever gateway, is seen here.
	Sync(ctx context.Context) error
	Watch(fn func(name string, record []byte)) (stop func())
}

// Options is what Nodes are made of.
type Options struct {
	Self   Node
	Bucket Bucket
	// Counts are the numbers of channels, by site.
	Counts func() map[string]int
	// State is how this gateway is.
	State func() State
	// Changed is called, by Run, when channels have other owners than before. nil: nobody asks.
	Changed func()
	Log     *slog.Logger
}

// Nodes is the gateways of the city, as one of them knows them.
type Nodes struct {
	o    Options
	wake chan struct{}
	view atomic.Pointer[view]
	held atomic.Pointer[time.Time] // when the beat was sent that was written last

	company chan struct{} // closed once channels are divided among several
	weighed time.Time     // when it was last looked whether somebody came, or shares are uneven; of Run alone

	mu    sync.Mutex
	seen  map[string]Seen
	clash bool // an older one has the same name
}

// view is the table in force.
type view struct {
	table *Table
	raw   []byte
	from  time.Time // when what came from those who live is this gateway's
	was   *Table    // until then
	alone bool      // there is no other
	fresh bool      // until then nothing is this gateway's, which has just come
}

const (
	tableKey   = "owners"
	nodePrefix = "node."
)

// ErrTaken says that another gateway has the same name.
var ErrTaken = errors.New("another gateway of this city has the same name: give each a node.name of its own")

// Join tells the others of this gateway, and learns of them. Run must follow.
func Join(ctx context.Context, o Options) (*Nodes, error) {
	n := &Nodes{o: o, wake: make(chan struct{}, 1), company: make(chan struct{}), seen: map[string]Seen{}}
	n.view.Store(&view{})
	names, err := o.Bucket.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which gateways there are: %w", err)
	}
	for _, name := range names {
		b, there, err := o.Bucket.Get(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("reading which gateways there are: %w", err)
		}
		if there {
			n.heard(name, b, true)
		}
	}
	if err := n.say(ctx, false); err != nil {
		return nil, err
	}
	n.mu.Lock()
	others := len(n.living(time.Now())) > 1
	n.mu.Unlock()
	if others { // what the table says of an earlier process of this name is perhaps about to change
		v := *n.view.Load()
		v.fresh, v.from = true, time.Now().Add(Settle)
		n.view.Store(&v)
	}
	n.divide(ctx)
	return n, nil
}

// Company is closed once channels were divided among several gateways: one that was always alone needs to
// follow nobody.
func (n *Nodes) Company() <-chan struct{} { return n.company }

// Leave says, after Run, that this gateway works on no channel any more. Without it the others find out in a while.
func (n *Nodes) Leave(ctx context.Context) error { return n.say(ctx, true) }

// Run keeps in touch until ctx ends.
func (n *Nodes) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := n.o.Bucket.Watch(func(name string, record []byte) { n.heard(name, record, false) })
	defer stop()
	if b, there, err := n.o.Bucket.Get(ctx, tableKey); err == nil && there { // between Join and Watch
		n.table(b)
	}
	var saying sync.WaitGroup
	defer saying.Wait()
	defer cancel()
	saying.Go(func() { n.beats(ctx) })
	tick := time.NewTicker(beat / 4)
	defer tick.Stop()
	told := ""
	for {
		n.mu.Lock()
		clash := n.clash
		n.mu.Unlock()
		if clash {
			return fmt.Errorf("%w: %s", ErrTaken, n.o.Self.Name)
		}
		n.divide(ctx)
		if now := n.standing(); now != told && n.o.Changed != nil {
			told = now
			n.o.Changed()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.wake:
		}
	}
}

// beats says once a second that this gateway is there.
func (n *Nodes) beats(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	silent := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		saying, cancel := context.WithTimeout(ctx, Dead)
		err := n.say(saying, false)
		cancel()
		if err != nil && ctx.Err() == nil && !silent {
			n.o.Log.Warn("The other gateways can't be told that this one is there", "error", err)
		}
		silent = err != nil
	}
}

func (n *Nodes) say(ctx context.Context, leaving bool) error {
	self := n.o.Self
	self.Leaving = leaving
	if n.o.State != nil {
		self.State = n.o.State()
	}
	b, err := json.Marshal(self)
	if err != nil {
		return fmt.Errorf("telling of this gateway: %w", err)
	}
	sent := time.Now()
	if err := n.o.Bucket.Put(ctx, nodePrefix+self.Name, b); err != nil {
		return fmt.Errorf("telling of this gateway: %w", err)
	}
	if !n.holds(sent) { // it was taken for dead: what is whose may have changed meanwhile
		if err := n.o.Bucket.Sync(ctx); err != nil {
			return fmt.Errorf("learning what became of this gateway's channels: %w", err)
		}
		b, there, err := n.o.Bucket.Get(ctx, tableKey)
		if err != nil {
			return fmt.Errorf("learning what became of this gateway's channels: %w", err)
		}
		if there {
			n.table(b)
		}
		n.mu.Lock() // of the others it has heard nothing either, which says nothing of them
		for name, s := range n.seen {
			s.Heard = time.Now()
			n.seen[name] = s
		}
		n.mu.Unlock()
	}
	n.held.Store(&sent)
	return nil
}

// heard takes over a record.
func (n *Nodes) heard(name string, record []byte, first bool) {
	if name == tableKey {
		n.table(record)
		n.signal()
		return
	}
	short, ok := strings.CutPrefix(name, nodePrefix)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var node Node
	if record == nil || json.Unmarshal(record, &node) != nil || node.Name != short {
		delete(n.seen, short)
		return
	}
	if node.Name == n.o.Self.Name {
		// The younger one yields. What is there at the start is this gateway before it was restarted, most likely.
		if !first && node.Instance != n.o.Self.Instance && !node.Leaving && node.Started.Before(n.o.Self.Started) {
			n.clash = true
			n.signal()
		}
		return
	}
	was := n.seen[short]
	n.seen[short] = Seen{Node: node, Heard: time.Now()}
	if was.Leaving != node.Leaving || was.Instance != node.Instance {
		n.signal()
	}
}

// table puts a table in force.
func (n *Nodes) table(record []byte) {
	t := new(Table)
	if record == nil || json.Unmarshal(record, t) != nil || len(t.Shares) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.view.Load()
	if old.table != nil && t.Version <= old.table.Version {
		return
	}
	v := &view{table: t, raw: record, alone: len(t.Shares) == 1 && t.Shares[0].Node == n.o.Self.Name}
	now := time.Now()
	if old.table != nil {
		v.was, v.from = old.table, now.Add(Settle)
	}
	v.fresh = old.fresh && now.Before(old.from)
	n.view.Store(v)
	if len(t.Shares) > 1 {
		select {
		case <-n.company:
		default:
			close(n.company)
		}
	}
}

func (n *Nodes) signal() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// living are the gateways that are alive, this one among them, by name. mu is held.
func (n *Nodes) living(now time.Time) []share {
	all := []share{{n.o.Self.Name, n.o.Self.Capacity}}
	for _, s := range n.seen {
		if !s.Leaving && now.Sub(s.Heard) < Dead {
			all = append(all, share{s.Name, s.Capacity})
		}
	}
	slices.SortFunc(all, func(a, b share) int { return strings.Compare(a.Node, b.Node) })
	return all
}

// divide makes a new table when there must be one, and this gateway is the one to make it.
func (n *Nodes) divide(ctx context.Context) {
	now := time.Now()
	if !n.holds(now) {
		return
	}
	n.mu.Lock()
	living := n.living(now)
	n.mu.Unlock()
	v := n.view.Load()
	if living[0].Node != n.o.Self.Name {
		return
	}
	gone := v.table == nil || slices.ContainsFunc(v.table.Shares, func(s share) bool {
		return !slices.ContainsFunc(living, func(l share) bool { return l.Node == s.Node })
	})
	switch {
	case gone:
	case !slices.Equal(living, v.table.Shares): // somebody came
		if n.weighed.IsZero() {
			n.weighed = now
		}
		if now.Sub(n.weighed) < together {
			return
		}
	case len(living) > 1 && now.Sub(n.weighed) >= weighEvery:
		n.weighed = now
		if v.table.even(n.o.Counts()) {
			return
		}
	default:
		return
	}
	n.weighed = time.Time{}
	// Whoever isn't heard because this gateway hears nothing isn't dead.
	syncing, cancel := context.WithTimeout(ctx, Dead)
	err := n.o.Bucket.Sync(syncing)
	cancel()
	if err != nil {
		n.o.Log.Warn("The channels' owners can't be written; trying again", "error", err)
		return
	}
	n.mu.Lock()
	still := n.living(time.Now())
	n.mu.Unlock()
	if !slices.Equal(living, still) {
		return
	}
	t := assign(n.o.Counts(), living)
	if t.Version = now.UnixMilli(); v.table != nil {
		t.Version = max(t.Version, v.table.Version+1)
	}
	record, err := json.Marshal(t)
	if err != nil {
		n.o.Log.Error("The channels' owners can't be written", "error", err)
		return
	}
	writing, cancel := context.WithTimeout(ctx, Dead)
	defer cancel()
	var ok bool
	stored, there, err := n.o.Bucket.Get(writing, tableKey)
	switch {
	case err != nil:
	case !there:
		ok, err = n.o.Bucket.Create(writing, tableKey, record)
	case v.raw == nil || string(stored) == string(v.raw):
		ok, err = n.o.Bucket.Update(writing, tableKey, record, stored)
	}
	switch {
	case err != nil:
		n.o.Log.Warn("The channels' owners can't be written; trying again", "error", err)
	case ok:
		n.table(record)
		names := make([]string, len(living))
		for i, s := range living {
			names[i] = s.Node
		}
		n.o.Log.Info("The channels are divided", "gateways", strings.Join(names, " "))
	default: // somebody was quicker
		if b, there, err := n.o.Bucket.Get(writing, tableKey); err == nil && there {
			n.table(b)
		}
	}
}

// holds reports whether the others know that this gateway is alive.
func (n *Nodes) holds(now time.Time) bool {
	sent := n.held.Load()
	return sent != nil && now.Sub(*sent) < Dead
}

// Owns reports whether a channel, of a site, is this gateway's now.
func (n *Nodes) Owns(site, id string) bool {
	v, now := n.view.Load(), time.Now()
	if v.table == nil || !v.alone && !n.holds(now) || v.table.Owner(site, id) != n.o.Self.Name {
		return false
	}
	if !now.Before(v.from) {
		return true
	}
	if v.fresh {
		return false
	}
	if v.was == nil {
		return true
	}
	// Who died needs no time to let go.
	before := v.was.Owner(site, id)
	return before == n.o.Self.Name || !slices.ContainsFunc(v.table.Shares, func(s share) bool { return s.Node == before })
}

// Whole reports whether all channels of a site have one owner.
func (n *Nodes) Whole(site string) bool { return n.view.Load().table.Whole(site) }

// Owner is the gateway that owns a channel, and whether it is alive, this one among them.
func (n *Nodes) Owner(site, id string) (Node, bool) {
	name := n.view.Load().table.Owner(site, id)
	if name == n.o.Self.Name {
		return n.o.Self, true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	s, known := n.seen[name]
	return s.Node, known && !s.Leaving && time.Since(s.Heard) < Dead
}

// standing stands for all that Owns goes by, to see it change.
func (n *Nodes) standing() string {
	v, now := n.view.Load(), time.Now()
	return fmt.Sprint(len(v.raw), v.from.UnixNano(), now.Before(v.from), v.alone || n.holds(now))
}

// List is all gateways that were heard of, by name.
func (n *Nodes) List() []Seen {
	now := time.Now()
	self := Seen{Node: n.o.Self, Alive: n.view.Load().alone || n.holds(now), Heard: now, Self: true}
	if n.o.State != nil {
		self.State = n.o.State()
	}
	n.mu.Lock()
	all := []Seen{self}
	for _, s := range n.seen {
		s.Alive = !s.Leaving && now.Sub(s.Heard) < Dead
		all = append(all, s)
	}
	n.mu.Unlock()
	slices.SortFunc(all, func(a, b Seen) int { return strings.Compare(a.Name, b.Name) })
	return all
}
