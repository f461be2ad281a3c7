package alerts

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// bench is an engine and what it told.
type bench struct {
	t      *testing.T
	e      *Engine
	keep   *memory
	events []event.Event
	next   uint64
}

func newBench(t *testing.T, rules ...alert.Rule) *bench {
	t.Helper()
	b := &bench{t: t, keep: &memory{records: map[string][]byte{}}}
	b.restart(rules...)
	return b
}

func (b *bench) restart(rules ...alert.Rule) {
	b.t.Helper()
	b.e = newEngine("here", b.keep, func(e event.Event) { b.events = append(b.events, e) },
		func(context.Context, alert.Rule, event.Event) {}, slog.New(slog.DiscardHandler), newMetrics())
	b.rule(rules...)
	for _, record := range b.keep.records {
		a, err := alert.Decode(record)
		if err != nil {
			b.t.Fatal(err)
		}
		b.e.load(a, record)
	}
}

// rule gives the engine rules.
func (b *bench) rule(rules ...alert.Rule) {
	b.t.Helper()
	var all []*alert.Compiled
	for _, r := range rules {
		c, err := r.Compile(time.UTC)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, c)
	}
	b.e.setRules(all)
}

func health(id, site, state string) alert.Seen {
	return alert.Seen{
		ID: id + state, Type: string(event.HealthChanged), Channel: &event.Channel{ID: id, Name: id, Class: 1, Site: site, Scenario: "campus"},
		Class: 1, Site: site, Scenario: "campus", State: state,
	}
}

func moves(id, site string) alert.Seen {
	s := health(id, site, "")
	s.Type = string(event.MotionStarted)
	return s
}

// take gives the engine events, a second apart, and returns the time after them.
func (b *bench) take(at time.Time, all ...alert.Seen) time.Time {
	for _, s := range all {
		b.next++
		s.Sequence, s.At, s.ID = b.next, at, fmt.Sprint(s.ID, b.next)
		b.e.take(b.t.Context(), &s, at)
		at = at.Add(time.Second)
	}
	return at
}

func (b *bench) tick(at time.Time) { b.e.tick(b.t.Context(), at) }

// told are the events since the last call, as "raised: title".
func (b *bench) told() []string {
	var all []string
	for _, e := range b.events {
		all = append(all, string(e.Type)[len("sharpeyes.alert."):]+": "+e.Data.(event.Alert).Title)
	}
	b.events = nil
	return all
}

func (b *bench) want(want ...string) {
	b.t.Helper()
	if got := b.told(); !slices.Equal(got, want) {
		b.t.Fatalf("told %q, want %q", got, want)
	}
}

func offline(name string) alert.Rule {
	return alert.Rule{
		Name: name, Title: "{channel} is gone", Enabled: true, Types: []string{string(event.HealthChanged)}, When: `state == "offline"`,
		Severity: alert.Warning,
	}
}

// An alert is raised once for what is folded together, and closes when all of it has ended.
func TestRaisedFoldedClosed(t *testing.T) {
	r := offline("r")
	r.FoldBy = alert.BySite
	b := newBench(t, r)
	at := b.take(noon, health("a", "x", "offline"), health("b", "x", "offline"), health("c", "y", "offline"))
	b.want("raised: a is gone", "raised: c is gone")
	at = b.take(at, health("a", "x", "online"))
	b.want()
	b.take(at, health("b", "x", "degraded"))
	b.want("closed: a is gone")
}

// What doesn't last raises nothing.
func TestLasts(t *testing.T) {
	r := offline("r")
	r.For = alert.Duration(5 * time.Minute)
	b := newBench(t, r)
	b.take(noon, health("a", "x", "offline"), health("b", "x", "offline"))
	b.take(noon.Add(4*time.Minute), health("a", "x", "online"))
	b.tick(noon.Add(4*time.Minute + 59*time.Second))
	b.want()
	b.tick(noon.Add(5*time.Minute + 2*time.Second))
	b.want("raised: b is gone")
}

// What waits to last goes on waiting while other rules are edited, and is forgotten with its own.
func TestLastsWhileOthersAreEdited(t *testing.T) {
	long, other := offline("long"), offline("other")
	long.For = alert.Duration(5 * time.Minute)
	other.Enabled = false
	b := newBench(t, long, other)
	b.take(noon, health("a", "x", "offline"))
	other.Title = "edited"
	b.rule(long, other)
	b.tick(noon.Add(6 * time.Minute))
	b.want("raised: a is gone")
	b.take(noon.Add(7*time.Minute), health("b", "y", "offline"))
	long.Severity = alert.Critical
	b.rule(long, other)
	b.tick(noon.Add(13 * time.Minute))
	b.want()
}

func TestCount(t *testing.T) {
	r := alert.Rule{
		Name: "r", Title: "{channel}", Enabled: true, Types: []string{string(event.MotionStarted)}, Severity: alert.Info,
		Count: 3, Within: alert.Duration(time.Minute), FoldBy: alert.BySite,
	}
	b := newBench(t, r)
	b.take(noon, moves("a", "x"), moves("b", "x"))
	b.take(noon.Add(2*time.Minute), moves("c", "x"), moves("d", "x"))
	b.want()
	b.take(noon.Add(2*time.Minute+30*time.Second), moves("e", "x"))
	b.want("raised: e")
}

// While a site is out, nothing is said of what is in it.
func TestSuppressed(t *testing.T) {
	out := alert.Rule{
		Name: "out", Title: "{channel} is out", Enabled: true, Types: []string{string(event.SiteOutage)}, FoldBy: alert.BySite,
		Severity: alert.Critical, Suppresses: []string{"r"},
	}
	b := newBench(t, offline("r"), out)
	outage := alert.Seen{ID: "o", Type: string(event.SiteOutage), Site: "x"}
	at := b.take(noon, outage, health("a", "x/y", "offline"), health("b", "xx", "offline"))
	b.want("raised: x is out", "raised: b is gone")
	outage.Type = string(event.SiteRestored)
	at = b.take(at, outage, health("b", "xx", "online"))
	b.want("closed: x is out", "closed: b is gone")
	b.take(at, health("c", "x/y", "offline"))
	b.want("raised: c is gone")
}

// After a restart the events of the last while are read again, and nothing is told twice; what was waited
// for is waited for.
func TestRestart(t *testing.T) {
	long := offline("long")
	long.For = alert.Duration(5 * time.Minute)
	long.Title = "{channel} is long gone"
	rules := []alert.Rule{offline("r"), long}
	b := newBench(t, rules...)
	play := func() {
		b.next = 0
		b.take(noon, health("a", "x", "offline"), health("b", "x", "offline"), health("a", "x", "online"))
	}
	play()
	b.tick(noon.Add(time.Minute))
	b.want("raised: a is gone", "raised: b is gone", "closed: a is gone")
	b.restart(rules...)
	play()
	b.tick(noon.Add(time.Minute))
	b.want()
	b.tick(noon.Add(6 * time.Minute))
	b.want("raised: b is long gone")
	b.take(noon.Add(7*time.Minute), health("b", "x", "online"))
	b.want("closed: b is gone", "closed: b is long gone")
}

func TestSnoozed(t *testing.T) {
	b := newBench(t, offline("r"))
	b.take(noon, health("a", "x", "offline"))
	b.want("raised: a is gone")
	for id, record := range b.keep.records {
		a, err := alert.Decode(record)
		if err != nil {
			t.Fatal(err)
		}
		a.State, a.Snoozed = alert.Acknowledged, noon.Add(time.Hour)
		if record, err = alert.Encode(a); err != nil {
			t.Fatal(err)
		}
		b.keep.records[id] = record
		b.e.heard(a, record)
	}
	b.tick(noon.Add(59 * time.Minute))
	b.want()
	b.tick(noon.Add(time.Hour))
	b.want("raised: a is gone")
}

// A disabled rule, and one out of its hours, raise nothing, and close what they raised.
func TestDisabled(t *testing.T) {
	r := offline("r")
	b := newBench(t, r)
	b.take(noon, health("a", "x", "offline"))
	b.want("raised: a is gone")
	r.Enabled = false
	b.restart(r)
	at := b.take(noon.Add(time.Minute), health("b", "x", "offline"))
	b.want()
	b.take(at, health("a", "x", "online"))
	b.want("closed: a is gone")
}

func BenchmarkTake(b *testing.B) {
	e := newEngine("here", &memory{records: map[string][]byte{}}, func(event.Event) {}, func(context.Context, alert.Rule, event.Event) {},
		slog.New(slog.DiscardHandler), newMetrics())
	var all []*alert.Compiled
	for _, r := range Fresh(true) {
		c, err := r.Compile(time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
	}
	e.setRules(all)
	b.ReportAllocs()
	for n := uint64(1); b.Loop(); n++ {
		s := moves(fmt.Sprint(n%5000), fmt.Sprint("x/", n%100))
		s.Sequence, s.At = n, noon.Add(11*time.Hour)
		e.take(b.Context(), &s, s.At)
	}
}
