package health

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/registry"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off := gate(1)
		off.ID, off.Enabled = "off", false
		c := newCity(t, append(gates(10, 1), off)...)
		c.run()
		c.pass(10 * time.Second)
		c.answer(refused)
		c.pass(15 * time.Second)
		other := gate(3)
		other.Site = "quanzhou"
		c.change(registry.Transaction{Put: []registry.Channel{other}})
		c.pass(tick)

		all := prometheus.NewPedanticRegistry()
		all.MustRegister(c.m.Collectors()...)
		families, err := all.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			for _, x := range f.GetMetric() {
				name := f.GetName()
				for _, l := range x.GetLabel() {
					name += " " + l.GetValue()
				}
				got[name] = x.GetCounter().GetValue() + x.GetGauge().GetValue() + float64(x.GetHistogram().GetSampleCount())
			}
		}
		for name, want := range map[string]float64{
			"sharpeyes_health_probe_lateness_seconds 3": 1,
			"sharpeyes_health_probe_lateness_seconds 9": 0,
			"sharpeyes_health_probes_in_flight":         0,
			"sharpeyes_health_channels online":          0,
			"sharpeyes_health_channels offline":         10,
			"sharpeyes_health_channels unknown":         1,
			"sharpeyes_health_channels disabled":        1,
			"sharpeyes_health_channels degraded":        0,
		} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		if got["sharpeyes_health_probes_total online"] < 10 || got["sharpeyes_health_probes_total connect_refused"] < 30 {
			t.Errorf("probes weren't counted: %v", got)
		}
		for name := range got {
			if !strings.HasPrefix(name, "sharpeyes_health_") {
				t.Errorf("a metric is called %s", name)
			}
		}
	})
}
