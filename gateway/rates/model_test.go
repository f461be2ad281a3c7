package rates

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// model is what the Recorder ought to know, kept in the simplest way.
type model struct {
	t        *testing.T
	rnd      *rand.Rand
	shelf    *shelf
	rec      *Recorder
	snapshot *registry.Snapshot
	history  map[string][]recorded
	gaps     spans
	dark     int64 // 0: sees
	statuses map[string]registry.Status
}

func (m *model) options() Options {
	return Options{
		Store: m.shelf, Node: "one", Snapshot: func() *registry.Snapshot { return m.snapshot },
		Targets: func() map[int]float64 { return map[int]float64{1: 0.98, 2: 0.95} }, Log: discard(),
	}
}

func (m *model) open() {
	var err error
	if m.rec, err = Open(m.t.Context(), m.options()); err != nil {
		m.t.Fatal(err)
	}
	m.rec.Sync(func(yield func(string, registry.Status) bool) {
		for id, s := range m.statuses {
			if !yield(id, s) {
				return
			}
		}
	})
}

// stop ends the Recorder in good order, or kills it once all that it was told is in the store.
func (m *model) stop(kill bool) {
	if kill {
		time.Sleep(2 * time.Second)
		m.rec.stop()
		m.rec.running.Wait()
	} else if err := m.rec.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) restart() {
	m.stop(m.rnd.IntN(2) == 0)
	from := m.shelf.last(m.t)
	if m.dark > 0 {
		from, m.dark = m.dark, 0
	}
	switch m.rnd.IntN(4) {
	case 0:
		time.Sleep(time.Duration(m.rnd.IntN(40)) * time.Hour)
	case 1:
		time.Sleep(time.Duration(m.rnd.IntN(300)) * time.Minute)
	default:
		time.Sleep(time.Duration(m.rnd.IntN(30_000)) * time.Millisecond)
	}
	m.gaps = append(m.gaps, span{from, time.Now().UnixMilli()})
	m.open()
}

func (m *model) edit(tx registry.Transaction) {
	tx.ID, tx.At = fmt.Sprint(m.snapshot.Version()+1), time.Now()
	next, err := m.snapshot.Apply(tx, m.snapshot.Version()+1)
	if err != nil {
		m.t.Fatal(err)
	}
	m.snapshot = next
}

func modelChannel(n int) registry.Channel {
	sites := []string{"a", "a/b", "a/b/c", "a/bc", "d"}
	return registry.Channel{
		ID: fmt.Sprintf("ch-%02d", n), Name: "x", Class: registry.Class(n%3 + 1), Site: sites[n%len(sites)],
		Scenario: []string{"campus", "traffic"}[n%2], URL: "rtsp://192.0.2.1/", Transport: "auto", Motion: "auto", Enabled: true,
	}
}

func (m *model) change() {
	id := fmt.Sprintf("ch-%02d", m.rnd.IntN(20))
	s := []event.State{event.Online, event.Online, event.Degraded, event.Offline, event.Unknown, event.Disabled, ""}[m.rnd.IntN(7)]
	why := []event.Reason{"", event.NoAnswer, event.Frozen}[m.rnd.IntN(3)]
	now := time.Now()
	m.rec.Record(Change{ID: id, To: s, Reason: why, At: now})
	m.history[id] = append(m.history[id], recorded{id: id, at: now.UnixMilli(), state: codeOf(s), reason: why})
	if s == "" {
		delete(m.statuses, id)
	} else {
		m.statuses[id] = registry.Status{State: s, Reason: why}
	}
}

func (m *model) maintain() {
	all := m.snapshot.Maintenances()
	if len(all) > 0 && m.rnd.IntN(4) == 0 {
		m.edit(registry.Transaction{DeleteMaintenance: []string{all[m.rnd.IntN(len(all))].ID}})
		return
	}
	w := registry.Maintenance{ID: fmt.Sprintf("w%d", m.rnd.IntN(12)), Why: "work"} // one that is there is moved
	w.From = time.Now().Add(time.Duration(m.rnd.IntN(100*3600)-80*3600) * time.Second).Truncate(time.Millisecond)
	w.Until = w.From.Add(time.Duration(1+m.rnd.IntN(30*3600_000)) * time.Millisecond)
	if m.rnd.IntN(2) == 0 {
		w.Site = []string{"a", "a/b", "d"}[m.rnd.IntN(3)]
	} else {
		w.Channel = fmt.Sprintf("ch-%02d", m.rnd.IntN(20))
	}
	m.edit(registry.Transaction{Maintenance: []registry.Maintenance{w}})
}

// count is the tally of a channel, moment by moment.
func (m *model) count(ch registry.Channel, from, until int64) (t tally) {
	edges := []int64{from, until}
	gaps := m.gaps
	if m.dark > 0 {
		gaps = append(slices.Clone(gaps), span{m.dark, math.MaxInt64})
	}
	for _, g := range gaps {
		edges = append(edges, g.from, g.until)
	}
	for _, c := range m.history[ch.ID] {
		edges = append(edges, c.at)
	}
	windows := m.snapshot.Maintenances()
	for _, w := range windows {
		edges = append(edges, w.From.UnixMilli(), w.Until.UnixMilli())
	}
	slices.Sort(edges)
	for i, a := range edges[:len(edges)-1] {
		b := edges[i+1]
		if a < from || b > until || a >= b {
			continue
		}
		state := absent
		for _, c := range m.history[ch.ID] {
			if c.at <= a {
				state = c.state
			}
		}
		for _, g := range gaps {
			if state != absent && state != disabled && g.from <= a && b <= g.until {
				state = unknown
			}
		}
		for _, w := range windows {
			covers := w.Channel == ch.ID || w.Site != "" && (ch.Site == w.Site || strings.HasPrefix(ch.Site, w.Site+"/"))
			if covers && w.From.UnixMilli() <= a && b <= w.Until.UnixMilli() {
				state = disabled
			}
		}
		if state != absent && state != disabled {
			t[state-online] += b - a
		}
	}
	return t
}

func (m *model) check(start int64) {
	now := time.Now().UnixMilli()
	from, until := start+m.rnd.Int64N(now-start), start+m.rnd.Int64N(now-start)
	if from > until {
		from, until = until, from
	}
	switch m.rnd.IntN(4) {
	case 0:
		from, until = start, now
	case 1:
		from, until = from/dayLength*dayLength, min((until/dayLength+1)*dayLength, now)
	}
	if from >= until {
		return
	}
	ctx := context.Background()
	at, end := time.UnixMilli(from), time.UnixMilli(until)
	want := make(map[string]*tally)
	sizes := make(map[string]int)
	for ch := range m.snapshot.All() {
		one := m.count(ch, from, until)
		for _, g := range []string{"all", fmt.Sprintf("%d//", ch.Class), fmt.Sprintf("0/%s/%s", ch.Site, ch.Scenario), ch.ID} {
			if want[g] == nil {
				want[g] = &tally{}
			}
			want[g].merge(&one)
			sizes[g]++
		}
	}
	same := func(what string, got registry.Rate, key string) {
		m.t.Helper()
		w := want[key]
		if w == nil {
			m.t.Fatalf("%s: nobody knows %s", what, key)
		}
		g := tally{int64(math.Round(got.Online * 1000)), int64(math.Round(got.Degraded * 1000)), int64(math.Round(got.Offline * 1000)), int64(math.Round(got.Unknown * 1000))}
		if g != *w || got.Channels != sizes[key] || int64(math.Round(got.Excluded*1000)) != int64(sizes[key])*(until-from)-w.all() {
			m.t.Fatalf("%s %s from %s until %s (now %s): %v excluded %v of %d channels, want %v of %d\ngaps %v dark %d\nwindows %v", what, key, at.UTC(), end.UTC(), time.Now().UTC(), g, got.Excluded, got.Channels, *w, sizes[key], m.gaps, m.dark, m.snapshot.Maintenances())
		}
	}
	for _, by := range [][]string{{"class"}, {"site", "scenario"}} {
		got, err := m.rec.Rates(ctx, registry.Query{}, by, at, end)
		if err != nil {
			m.t.Fatal(err)
		}
		same("total", got.Total, "all")
		for _, g := range got.Groups {
			same("group", g.Rate, fmt.Sprintf("%d/%s/%s", g.Class, g.Site, g.Scenario))
		}
	}
	seen, cursor := 0, ""
	for worst := math.Inf(1); ; {
		page, err := m.rec.Channels(ctx, registry.Query{}, at, end, 7, cursor)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, c := range page.Items {
			if seen++; c.Offline > worst {
				m.t.Fatalf("%s is worse than the one before", c.ID)
			}
			worst = c.Offline
			same("channel", c.Rate, c.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if seen != m.snapshot.Len() {
		m.t.Fatalf("%d channels of %d", seen, m.snapshot.Len())
	}
	ch, _ := m.snapshot.Get(fmt.Sprintf("ch-%02d", m.rnd.IntN(m.snapshot.Len())))
	m.checkStates(ctx, ch, from, until)
}

func (m *model) checkStates(ctx context.Context, ch registry.Channel, from, until int64) {
	spans, err := m.rec.States(ctx, ch.ID, time.UnixMilli(from), time.UnixMilli(until), 100000)
	if err != nil {
		m.t.Fatal(err)
	}
	var got tally
	later := until
	for i, s := range spans {
		if s.Until.UnixMilli() > later || !s.From.Before(s.Until) {
			m.t.Fatalf("%v doesn't come before %d", s, later)
		}
		if i > 0 && s.From == spans[i-1].Until && s.State == spans[i-1].State && s.Reason == spans[i-1].Reason && s.Maintenance == spans[i-1].Maintenance {
			m.t.Fatalf("%v goes on in %v", s, spans[i-1])
		}
		later = s.From.UnixMilli()
		if c := codeOf(s.State); !s.Maintenance && c != disabled {
			got[c-online] += s.Until.Sub(s.From).Milliseconds()
		}
	}
	if want := m.count(ch, from, until); got != want {
		m.t.Fatalf("the states of %s add up to %v, want %v", ch.ID, got, want)
	}
}

// Whatever happens, and however it is asked for, every millisecond is in its place.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &model{
					t: t, rnd: rand.New(rand.NewPCG(seed, 1)), shelf: newShelf(), snapshot: registry.Empty(),
					history: make(map[string][]recorded), statuses: make(map[string]registry.Status),
				}
				var tx registry.Transaction
				for n := range 20 {
					tx.Put = append(tx.Put, modelChannel(n))
				}
				m.edit(tx)
				start := time.Now().UnixMilli()
				m.open()
				defer func() { // also after a failure
					m.rec.stop()
					m.rec.running.Wait()
				}()
				for range 300 {
					time.Sleep(time.Duration(m.rnd.IntN(1_200_000)) * time.Millisecond)
					switch n := m.rnd.IntN(100); {
					case n < 5:
						m.restart()
					case n < 10:
						m.maintain()
					case n < 12 && m.dark == 0:
						m.dark = time.Now().Add(-3 * time.Second).UnixMilli()
						m.rec.Blind(time.UnixMilli(m.dark))
					case n < 16 && m.dark > 0:
						m.rec.Seeing()
						m.gaps, m.dark = append(m.gaps, span{m.dark, time.Now().UnixMilli()}), 0
					case n < 17:
						ch := modelChannel(m.rnd.IntN(20))
						ch.Class, ch.Site = registry.Class(m.rnd.IntN(3)+1), "a/b"
						m.edit(registry.Transaction{Put: []registry.Channel{ch}})
					case n < 20:
						m.shelf.mu.Lock()
						m.shelf.down = true
						m.shelf.mu.Unlock()
						for range m.rnd.IntN(20) {
							time.Sleep(time.Second)
							m.change()
						}
						m.shelf.mu.Lock()
						m.shelf.down = false
						m.shelf.mu.Unlock()
						time.Sleep(2 * time.Second)
					case n < 30:
						m.check(start)
					default:
						for range m.rnd.IntN(8) {
							m.change()
						}
					}
				}
				m.check(start)
				m.stop(false)
			})
		})
	}
}
