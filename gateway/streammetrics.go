package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/streams"
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
	labelled := func(t prometheus.ValueType, name, help string, v float64, labels []string, values ...string) {
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("sharpeyes_"+name, help, labels, nil), t, v, values...)
	}
	readers, bitrate := 0, 0.0
	phases := map[streams.Phase]int{streams.Dialling: 0, streams.Flowing: 0, streams.Reconnecting: 0, streams.Lingering: 0}
	pulls := m.g.hub.Pulls()
	for _, i := range pulls { // as many as are watched
		readers += i.Readers
		bitrate += i.Bitrate
		phases[i.Phase]++
		of := []string{"channel", "profile"}
		id, profile := i.Key.Channel, string(i.Key.Profile)
		labelled(prometheus.GaugeValue, "pull_readers", "Readers of one pull.", float64(i.Readers), of, id, profile)
		labelled(prometheus.GaugeValue, "pull_bitrate", "What one camera stream brings, in bit/s.", i.Bitrate, of, id, profile)
		labelled(prometheus.GaugeValue, "pull_pictures_per_second", "Pictures a second of one pull.", i.FPS, of, id, profile)
		queued := 0
		for _, r := range i.ReadersList {
			queued = max(queued, r.Queued)
		}
		labelled(prometheus.GaugeValue, "pull_queued_bytes", "What waits for the slowest reader of one pull.", float64(queued), of, id, profile)
		labelled(prometheus.CounterValue, "pull_lost_packets_total", "Packets of one pull that did not arrive.", float64(i.Lost), of, id, profile)
	}
	for phase, n := range phases {
		labelled(prometheus.GaugeValue, "pulls_by_phase", "Pulls by what they are about.", float64(n), []string{"phase"}, string(phase))
	}
	hub := m.g.hub.Stats()
	send(prometheus.CounterValue, "camera_received_bytes_total", "Bytes of packets that cameras sent to this gateway.", float64(hub.Bytes))
	send(prometheus.CounterValue, "camera_lost_packets_total", "Packets of cameras that did not arrive.", float64(hub.Lost))
	send(prometheus.CounterValue, "pull_reconnects_total", "Connections to cameras that followed a broken one while readers waited.", float64(hub.Reopened))
	send(prometheus.CounterValue, "readers_behind_total", "Readers of every kind that were sent away because they could not keep up.", float64(hub.Behind))
	send(prometheus.CounterValue, "reader_skipped_units_total", "Access units that readers of every kind lost because they could not keep up, told when they leave.", float64(hub.Skipped))
	ch <- prometheus.MustNewConstHistogram(m.desc("join_seconds", "From a reader's joining to its first packet."), hub.Joined, hub.JoinTime.Seconds(), hub.Joins)
	s := m.g.relay.Stats()
	send(prometheus.GaugeValue, "pulls", "Camera streams that are pulled now.", float64(len(pulls)))
	send(prometheus.GaugeValue, "readers", "Readers that keep a pull open.", float64(readers))
	send(prometheus.GaugeValue, "pull_bits_per_second", "What cameras send to this gateway.", bitrate)
	send(prometheus.GaugeValue, "rtsp_connections", "Open connections of RTSP readers.", float64(s.Connections))
	send(prometheus.GaugeValue, "rtsp_playing", "RTSP readers that play.", float64(s.Playing))
	send(prometheus.CounterValue, "rtsp_refused_total", "RTSP connections refused because too many were open.", float64(s.Refused))
	for reason, n := range s.SentAway {
		labelled(prometheus.CounterValue, "rtsp_sent_away_total", "RTSP readers that the gateway sent away.", float64(n), []string{"reason"}, string(reason))
	}
	send(prometheus.CounterValue, "rtsp_udp_errors_total", "Packets over UDP that could not be sent.", float64(s.UDPErrors))
	send(prometheus.CounterValue, "rtsp_udp_too_long_total", "Packets that were too long for UDP.", float64(s.UDPTooLong))
	send(prometheus.CounterValue, "rtsp_sent_bytes_total", "Bytes of packets sent to RTSP readers.", float64(s.Bytes))
	send(prometheus.CounterValue, "rtsp_skipped_units_total", "Access units that slow RTSP readers lost.", float64(s.Skipped))
}
