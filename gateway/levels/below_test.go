package levels

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// level is a level below, in memory.
type level struct {
	mu   sync.Mutex
	site string // where it may register; empty: xiamen
	away bool
	log  string
	logs map[string][]Message
	lost bool // the next reading goes on from a place that isn't there any more

	forgot bool // the same of records
}

func (l *level) add(log, subject, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[log] = append(l.logs[log], Message{subject, json.RawMessage(data)})
}

func (l *level) set(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *level) Hello(context.Context) (Hello, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return Hello{}, errors.New("away")
	}
	return Hello{Node: "gateway", Events: strconv.Itoa(len(l.logs[Events]))}, nil
}

func (l *level) Read(ctx context.Context, log, after string) (Page, error) {
	for range 10 {
		l.mu.Lock()
		n, _ := strconv.Atoi(after)
		p := Page{Log: l.log, Next: after}
		if l.lost && log == Events {
			p.Again, n, l.lost = true, 0, false
		}
		if l.forgot && log == Records && n > 0 {
			p.Again, n, l.forgot = true, 0, false
		}
		if n > len(l.logs[log]) {
			n = 0
		}
		if rest := l.logs[log][n:]; len(rest) > 0 {
			p.Messages = slices.Clone(rest[:min(2, len(rest))])
			p.Next, p.Pending = strconv.Itoa(n+len(p.Messages)), uint64(len(rest)-len(p.Messages))
		}
		away := l.away
		l.mu.Unlock()
		if away {
			return Page{}, errors.New("away")
		}
		if len(p.Messages) > 0 {
			return p, nil
		}
		pause(ctx, time.Second)
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
	}
	return Page{Log: l.log, Next: after}, nil
}

// here is the gateway above, in memory.
type here struct {
	mu       sync.Mutex
	now      *registry.Snapshot
	found    map[string]event.State
	events   []string // ids
	progress map[string]Progress
	told     []string
	dies     bool // with the next copy, after it is stored
}

func (h *here) Snapshot() *registry.Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *here) Update(_ context.Context, _ string, fn func(*registry.Snapshot) (registry.Transaction, error)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	tx, err := fn(h.now)
	if err == nil && !tx.Empty() {
		h.now, err = h.now.Apply(tx, h.now.Version()+1)
	}
	return err
}

func (h *here) Found(c registry.Channel, s registry.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found[c.ID] = s.State
}

func (h *here) Copy(_ context.Context, events []Copied) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		h.events = append(h.events, e.ID)
	}
	if h.dies && len(events) > 0 {
		h.dies = false
		return errors.New("died")
	}
	return nil
}

func (h *here) End(context.Context) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(len(h.events)), nil
}

func (h *here) Since(_ context.Context, after uint64, f func(string)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range h.events[after:] {
		f(id)
	}
	return nil
}

func (h *here) Progress(level, log string) (Progress, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.progress[level+"."+log], nil
}

func (h *here) Proceed(_ context.Context, level, log string, p Progress) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress[level+"."+log] = p
	return nil
}

func (h *here) Lost(level string, _ time.Time) { h.tell("lost " + level) }
func (h *here) Back(level string, _ time.Time) { h.tell("back " + level) }
func (h *here) tell(s string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, s)
}

func (h *here) ids() (all []string) {
	for c := range h.Snapshot().All() {
		all = append(all, c.ID)
	}
	return all
}

// follow runs a level and what follows it until stop is called.
func follow(t *testing.T, l *level, h *here) (b *Below, stop func()) {
	t.Helper()
	b = New(Options{
		Name: "siming", Asker: l, Here: h, Log: slog.New(slog.DiscardHandler),
		Scopes: func() []registry.Scope {
			l.mu.Lock()
			defer l.mu.Unlock()
			return []registry.Scope{{Site: cmp.Or(l.site, "xiamen")}}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.Watch(ctx) })
	running.Go(func() { _ = b.Follow(ctx) })
	return b, func() { cancel(); running.Wait() }
}

func newLevel() *level { return &level{log: "first", logs: map[string][]Message{}} }

func newHere(t *testing.T) *here {
	return &here{now: city(t, 1, channel("own", 1, "xiamen/siming")), found: map[string]event.State{}, progress: map[string]Progress{}}
}

func (l *level) channel(id, site string, s event.State) {
	b, _ := json.Marshal(shared(channel(id, 1, site), registry.Status{State: s}))
	l.add(Records, ofChannel+id, string(b))
}

func (l *level) event(id string) {
	ev := event.New("gateway", event.HealthChanged, time.Now(), event.Health{Channel: channel("gate", 1, "xiamen/siming").Event(), State: event.Offline})
	ev.ID = id
	b, _ := json.Marshal(ev)
	l.add(Events, ev.Topic(), string(b))
}

func TestRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, h := newLevel(), newHere(t)
		for i := range 5 {
			l.channel(fmt.Sprintf("c%d", i), "xiamen/huli", event.Online)
		}
		l.channel("own", "xiamen/siming", event.Online) // the id is taken
		l.channel("far", "fuzhou", event.Online)        // isn't for it to register
		l.add(Records, ofSite+"xiamen.huli", `{"path":"xiamen/huli","name":"湖里区"}`)
		l.add(Records, ofSite+"xiamen.siming", `{"path":"xiamen/siming","name":"another"}`)
		l.add(Records, ofSite+"fuzhou.gulou", `{"path":"fuzhou/gulou","name":"not theirs"}`)
		b, stop := follow(t, l, h)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(h.ids()); got != "[c0 c1 c2 c3 c4 own]" {
			t.Errorf("registered are %s", got)
		}
		if own, _ := h.Snapshot().Get("own"); own.Via != "" || own.URL != "rtsp://10.1.2.3/main" {
			t.Errorf("own is %+v", own)
		}
		if s := b.State(); s.Refused != 2 || !strings.Contains(s.Why, ": ") || !s.Connected {
			t.Errorf("%+v", s)
		}
		huli, _ := h.Snapshot().Site("xiamen/huli")
		siming, _ := h.Snapshot().Site("xiamen/siming")
		_, gulou := h.Snapshot().Site("fuzhou/gulou")
		if huli.Name != "湖里区" || siming.Name != "思明区" || gulou {
			t.Errorf("sites %+v %+v %v", huli, siming, gulou)
		}
		l.channel("c1", "xiamen/huli", event.Offline)
		l.add(Records, ofChannel+"c0", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(h.ids()); got != "[c1 c2 c3 c4 own]" || h.found["c1"] != event.Offline {
			t.Errorf("%s, %v", got, h.found)
		}
		// Its server lost what it stored last: c1 is as it was before that.
		l.set(func() {
			l.forgot = true
			l.logs[Records] = slices.DeleteFunc(l.logs[Records], func(m Message) bool { return strings.Contains(string(m.Data), `"offline"`) })
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if h.found["c1"] != event.Online {
			t.Errorf("c1 is %s", h.found["c1"])
		}
		// What it may register is another part of the city.
		l.set(func() { l.site = "fuzhou" })
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(h.ids()); got != "[far own]" || b.State().Refused != 5 {
			t.Errorf("registered are %s, refused %d", got, b.State().Refused)
		}
		l.set(func() { l.site = "xiamen" })
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(h.ids()); got != "[c1 c2 c3 c4 own]" {
			t.Errorf("registered are %s", got)
		}
		stop()

		// It was set up anew, and shares less.
		l.set(func() { l.log, l.logs = "second", map[string][]Message{} })
		l.channel("c2", "xiamen/huli", event.Online)
		_, stop = follow(t, l, h)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(h.ids()); got != "[c2 own]" {
			t.Errorf("registered are %s", got)
		}
		stop()
	})
}

func TestEventsAreCopiedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, h := newLevel(), newHere(t)
		l.event("before")
		_, stop := follow(t, l, h)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		want := []string{}
		tell := func(n int) {
			for range n {
				id := fmt.Sprintf("e%d", len(want))
				l.event(id)
				want = append(want, id)
			}
		}
		check := func(when string) {
			t.Helper()
			h.mu.Lock()
			defer h.mu.Unlock()
			if !slices.Equal(h.events, want) {
				t.Errorf("%s:\n%v\n%v", when, h.events, want)
			}
		}
		tell(5)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		check("at first")
		h.mu.Lock()
		h.dies = true
		h.mu.Unlock()
		tell(7)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		check("after a failure")
		stop()
		tell(3)
		_, stop = follow(t, l, h)
		time.Sleep(time.Minute)
		synctest.Wait()
		check("after a start")
		l.set(func() { l.lost = true })
		tell(3)
		time.Sleep(time.Minute)
		synctest.Wait()
		// What is noted is from before the last ones; all that came later is known by its id.
		check("when its server had lost its place")
		l.set(func() { l.away = true })
		time.Sleep(time.Minute)
		synctest.Wait()
		tell(9)
		l.set(func() { l.away = false })
		time.Sleep(time.Minute)
		synctest.Wait()
		check("after it was away")
		if got := fmt.Sprint(h.told); got != "[lost siming back siming]" {
			t.Errorf("told %s", got)
		}
		stop()
	})
}

func TestCopied(t *testing.T) {
	b := New(Options{Name: "siming", Here: newHere(t), Log: slog.New(slog.DiscardHandler), Scopes: func() []registry.Scope {
		return []registry.Scope{{Site: "xiamen"}}
	}})
	types := map[event.Kind]event.Type{}
	for typ, of := range event.Types() {
		types[of.Kind()] = typ
	}
	about := func(id, site string) event.Channel { return channel(id, 1, site).Event() }
	for _, tt := range []struct {
		data event.Payload
		on   string // subject; empty: its own
		want error
	}{
		{event.Health{Channel: about("gate", "xiamen/siming")}, "", nil},
		{event.Motion{Channel: about("gate", "xiamen/siming")}, "", nil},
		{event.Site{Site: "xiamen/siming"}, "", nil},
		{event.Site{Site: "fuzhou"}, "", errForeign},
		{event.Health{Channel: about("gate", "fuzhou")}, "", errForeign},
		{event.Health{Channel: about("own", "xiamen/siming")}, "", errForeign}, // it is registered here
		{event.Alert{}, "sharpeyes.event.alert.c1.campus.xiamen.gate", errForeign},
		{event.Gateway{Node: "x"}, "", errForeign},
		{event.Health{Channel: about("gate", "xiamen/siming")}, "sharpeyes.event.health.c1.campus.xiamen.huli.gate", errMixed},
		{event.Health{Channel: about("gate", "xiamen/siming")}, "sharpeyes.registry.log", errForeign},
		{event.Site{Site: "xiamen/siming"}, "sharpeyes.event.site.xiamen.huli", errMixed},
	} {
		ev := event.New("gateway", types[tt.data.Kind()], time.Now(), tt.data)
		text, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		subject := tt.on
		if subject == "" {
			subject = ev.Topic()
		}
		if _, err := b.copied(Message{subject, text}, b.o.Scopes()); !errors.Is(err, tt.want) {
			t.Errorf("%T on %s: %v, want %v", tt.data, subject, err, tt.want)
		}
	}
	// Who goes by the type must not be told another thing than who goes by the subject.
	for _, tt := range []struct {
		typ  event.Type
		at   time.Time
		want error
	}{
		{event.HealthChanged, time.Now().Add(-30 * 24 * time.Hour), nil},
		{event.GatewayIsolated, time.Now(), errMixed}, {"sharpeyes.unheard.of", time.Now(), errMixed}, {event.HealthChanged, time.Now().Add(2 * time.Hour), errTime},
	} {
		ev := event.New("gateway", tt.typ, tt.at, event.Health{Channel: about("gate", "xiamen/siming")})
		text, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.copied(Message{ev.Topic(), text}, b.o.Scopes()); !errors.Is(err, tt.want) {
			t.Errorf("%s at %s: %v, want %v", tt.typ, tt.at, err, tt.want)
		}
	}
}

// FuzzCopied: whatever a level sends as an event, it is told on a subject of events of its channels, or not at all.
func FuzzCopied(f *testing.F) {
	f.Add("sharpeyes.event.health.c1.campus.xiamen.siming.gate", []byte(`{"id":"x","data":{"channel":{"id":"gate","class":1,"site":"xiamen/siming","scenario":"campus"}}}`))
	f.Add("sharpeyes.event.site.xiamen.siming", []byte(`{"id":"x","data":{"site":"xiamen/siming"}}`))
	h := &here{now: registry.Empty(), found: map[string]event.State{}, progress: map[string]Progress{}}
	b := New(Options{Name: "siming", Here: h, Log: slog.New(slog.DiscardHandler), Scopes: func() []registry.Scope {
		return []registry.Scope{{Site: "xiamen"}}
	}})
	kinds := maps.Collect(func(yield func(string, bool) bool) {
		for _, k := range event.Shareable() {
			yield(k, true)
		}
	})
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		c, err := b.copied(Message{subject, data}, b.o.Scopes())
		if err != nil {
			return
		}
		tokens := strings.Split(c.Subject, ".")
		if len(tokens) < 4 || tokens[0] != "sharpeyes" || tokens[1] != "event" || !kinds[tokens[2]] || c.ID == "" || !slices.Contains(tokens, "xiamen") {
			t.Errorf("%+v", c)
		}
	})
}
