package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"sharpeyes/registry/event"
)

// twoLevels are a city and a district that has joined it in the name of level.
func twoLevels(t *testing.T) (city, district *Bus, shared *Shared) {
	t.Helper()
	o := options(t.TempDir())
	o.NATS.LeafListen = "127.0.0.1:0"
	city = open(t, o)
	o = options(t.TempDir())
	remote := "nats://level:right@" + city.LeafAddress()
	o.NATS.LeafRemotes = []string{remote}
	district = open(t, o)
	shared, err := district.Share(t.Context(), []event.Filter{{Kinds: []string{"health"}, Classes: []string{"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		_ = shared.Serve(ctx, Answers{
			Hello: func(string) any { return "it's me" },
			Open:  func(_ context.Context, question []byte) any { return string(question) + "?" },
		})
	})
	t.Cleanup(func() { stop(); serving.Wait() })
	return city, district, shared
}

// below is what asks the district once it is connected.
func below(t *testing.T, city *Bus) *Below {
	t.Helper()
	b, err := city.Below("level")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	joined := time.Now()
	var hello string
	for b.Hello(t.Context(), &hello) != nil || hello != "it's me" {
		if time.Since(joined) > 20*time.Second {
			t.Fatal("the district hasn't joined")
		}
		pause(t.Context(), 10*time.Millisecond)
	}
	return b
}

func TestLevelIsAsked(t *testing.T) {
	city, district, shared := twoLevels(t)
	b := below(t, city)
	ctx := t.Context()
	var told string
	if err := b.Open(ctx, 7, &told); err != nil || told != "7?" {
		t.Errorf("open: %q, %v", told, err)
	}
	for i := range 200 {
		if err := shared.Put(ctx, map[string][]byte{fmt.Sprintf("channel.c%d", i%100): []byte(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for after, more := "", true; more; {
		p, err := b.Read(ctx, SharedRecords, after)
		if err != nil || len(p.Messages) == 0 || p.Again {
			t.Fatalf("after %s: %+v, %v", after, p, err)
		}
		for _, m := range p.Messages {
			got[m.Subject] = string(m.Data)
		}
		after, more = p.Next, p.Pending > 0
	}
	if len(got) != 100 || got["channel.c7"] != "107" {
		t.Errorf("%d records, %v", len(got), got["channel.c7"])
	}
	// Events: those of the filter alone, and what comes is told at once.
	come := make(chan Page, 1)
	go func() {
		p, _ := b.Read(ctx, SharedEvents, "")
		come <- p
	}()
	for _, class := range []int{3, 1} {
		district.Publish(event.New("d", event.HealthChanged, time.Now(), event.Health{Channel: event.Channel{ID: "gate", Class: class, Site: "xiamen", Scenario: "campus"}}))
	}
	if p := <-come; len(p.Messages) != 1 || p.Messages[0].Subject != "sharpeyes.event.health.c1.campus.xiamen.gate" {
		t.Errorf("events: %+v", p)
	}
}

// TestLevelReachesNothingElse has the city try, with all rights of its own server, what the district doesn't share.
func TestLevelReachesNothingElse(t *testing.T) {
	city, district, _ := twoLevels(t)
	below(t, city)
	var mu sync.Mutex
	var strange []string
	heard := make(chan string, 2)
	for bus, here := range map[*Bus]string{city: "the city", district: "the district"} {
		sub, err := bus.conn.Subscribe(">", func(m *nats.Msg) {
			switch from := string(m.Data); {
			case m.Subject == "the.end" && from == here:
				heard <- here
			case strings.HasPrefix(from, "the ") && from != here:
				mu.Lock()
				strange = append(strange, from+" reaches "+m.Subject+" of "+here)
				mu.Unlock()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Unsubscribe()
		if err := bus.conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	for bus, here := range map[*Bus]string{city: "the city", district: "the district"} {
		for _, subject := range []string{
			"sharpeyes.share.hello", "sharpeyes.share.open", "sharpeyes.shared.channel.x", "sharpeyes.event.health.c1.campus.xiamen.gate", "sharpeyes.registry.log",
			"sharpeyes.api.channels.query", "$KV.SHARPEYES_STATUS.gate", "$JS.API.STREAM.INFO.SHARPEYES_EVENTS", "campus.own", "_INBOX.x", "_LEVEL.level",
		} {
			if err := bus.conn.Publish(subject, []byte(here)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A question and its answer go the same way after them.
	var hello string
	if err := below(t, city).Hello(t.Context(), &hello); err != nil {
		t.Fatal(err)
	}
	for bus, here := range map[*Bus]string{city: "the city", district: "the district"} {
		if err := bus.conn.Publish("the.end", []byte(here)); err != nil {
			t.Fatal(err)
		}
	}
	<-heard
	<-heard
	mu.Lock()
	defer mu.Unlock()
	for _, s := range strange {
		t.Error(s)
	}
}

func TestLevelAway(t *testing.T) {
	o := options(t.TempDir())
	o.NATS.LeafListen = "127.0.0.1:0"
	b, err := open(t, o).Below("level")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Hello(t.Context(), new(string)); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}

// TestOnlyLevelsJoin: whoever is no level can't bring a server along, and a level can't be a client.
func TestOnlyLevelsJoin(t *testing.T) {
	o := options(t.TempDir())
	o.NATS.LeafListen = "127.0.0.1:0"
	city := open(t, o)
	if c, err := nats.Connect(city.ClientURL(), nats.UserInfo("level", "right")); err == nil {
		c.Close()
		t.Error("a level connects as a client")
	}
	o = options(t.TempDir())
	o.NATS.LeafRemotes = []string{"nats://admin:right@" + city.LeafAddress()}
	open(t, o)
	b, err := city.Below("admin")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Hello(t.Context(), new(string)); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}

func TestSubsumes(t *testing.T) {
	for _, tt := range []struct {
		wide, narrow string
		want         bool
	}{
		{"a.>", "a.b", true}, {"a.>", "a.b.>", true}, {"a.*.>", "a.b.c", true}, {"a.*", "a.b", true}, {"a.b", "a.b", true},
		{"a.*", "a.>", false}, {"a.b", "a.*", false}, {"a.>", "a", false}, {"a.b.c", "a.b", false}, {"a.*.c", "a.b.>", false},
	} {
		if subsumes(tt.wide, tt.narrow) != tt.want {
			t.Errorf("%s and %s", tt.wide, tt.narrow)
		}
	}
}

// TestSharedIsWhatIsMeant asks for more than subjects can say, and for kinds that aren't shared.
func TestSharedIsWhatIsMeant(t *testing.T) {
	b := open(t, options(t.TempDir()))
	ctx := t.Context()
	var scenarios []string
	for i := range 30 {
		scenarios = append(scenarios, fmt.Sprintf("s%d", i))
	}
	for name, tt := range map[string]struct {
		filters []event.Filter
		want    []string // subjects
	}{
		"everything":    {[]event.Filter{{}}, []string{"sharpeyes.event.health.c1.s1.xiamen.gate", "sharpeyes.event.health.c3.kitchen.xiamen.gate", "sharpeyes.event.site.xiamen"}},
		"many":          {[]event.Filter{{Kinds: []string{"health", "motion", "audit", "alert"}, Classes: []string{"1", "2", "9"}, Scenarios: scenarios}}, []string{"sharpeyes.event.health.c1.s1.xiamen.gate"}},
		"another place": {[]event.Filter{{Site: "fuzhou"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			shared, err := b.Share(ctx, tt.filters)
			if err != nil {
				t.Fatal(err)
			}
			begin := shared.end(ctx)
			gate := func(class int, scenario string) event.Channel {
				return event.Channel{ID: "gate", Class: class, Site: "xiamen", Scenario: scenario}
			}
			for _, data := range []event.Payload{
				event.Health{Channel: gate(1, "s1")}, event.Health{Channel: gate(3, "kitchen")}, event.Site{Site: "xiamen"},
				event.Audit{Channel: &event.Channel{ID: "gate", Class: 1, Site: "xiamen", Scenario: "s1"}}, event.Gateway{Node: "d"},
			} {
				m := nats.NewMsg(event.New("d", event.HealthChanged, time.Now(), data).Topic())
				m.Data = []byte("{}")
				if _, err := b.js.PublishMsg(ctx, m); err != nil {
					t.Fatal(err)
				}
			}
			p, err := page(ctx, shared.events, shared.filters, shared.meant, begin, 0)
			var got []string
			for _, m := range p.Messages {
				got = append(got, m.Subject)
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v, %v", got, err)
			}
			if p, err := page(ctx, shared.events, shared.filters, shared.meant, p.Next, 0); err != nil || len(p.Messages) > 0 || p.Again {
				t.Errorf("after it: %+v, %v", p, err)
			}
		})
	}
	if _, err := b.Share(ctx, []event.Filter{{Kinds: []string{"audit"}}}); err == nil {
		t.Error("the audit is shared")
	}
}

// TestPlaces reads on from places that aren't there any more.
func TestPlaces(t *testing.T) {
	b := open(t, options(t.TempDir()))
	ctx := t.Context()
	shared, err := b.Share(ctx, []event.Filter{{}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := shared.Put(ctx, map[string][]byte{fmt.Sprintf("channel.c%d", i): []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(after string) Page {
		t.Helper()
		p, err := page(ctx, shared.records, nil, nil, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := read("")
	info, err := shared.records.GetMsg(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	third := place{3, info.Time}.String()
	if p := read(third); p.Again || len(p.Messages) != 2 {
		t.Errorf("behind the third: %+v", p)
	}
	if p := read(all.Next); p.Again || len(p.Messages) != 0 {
		t.Errorf("behind the last: %+v", p)
	}
	// The same sequence, and another time: it was lost, and given to another.
	if p := read(place{3, info.Time.Add(-time.Nanosecond)}.String()); !p.Again || len(p.Messages) != 3 {
		t.Errorf("behind one that was lost: %+v", p)
	}
	if p := read(place{9, info.Time}.String()); !p.Again || len(p.Messages) != 3 {
		t.Errorf("behind one that isn't there: %+v", p)
	}
	for _, bad := range []string{"x", "3", "@", "-1@2", "99999999999999999999999@1"} {
		if p := read(bad); len(p.Messages) != 5 {
			t.Errorf("behind %q: %+v", bad, p)
		}
	}
}

// TestNobodyStopsTheStore: what the server logs of a stranger's words isn't taken for its own.
func TestNobodyStopsTheStore(t *testing.T) {
	b := open(t, options(t.TempDir()))
	for _, user := range []string{"JetStream failed to store a msg on stream", "JetStream out of space, will be DISABLED"} {
		if c, err := nats.Connect(b.ClientURL(), nats.UserInfo(user, "x")); err == nil {
			c.Close()
			t.Error("a stranger is let in")
		}
	}
	if err := b.disk().room(); err != nil {
		t.Error(err)
	}
}
