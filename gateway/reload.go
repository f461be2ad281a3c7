package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sharpeyes/config"
	"sharpeyes/streams"
)

// reloadable is the keys that a running gateway takes over.
func reloadable(key string) bool {
	return strings.HasPrefix(key, "health.") || slices.Contains([]string{
		"streams.linger", "streams.max_pulls", "streams.max_readers", "streams.max_pulls_per_device",
		"motion.sensitivity", "motion.hold", "motion.always_budget",
		"log.level",
	}, key)
}

// followConfig takes over each new configuration until ctx ends.
func (g *gateway) followConfig(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case cfg := <-g.o.Reload:
			changed, err := g.reload(cfg)
			switch {
			case err != nil:
				g.log.Error("the configuration was not taken over; the old one stays in force", "error", err)
			case len(changed) > 0:
				g.log.Info("the configuration was taken over", "changed", strings.Join(changed, ", "))
			}
		}
	}
}

// reload takes over a configuration whole, or not at all. Readers and pulls go on; what is new holds
// for the next decision.
func (g *gateway) reload(cfg config.Config) (changed []string, err error) {
	old := g.config()
	if cfg.Node.Name == "" {
		cfg.Node.Name = old.Node.Name
	}
	changed = config.Diff(old, cfg)
	if fixed := slices.DeleteFunc(slices.Clone(changed), reloadable); len(fixed) > 0 {
		return nil, fmt.Errorf("%s can't change without a restart", strings.Join(fixed, ", "))
	}
	if g.o.Level != nil {
		if err := g.o.Level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
			return nil, fmt.Errorf("log.level: %w", err)
		}
	}
	g.cfg.Store(&cfg)
	g.hub.Limit(streams.Limits{
		Linger: cfg.Streams.Linger, MaxPulls: cfg.Streams.MaxPulls, MaxReaders: cfg.Streams.MaxReaders, MaxPerDevice: cfg.Streams.MaxPullsPerDevice,
	})
	g.monitor.Configure(cfg.Health)
	g.always.limit(cfg.Motion.AlwaysBudget)
	return changed, nil
}
