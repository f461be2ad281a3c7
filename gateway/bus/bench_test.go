package bus

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sharpeyes/registry"
)

// BenchmarkOpen is a start with a registry of one import.
func BenchmarkOpen(b *testing.B) {
	for _, many := range []int{city, 500000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			o := options(b.TempDir())
			bus, err := Open(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			update(b, bus, put(0, many))
			b.ReportMetric(time.Since(began).Seconds(), "s/import")
			if err := bus.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				bus, err := Open(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				if n := bus.Registry().Snapshot().Len(); n != many {
					b.Fatalf("%d channels", n)
				}
				b.StopTimer()
				if err := bus.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkEdit is one edit among a city, durable and read back, and how much later another gateway
// on the same server has seen it.
func BenchmarkEdit(b *testing.B) {
	first := open(b, options(b.TempDir()))
	update(b, first, put(0, city))
	other := second(b, first)
	seen := make(chan time.Time, 1)
	defer other.Registry().Watch(func(_, _ *registry.Snapshot, tx registry.Transaction) { seen <- time.Now() })()
	var acked, late []float64
	n := 0
	for b.Loop() {
		n++
		began := time.Now()
		update(b, first, edit(n%city, func(c *registry.Channel) { c.Name = fmt.Sprint("edit ", n) }))
		acked = append(acked, float64(time.Since(began).Microseconds()))
		late = append(late, float64((<-seen).Sub(began).Microseconds()))
	}
	for name, list := range map[string][]float64{"acked": acked, "seen": late} {
		slices.Sort(list)
		b.ReportMetric(list[len(list)/2], "µs/p50-"+name)
		b.ReportMetric(list[len(list)*99/100], "µs/p99-"+name)
	}
}
