package health

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
	"sharpeyes/streams/sim"
)

// farmer probes simulated cameras.
type farmer struct {
	counter
	probe *probe.Prober
	bad   chan probe.Result
}

func (f *farmer) Options(ctx context.Context, ch registry.Channel) probe.Result {
	r := f.probe.Options(ctx, ch)
	if r.State != event.Online && ctx.Err() == nil {
		select {
		case f.bad <- r:
		default:
		}
	}
	f.counter.Options(ctx, ch)
	return r
}

// BenchmarkCity is the whole city on its intervals, real probes of simulated cameras, all in this
// process. cores is what it takes of the machine, probes/s what it reached of 3,540.
func BenchmarkCity(b *testing.B) {
	farm, err := sim.Listen(b.Context(), sim.Options{Listen: "127.0.0.1:0", Cameras: 62283, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = farm.Close() }()
	channels, _ := sim.City(62283, farm.URL)
	snapshot, err := registry.Empty().Apply(registry.Transaction{Put: channels}, 1)
	if err != nil {
		b.Fatal(err)
	}
	h := config.Default().Health
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	f := &farmer{probe: probe.New(h.Timeout), bad: make(chan probe.Result, 1)}
	f.end = cancel
	f.left.Store(int64(b.N))
	m := benchMonitor(snapshot, &f.counter, h)
	m.o.Prober = f
	before, began := cpu(b), time.Now()
	b.ResetTimer()
	if err := m.Run(ctx); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began).Seconds()
	select {
	case r := <-f.bad:
		b.Errorf("a probe failed: %+v", r)
	default:
	}
	b.ReportMetric((cpu(b)-before).Seconds()/took, "cores")
	b.ReportMetric(float64(b.N)/took, "probes/s")
}
