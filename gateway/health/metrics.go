package health

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// metrics is what Prometheus is told.
type metrics struct {
	probes   *prometheus.CounterVec
	looked   *prometheus.CounterVec
	folded   prometheus.Counter
	hurried  prometheus.Counter
	lateness [ranks]prometheus.Observer
	all      []prometheus.Collector
}

func newMetrics(m *Monitor) *metrics {
	lateness := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "sharpeyes_health_probe_lateness_seconds",
		Help:    "How long after its due time a probe began, by class.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"class"})
	x := &metrics{probes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sharpeyes_health_probes_total",
		Help: "Probes that ended, by what they saw: online, or the reason that speaks against it.",
	}, []string{"result"})}
	x.looked = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sharpeyes_health_looks_total",
		Help: "Looks at a stream that ended, by what they saw: online, or the reason that speaks against it.",
	}, []string{"result"})
	x.folded = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sharpeyes_health_folded_total",
		Help: "Changes of channels that were not told one by one, since the outage of their site or recorder was.",
	})
	x.hurried = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sharpeyes_health_hurried_total",
		Help: "Probes made out of turn, to see how much of a site or recorder fails.",
	})
	gauge := func(name, help string, of func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			m.mu.Lock()
			defer m.mu.Unlock()
			return float64(of())
		})
	}
	for r, class := range [ranks]string{"1", "2", "3", "9"} {
		x.lateness[r] = lateness.WithLabelValues(class)
	}
	x.all = []prometheus.Collector{
		x.probes, x.looked, x.folded, x.hurried, lateness,
		gauge("sharpeyes_health_probes_in_flight", "Probes under way.", func() int { return m.inFlight }),
		gauge("sharpeyes_health_looks_in_flight", "Looks at a stream under way.", func() int { return m.looks.inFlight }),
		gauge("sharpeyes_health_outages", "Sites and recorders that are out.", func() int { return len(m.outages) }),
		gauge("sharpeyes_health_flapping_channels", "Channels that flap.", func() int { return len(m.flapping) }),
		gauge("sharpeyes_health_waiting_events", "Events of channels that wait to see whether their site is out.", func() int { return len(m.waiting) }),
		gauge("sharpeyes_health_isolated", "1 while the gateway has lost its own network.", func() int {
			if m.network.isolated {
				return 1
			}
			return 0
		}),
		&channelStates{m: m, desc: prometheus.NewDesc("sharpeyes_health_channels", "Registered channels, by state.", []string{"state"}, nil)},
	}
	return x
}

// Collectors is the Monitor's metrics.
func (m *Monitor) Collectors() []prometheus.Collector { return m.metrics.all }

func (x *metrics) late(rank uint8, by time.Duration) { x.lateness[rank].Observe(by.Seconds()) }

func (x *metrics) probed(r probe.Result) {
	x.probes.WithLabelValues(resultOf(r)).Inc()
}

func resultOf(r probe.Result) string {
	if r.Reason != "" {
		return string(r.Reason)
	}
	return string(r.State)
}

// channelStates counts the channels of each state when it is asked, without holding up probes.
type channelStates struct {
	m    *Monitor
	desc *prometheus.Desc
}

// Describe is for Prometheus.
func (c *channelStates) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect is for Prometheus.
func (c *channelStates) Collect(to chan<- prometheus.Metric) {
	n := map[event.State]int{event.Online: 0, event.Degraded: 0, event.Offline: 0, event.Unknown: 0, event.Disabled: 0}
	for ch := range c.m.o.Snapshot().All() {
		n[c.m.o.Statuses.StatusOf(ch).State]++
	}
	for state, count := range n {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(count), string(state))
	}
}
