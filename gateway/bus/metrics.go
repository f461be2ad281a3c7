package bus

import (
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/registry/event"
)

// metrics is what Prometheus is told of a Bus.
type metrics struct {
	published    *prometheus.CounterVec
	dropped      *prometheus.CounterVec
	statuses     prometheus.Counter
	statusesLost prometheus.Counter
	gauges       []prometheus.Collector
}

func newMetrics() *metrics {
	return &metrics{
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sharpeyes_events_published_total", Help: "Events that were stored, by kind.",
		}, []string{"kind"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sharpeyes_events_dropped_total", Help: "Events that were lost: queue_full, failed (three times) or closed.",
		}, []string{"reason"}),
		statuses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sharpeyes_status_writes_total", Help: "Writes of channels' last statuses.",
		}),
		statusesLost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sharpeyes_status_writes_failed_total", Help: "Statuses that could not be stored.",
		}),
	}
}

// watch adds what is read from the Bus when Prometheus asks.
func (m *metrics) watch(b *Bus) {
	gauge := func(name, help string, value func() float64) {
		m.gauges = append(m.gauges, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("sharpeyes_events_queued", "Events that wait to be stored.",
		func() float64 { return float64(b.out.queued()) })
	gauge("sharpeyes_events_in_flight", "Events that JetStream has not acknowledged.",
		func() float64 { return float64(b.out.events.PublishAsyncPending()) })
	gauge("sharpeyes_registry_version", "Sequence of the registry's last transaction.",
		func() float64 { return float64(b.registry.Snapshot().Version()) })
	gauge("sharpeyes_registry_channels", "Registered channels.",
		func() float64 { return float64(b.registry.Snapshot().Len()) })
	if d := b.disk(); d != nil {
		gauge("sharpeyes_disk_free_bytes", "What is free on the disk of data_dir.", func() float64 { return float64(d.free.Load()) })
	}
	gauge("sharpeyes_nats_connected", "1 while the connection to NATS is there.", func() float64 {
		if b.conn.Status() == nats.CONNECTED {
			return 1
		}
		return 0
	})
}

// Collectors are the Bus's metrics, to be registered once.
func (b *Bus) Collectors() []prometheus.Collector {
	m := b.metrics
	return append([]prometheus.Collector{m.published, m.dropped, m.statuses, m.statusesLost}, m.gauges...)
}

// kindOf is the third token of an event's subject.
func kindOf(subject string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(subject, event.Prefix), ".")
	return kind
}
