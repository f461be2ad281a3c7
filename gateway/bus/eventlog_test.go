package bus

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"sharpeyes/registry/event"
)

// publishMany stores n health events, each of channel i%1000, and one site's event every 500.
func publishMany(t testing.TB, b *Bus, n int) {
	t.Helper()
	for i := range n {
		if i%500 == 499 {
			b.Publish(event.New("test", event.SiteOutage, time.Now(), event.Site{Site: "xiamen/district-1", Offline: i, Total: 9, Since: time.Now()}))
		} else {
			b.Publish(health(i % 1000))
		}
		if i%20_000 == 19_999 { // more would not fit into the queue
			waitStored(t, b, i+1)
		}
	}
	waitStored(t, b, n)
}

// waitStored waits until the stream has n events.
func waitStored(t testing.TB, b *Bus, n int) {
	t.Helper()
	ctx := soon(t)
	for {
		s, err := b.js.Stream(ctx, eventStream)
		if err != nil {
			t.Fatal(err)
		}
		if s.CachedInfo().State.LastSeq >= uint64(n) {
			return
		}
	}
}

func TestPastEvents(t *testing.T) {
	b := open(t, options(t.TempDir()))
	ctx := soon(t)
	if all, next, err := b.Past(ctx, event.Filter{}, time.Time{}, time.Time{}, 0, 10); len(all) > 0 || next != 0 || err != nil {
		t.Errorf("an empty stream: %d, %d, %v", len(all), next, err)
	}
	const n = 6000
	publishMany(t, b, n)

	for _, c := range []struct {
		f     event.Filter
		count int
	}{
		{event.Filter{}, n},
		{event.Filter{Kinds: []string{"site"}}, 12},
		{event.Filter{Kinds: []string{"motion"}}, 0},
		{event.Filter{Kinds: []string{"site", "health"}, Site: "xiamen/district-1"}, 1014},
		{event.Filter{Site: "xiamen/district-1"}, 1014},
		{event.Filter{Channel: "cam-000007"}, 6},
		{event.Filter{Channel: "cam-000007", Site: "xiamen/district-1"}, 6},
		{event.Filter{Channel: "cam-000007", Site: "xiamen/district-2"}, 0},
		{event.Filter{Classes: []string{"1", "2"}, Scenarios: []string{"traffic", "campus"}}, 3990},
		{event.Filter{Classes: []string{"1"}, Kinds: []string{"site"}}, 0},
	} {
		var all []string
		seen := make(map[string]bool)
		for before := uint64(0); ; {
			page, next, err := b.Past(ctx, c.f, time.Time{}, time.Time{}, before, 700)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				var ev struct{ ID, Time string }
				if err := json.Unmarshal(e, &ev); err != nil || seen[ev.ID] {
					t.Fatalf("%+v: %s, %v", c.f, e, err)
				}
				seen[ev.ID] = true
				all = append(all, ev.ID)
			}
			b.Publish(health(7777)) // pages don't move
			if before = next; next == 0 {
				break
			}
		}
		extra := 0 // what was published by the pages above
		if len(c.f.Kinds) == 0 || slices.Contains(c.f.Kinds, "health") {
			extra = 40
		}
		if len(all) < c.count || len(all) > c.count+extra {
			t.Errorf("%+v: %d events, want %d", c.f, len(all), c.count)
		}
		if !slices.IsSortedFunc(all, func(a, b string) int { return -compareText(a, b) }) && len(all) < 1000 {
			t.Errorf("%+v: not the newest first", c.f)
		}
	}

	if all, _, err := b.Past(ctx, event.Filter{}, time.Now().Add(time.Hour), time.Time{}, 0, 10); len(all) > 0 || err != nil {
		t.Errorf("since the future: %d, %v", len(all), err)
	}
	if all, _, err := b.Past(ctx, event.Filter{}, time.Time{}, time.Now().Add(-time.Hour), 0, 10); len(all) > 0 || err != nil {
		t.Errorf("until the past: %d, %v", len(all), err)
	}
	if all, _, err := b.Past(ctx, event.Filter{}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 0, 10); len(all) != 10 || err != nil {
		t.Errorf("an hour around now: %d, %v", len(all), err)
	}
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestPastSubjects(t *testing.T) {
	for _, c := range []struct {
		f    event.Filter
		want []string
	}{
		{event.Filter{}, []string{"sharpeyes.event.>"}},
		{event.Filter{Kinds: []string{"health"}, Classes: []string{"1"}, Site: "a/b"}, []string{"sharpeyes.event.health.c1.*.a.b.>"}},
		{event.Filter{Kinds: []string{"site"}, Site: "a"}, []string{"sharpeyes.event.site.a", "sharpeyes.event.site.a.>"}},
		{event.Filter{Kinds: []string{"motion"}, Channel: "x", Site: "a/b/c/d/e"}, []string{"sharpeyes.event.motion.*.*.a.b.c.d.e.*.x", "sharpeyes.event.motion.*.*.a.b.c.d.e.x"}},
	} {
		if got := pastSubjectsOf(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.f, got, c.want)
		}
	}
}

func BenchmarkPastEvents(b *testing.B) {
	o := options(b.TempDir())
	o.Events.MaxBytes = 4 << 30
	bus := open(b, o)
	publishMany(b, bus, 1_000_000)
	ctx := soon(b)
	for _, f := range []event.Filter{
		{}, {Kinds: []string{"site"}}, {Classes: []string{"1"}}, {Site: "xiamen/district-1"}, {Channel: "cam-000007"}, {Channel: "nobody"},
	} {
		b.Run(fmt.Sprintf("%+v", f), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := bus.Past(ctx, f, time.Time{}, time.Time{}, 0, 100); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
