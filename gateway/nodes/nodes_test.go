package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// shared is a store of several gateways.
type shared struct {
	mu       sync.Mutex
	records  map[string][]byte
	watchers map[int]chan [2]string
	next     int
}

// own is one gateway's way to it, which can be cut.
type own struct {
	*shared
	cut *atomic.Bool
}

var errCut = errors.New("cut")

func (o own) Get(_ context.Context, name string) ([]byte, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, there := o.records[name]
	return b, there, nil
}

func (o own) List(context.Context) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Keys(o.records)), nil
}

func (o own) write(name string, record []byte, if_ func(was []byte, there bool) bool) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cut.Load() {
		return false, errCut
	}
	if was, there := o.records[name]; !if_(was, there) {
		return false, nil
	}
	o.records[name] = record
	for _, told := range o.watchers {
		told <- [2]string{name, string(record)}
	}
	return true, nil
}

func (o own) Create(_ context.Context, name string, record []byte) (bool, error) {
	return o.write(name, record, func(_ []byte, there bool) bool { return !there })
}

func (o own) Update(_ context.Context, name string, record, was []byte) (bool, error) {
	return o.write(name, record, func(now []byte, there bool) bool { return there && string(now) == string(was) })
}

func (o own) Put(_ context.Context, name string, record []byte) error {
	_, err := o.write(name, record, func([]byte, bool) bool { return true })
	return err
}

func (o own) Sync(context.Context) error {
	if o.cut.Load() {
		return errCut
	}
	return nil
}

func (o own) Watch(fn func(string, []byte)) func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	n, told := o.next, make(chan [2]string, 1000)
	o.watchers[n] = told
	go func() { // in order, and never while somebody writes
		for m := range told {
			if !o.cut.Load() {
				fn(m[0], []byte(m[1]))
			}
		}
	}()
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.watchers, n)
		close(told)
	}
}

// city is sites of very different sizes.
func city() map[string]int {
	r := rand.New(rand.NewPCG(1, 2))
	all := map[string]int{}
	for d := range 6 {
		for s := range 8 {
			all[fmt.Sprintf("xiamen/d%d/s%d", d, s)] = r.IntN(2600)
		}
		all[fmt.Sprintf("xiamen/d%d", d)] = r.IntN(50)
	}
	all["xiamen"] = 17
	all["xiamen/airport"] = 4000
	return all
}

func sharesOf(names ...string) (all []share) {
	for _, n := range names {
		all = append(all, share{n, 1})
	}
	return all
}

// loads are the channels of each, and the owner of every one.
func loads(t *Table, counts map[string]int) (n map[string]int, owners map[string]string) {
	n, owners = map[string]int{}, map[string]string{}
	for site, count := range counts {
		for i := range count {
			id := fmt.Sprintf("%s-%d", site, i)
			o := t.Owner(site, id)
			n[o]++
			owners[id] = o
		}
	}
	return n, owners
}

// Shares are even to five percent, by capacity, sites are kept together, and little moves.
func TestAssign(t *testing.T) {
	counts, total := city(), 0
	for _, n := range counts {
		total += n
	}
	one := assign(counts, sharesOf("a"))
	if n, _ := loads(one, counts); n["a"] != total || !one.Whole("xiamen") {
		t.Errorf("one has %v of %d", n, total)
	}
	three := assign(counts, sharesOf("a", "b", "c"))
	n, before := loads(three, counts)
	for name, has := range n {
		if fair := total / 3; has < fair*95/100 || has > fair*105/100 {
			t.Errorf("%s has %d, the fair share is %d", name, has, fair)
		}
	}
	if !three.even(counts) || three.Whole("xiamen") {
		t.Errorf("even %v, whole %v", three.even(counts), three.Whole("xiamen"))
	}
	whole := 0
	for site := range counts {
		if three.Whole(site) {
			whole++
		}
	}
	if whole < len(counts)/2 {
		t.Errorf("%d of %d sites are whole", whole, len(counts))
	}
	two := assign(counts, sharesOf("a", "c"))
	_, after := loads(two, counts)
	moved := 0
	for id, o := range before {
		if o != "b" && after[id] != o {
			moved++
		}
	}
	t.Logf("three have %v of %d; %d sites of %d are whole; when one goes %d channels move besides its own", n, total, whole, len(counts), moved)
	if moved > total/4 {
		t.Errorf("%d of %d channels move besides those of who is gone", moved, total)
	}
	weighted := assign(counts, []share{{"a", 1}, {"b", 3}})
	if n, _ := loads(weighted, counts); n["b"] < total*72/100 || n["b"] > total*78/100 {
		t.Errorf("three quarters of %d: %v", total, n)
	}
	if o := three.Owner("xiamen/new/street", "x"); o == "" {
		t.Error("a new site has no owner")
	}
	counts["xiamen/d0/s0"] += total
	if three.even(counts) {
		t.Error("it is even though one site has become as large as all the others")
	}
}

// gateways are several that run.
type gateways struct {
	t    *testing.T
	s    *shared
	all  map[string]*Nodes
	cut  map[string]*atomic.Bool
	stop map[string]context.CancelFunc
	done map[string]chan error
}

func newGateways(t *testing.T) *gateways {
	return &gateways{
		t: t, s: &shared{records: map[string][]byte{}, watchers: map[int]chan [2]string{}},
		all: map[string]*Nodes{}, cut: map[string]*atomic.Bool{}, stop: map[string]context.CancelFunc{}, done: map[string]chan error{},
	}
}

func (g *gateways) start(name string) { g.startAt(name, time.Now()) }

// startAt starts one by whose clock it is that time.
func (g *gateways) startAt(name string, now time.Time) {
	g.t.Helper()
	g.cut[name] = new(atomic.Bool)
	n, err := Join(g.t.Context(), Options{
		Self:   Node{Name: name, Instance: name + fmt.Sprint(time.Now().UnixNano()), Capacity: 1, Started: now},
		Bucket: own{g.s, g.cut[name]}, Counts: city, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		g.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(g.t.Context())
	g.all[name], g.stop[name], g.done[name] = n, stop, make(chan error, 1)
	done := g.done[name]
	go func() { done <- n.Run(ctx) }()
	g.t.Cleanup(synctest.Wait)
}

// owners counts who owns each of some channels; it fails when two do.
func (g *gateways) owners() (unowned int, by map[string]int) {
	g.t.Helper()
	by = map[string]int{}
	for site := range city() {
		for i := range 8 {
			n := 0
			for name, one := range g.all {
				if one.Owns(site, fmt.Sprint(i)) {
					n++
					by[name]++
				}
			}
			if n > 1 {
				for name, one := range g.all {
					v := one.view.Load()
					g.t.Logf("%v %s: version %d of %v, was %v, from %v, fresh %v; owner %s", time.Now(), name, v.table.Version, v.table.Shares, v.was != nil, v.from, v.fresh, v.table.Owner(site, fmt.Sprint(i)))
				}
				g.t.Fatalf("%d gateways own %s %d", n, site, i)
			}
			if n == 0 {
				unowned++
			}
		}
	}
	return unowned, by
}

// within waits until all channels are owned by as many gateways, looking all the time for one that two own.
func (g *gateways) within(d time.Duration, by int) {
	g.t.Helper()
	began := time.Now()
	for {
		unowned, has := g.owners()
		if unowned == 0 && len(has) == by {
			return
		}
		if time.Since(began) > d {
			g.t.Fatalf("after %v %d channels are unowned, the others are %v's", d, unowned, has)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (g *gateways) end(name string) {
	g.stop[name]()
	if err := <-g.done[name]; err != nil {
		g.t.Error(err)
	}
	if err := g.all[name].Leave(g.t.Context()); err != nil {
		g.t.Error(err)
	}
	delete(g.all, name)
}

// Whatever comes and goes, no channel has two owners, and none is without for long.
func TestComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateways(t)
		g.start("b")
		g.within(0, 1) // alone it waits for nobody
		select {
		case <-g.all["b"].Company():
			t.Error("one that is alone has company")
		default:
		}
		g.start("c")
		g.within(together+Settle+beat, 2)
		g.start("a")
		g.within(together+Settle+beat, 3)
		<-g.all["b"].Company()
		if list := g.all["b"].List(); len(list) != 3 || !list[0].Alive || !list[1].Self {
			t.Errorf("%+v", list)
		}

		// One dies: the others have its channels in less than ten seconds.
		g.cut["a"].Store(true)
		dead := g.all["a"]
		g.within(Dead+2*beat, 2) // still counting what it believes to own: nothing
		if dead.Owns("xiamen", "1") {
			t.Error("the dead owns something")
		}
		// It was paused, and goes on.
		g.cut["a"].Store(false)
		g.within(together+Settle+2*beat, 3)

		// One leaves in good order.
		g.end("b")
		g.within(2*beat, 2)

		// One is started again at once, under its old name.
		g.end("c")
		g.start("c")
		g.within(together+Settle+2*beat, 2)
		g.end("a")
		g.within(2*beat, 1)
		g.end("c")
	})
}

// Who is alive is measured by each gateway's own clock: they may differ by years.
func TestClocksNeedNotAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateways(t)
		g.start("a")
		g.within(0, 1)
		g.startAt("b", time.Now().AddDate(10, 0, 0))
		g.within(together+Settle+beat, 2)
		g.startAt("c", time.Unix(0, 0))
		g.within(together+Settle+beat, 3)
		g.cut["b"].Store(true)
		g.within(Dead+2*beat, 2)
		g.cut["b"].Store(false)
		g.within(together+Settle+2*beat, 3)
		for _, name := range []string{"a", "b", "c"} {
			g.end(name)
		}
	})
}

// The younger of two with one name yields.
func TestSameName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateways(t)
		g.start("a")
		first, stop := g.done["a"], g.stop["a"]
		time.Sleep(3 * time.Second)
		g.start("a")
		if err := <-g.done["a"]; !errors.Is(err, ErrTaken) {
			t.Errorf("the second: %v", err)
		}
		stop()
		if err := <-first; err != nil {
			t.Errorf("the first: %v", err)
		}
	})
}

// BenchmarkAssign divides a province: a million channels in ten thousand sites, among sixteen.
func BenchmarkAssign(b *testing.B) {
	counts := map[string]int{}
	for i := range 10_000 {
		counts[fmt.Sprintf("fujian/c%d/d%d/s%d", i%9, i%90, i)] = 100
	}
	var names []string
	for i := range 16 {
		names = append(names, fmt.Sprint("gateway-", i))
	}
	var t *Table
	for b.Loop() {
		t = assign(counts, sharesOf(names...))
	}
	record, err := json.Marshal(t)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(record)), "B/table")
}

// BenchmarkOwns asks whose a channel is, as each probe does.
func BenchmarkOwns(b *testing.B) {
	n := &Nodes{o: Options{Self: Node{Name: "a"}}}
	n.view.Store(&view{table: assign(city(), sharesOf("a", "b", "c"))})
	now := time.Now()
	n.held.Store(&now)
	for b.Loop() {
		n.Owns("xiamen/d3/s4", "35020601001311000001")
	}
}
