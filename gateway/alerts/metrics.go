package alerts

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	events, folded, suppressed prometheus.Counter
	raised                     *prometheus.CounterVec
	open, leads                prometheus.Gauge
	lag                        prometheus.Histogram
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sharpeyes_alerts_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "sharpeyes_alerts_" + name, Help: help})
	}
	return &metrics{
		events:     counter("events_total", "Events that the rules were asked about."),
		folded:     counter("folded_total", "Events that went into an alert which was open already. Divided by those and the raised ones it is the folding ratio."),
		suppressed: counter("suppressed_total", "Events that raised nothing since an alert of another rule covers them."),
		raised: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sharpeyes_alerts_raised_total", Help: "Alerts that were raised.",
		}, []string{"severity"}),
		open:  gauge("open", "Alerts that aren't closed, where this gateway evaluates."),
		leads: gauge("evaluating", "1 while this gateway is the one that evaluates the rules."),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sharpeyes_alerts_raise_seconds", Help: "From an event to the alert that it raised.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, 1, 5, 60, 600},
		}),
	}
}

// Collectors are the metrics of the alerts.
func (s *Service) Collectors() []prometheus.Collector {
	m := s.metrics
	return []prometheus.Collector{m.events, m.folded, m.suppressed, m.raised, m.open, m.leads, m.lag}
}
