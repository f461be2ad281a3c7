package rates

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// A city as large as the largest, in which far more happens than in any.
const (
	benchChannels = 62_283
	benchChanges  = 200_000 // a day
	benchDays     = 91      // at rest
)

// benchCity is a Recorder that has 90 days behind it.
func benchCity(b *testing.B) (*Recorder, *registry.Snapshot) {
	var tx registry.Transaction
	for n := range benchChannels {
		tx.Put = append(tx.Put, registry.Channel{
			ID: fmt.Sprintf("3502%02d01%02d131%07d", n%6, n%100, n), Name: "x", Class: registry.Class(n%3 + 1),
			Site: fmt.Sprintf("xiamen/d%d/s%d", n%6, n%97), Scenario: "traffic", URL: "rtsp://192.0.2.1/", Enabled: true,
		})
	}
	tx.ID = "1"
	s, err := registry.Empty().Apply(tx, 1)
	if err != nil {
		b.Fatal(err)
	}
	store := newShelf()
	today := time.Now().UnixMilli() / dayLength
	rnd := rand.New(rand.NewPCG(1, 2))
	k := newBook()
	reasons := []event.Reason{"", event.NoAnswer, event.Frozen, event.ConnectRefused}
	for number := today - benchDays; number < today; number++ {
		k.open(number * dayLength)
		d := k.days[0]
		r := record{node: "one", at: number*dayLength + dayLength - 1}
		if number == today-benchDays {
			for i := range tx.Put {
				r.changes = append(r.changes, recorded{id: tx.Put[i].ID, at: number * dayLength, state: online})
			}
		}
		at := number * dayLength
		for n := range int64(benchChanges) {
			r.changes = append(r.changes, recorded{
				id: tx.Put[rnd.IntN(benchChannels)].ID, at: at + n*dayLength/benchChanges,
				state: online + code(rnd.IntN(3)), reason: reasons[rnd.IntN(len(reasons))],
			})
		}
		k.apply(&r)
		store.days[dayOf(number)] = k.rest(d)
		k.days = k.days[:0]
	}
	rec, err := Open(context.Background(), Options{
		Store: store, Node: "one", Snapshot: func() *registry.Snapshot { return s },
		Targets: func() map[int]float64 { return nil }, Log: discard(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rec.Close() })
	return rec, s
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func BenchmarkRates(b *testing.B) {
	rec, _ := benchCity(b)
	ctx := context.Background()
	now := time.Now()
	before := heap()
	ask := func(b *testing.B, q registry.Query, by string, from, until time.Time) {
		b.Helper()
		answer, err := rec.Rates(ctx, q, []string{by}, from, until)
		if err != nil || answer.Total.OnlineRate == nil {
			b.Fatalf("%+v, %v", answer.Total, err)
		}
	}
	quarter := now.Add(-90 * 24 * time.Hour)
	b.Run("class/90days/first", func(b *testing.B) {
		for b.Loop() {
			clear(rec.sums)
			ask(b, registry.Query{}, "class", quarter, now)
		}
	})
	b.Run("class/90days", func(b *testing.B) {
		for b.Loop() {
			ask(b, registry.Query{}, "class", quarter, now)
		}
		b.ReportMetric(heap()-before, "MiB-kept")
	})
	b.Run("site/90days", func(b *testing.B) {
		for b.Loop() {
			ask(b, registry.Query{Site: "xiamen/d1"}, "site", quarter, now)
		}
	})
	b.Run("class/hour", func(b *testing.B) {
		at := now.Add(-30 * 24 * time.Hour)
		for b.Loop() {
			ask(b, registry.Query{}, "class", at, at.Add(time.Hour))
		}
	})
	b.Run("channels/90days", func(b *testing.B) {
		for b.Loop() {
			if _, err := rec.Channels(ctx, registry.Query{}, quarter, now, 100, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("states/90days", func(b *testing.B) {
		for b.Loop() {
			if got, err := rec.States(ctx, "35020001001310000000", quarter, now, 1000); err != nil || len(got) < 100 {
				b.Fatal(len(got), err)
			}
		}
	})
}
