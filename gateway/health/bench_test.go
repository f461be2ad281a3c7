package health

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// theCity is the reference: its channels by class.
func theCity(b *testing.B) *registry.Snapshot {
	b.Helper()
	var all []registry.Channel
	for class, n := range map[registry.Class]int{1: 27461, 2: 12799, 3: 22023} {
		all = append(all, gates(n, class)...)
	}
	s, err := registry.Empty().Apply(registry.Transaction{Put: all}, 1)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// counter is cameras that answer at once; it ends the run after so many probes.
type counter struct {
	left atomic.Int64
	end  func()
}

func (c *counter) Options(context.Context, registry.Channel) probe.Result {
	if c.left.Add(-1) == 0 {
		c.end()
	}
	return fine
}
func (c *counter) Deep(context.Context, registry.Channel) probe.Result { return fine }
func (c *counter) PutStatus(string, registry.Status)                   {}
func (c *counter) Publish(event.Event)                                 {}

func benchMonitor(snapshot *registry.Snapshot, c *counter, h config.Health) *Monitor {
	var statuses registry.Statuses
	for ch := range snapshot.All() {
		statuses.Set(ch.ID, registry.Status{State: event.Online})
	}
	return New(Options{
		Config: h, Node: "bench", Prober: c, Publisher: c, Statuses: &statuses,
		Snapshot: func() *registry.Snapshot { return snapshot }, Log: slog.New(slog.DiscardHandler),
	})
}

// BenchmarkSweep is all that a probe costs but the probe itself, in the whole city at ten times its
// rate; cpu-µs/op times 3,540 is what the schedule takes of a core.
func BenchmarkSweep(b *testing.B) {
	snapshot := theCity(b)
	h := config.Default().Health
	for class := range h.Interval {
		h.Interval[class] /= 10
	}
	ctx, cancel := context.WithCancel(b.Context())
	c := &counter{end: cancel}
	c.left.Store(int64(b.N))
	m := benchMonitor(snapshot, c, h)
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	if err := m.Run(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}

// BenchmarkStart is how long a gateway needs to put the city on the schedule, and what it keeps of
// each channel.
func BenchmarkStart(b *testing.B) {
	snapshot := theCity(b)
	c := &counter{}
	var used float64
	for b.Loop() {
		m := benchMonitor(snapshot, c, config.Default().Health)
		before := heapBytes()
		m.start()
		used = float64(heapBytes()-before) / float64(snapshot.Len())
		runtime.KeepAlive(m)
	}
	b.ReportMetric(used, "B/channel")
}

func heapBytes() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// cpu is what the process used so far, in user and in system mode.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
