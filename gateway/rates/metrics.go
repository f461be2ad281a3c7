package rates

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/registry"
)

// How often the rates of the last day are computed for Prometheus, and how long that may take.
const (
	recentEvery  = time.Minute
	recentWithin = 5 * time.Second
)

// recent is the rates of the last 24 hours, as of a minute ago at most.
type recent struct {
	r              *Recorder
	online, intact *prometheus.Desc

	mu     sync.Mutex
	tried  time.Time
	groups []registry.RateGroup
}

// Collector shows the rates of the last 24 hours by class to Prometheus, to be registered once.
func (r *Recorder) Collector() prometheus.Collector {
	return &recent{
		r:      r,
		online: prometheus.NewDesc("sharpeyes_online_rate_24h", "Online rate of the last 24 hours, 0 to 1, by class.", []string{"class"}, nil),
		intact: prometheus.NewDesc("sharpeyes_intact_rate_24h", "Intact rate of the last 24 hours, 0 to 1, by class.", []string{"class"}, nil),
	}
}

// Describe tells what there is to collect.
func (c *recent) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.online
	ch <- c.intact
}

// Collect tells the rates, those of a minute ago where they can't be had now.
func (c *recent) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.tried) >= recentEvery {
		c.tried = now
		ctx, cancel := context.WithTimeout(context.Background(), recentWithin)
		defer cancel()
		answer, err := c.r.Rates(ctx, registry.Query{}, []string{"class"}, now.Add(-24*time.Hour), now)
		if err != nil {
			c.r.o.Log.Warn("The rates of the last day can't be computed", "error", err)
		} else {
			c.groups = answer.Groups
		}
	}
	for i := range c.groups {
		g := &c.groups[i]
		if g.OnlineRate == nil {
			continue
		}
		class := strconv.Itoa(int(g.Class))
		ch <- prometheus.MustNewConstMetric(c.online, prometheus.GaugeValue, *g.OnlineRate, class)
		ch <- prometheus.MustNewConstMetric(c.intact, prometheus.GaugeValue, *g.IntactRate, class)
	}
}
