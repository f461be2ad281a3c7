package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
)

// streamMetrics counts pulls and readers when somebody asks.
type streamMetrics struct{ g *gateway }

func (streamMetrics) desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("sharpeyes_"+name, help, nil, nil)
}

// Describe sends nothing: the collector is an unchecked one.
func (streamMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect reads the counters of the hub and the relay.
func (m streamMetrics) Collect(ch chan<- prometheus.Metric) {
	send := func(t prometheus.ValueType, name, help string, v float64) {
		ch <- prometheus.MustNewConstMetric(m.desc(name, help), t, v)
	}
	readers, bitrate := 0, 0.0
	pulls := m.g.hub.Pulls()
	for _, i := range pulls {
		readers += i.Readers
		bitrate += i.Bitrate
	}
	s := m.g.relay.Stats()
	send(prometheus.GaugeValue, "pulls", "Camera streams that are pulled now.", float64(len(pulls)))
	send(prometheus.GaugeValue, "readers", "Readers that keep a pull open.", float64(readers))
	send(prometheus.GaugeValue, "pull_bits_per_second", "What cameras send to this gateway.", bitrate)
	send(prometheus.GaugeValue, "rtsp_connections", "Open connections of RTSP readers.", float64(s.Connections))
	send(prometheus.GaugeValue, "rtsp_playing", "RTSP readers that play.", float64(s.Playing))
	send(prometheus.CounterValue, "rtsp_refused_total", "RTSP connections refused because too many were open.", float64(s.Refused))
	send(prometheus.CounterValue, "rtsp_sent_bytes_total", "Bytes of packets sent to RTSP readers.", float64(s.Bytes))
	send(prometheus.CounterValue, "rtsp_skipped_units_total", "Access units that slow RTSP readers lost.", float64(s.Skipped))
}
