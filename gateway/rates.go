package gateway

import (
	"context"
	"fmt"

	"sharpeyes/gateway/bus"
	"sharpeyes/gateway/health"
	"sharpeyes/gateway/rates"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// openRates opens the record of the channels' states. It is closed before the store, and after those
// who tell it.
func (g *gateway) openRates(ctx context.Context) error {
	store, err := g.bus.States(ctx)
	if err != nil {
		return err
	}
	snapshot := g.bus.Registry().Snapshot
	g.rates, err = rates.Open(ctx, rates.Options{
		Store: store, Node: g.config().Node.Name, Snapshot: snapshot, Log: g.log,
		Targets: func() map[int]float64 { return g.config().Health.Targets },
	})
	if err != nil {
		return fmt.Errorf("reading the record of states: %w", err)
	}
	g.closes("the record of states", g.rates.Close)
	g.rates.Sync(func(yield func(string, registry.Status) bool) {
		for ch := range snapshot().All() {
			if !yield(ch.ID, g.statuses.StatusOf(ch)) {
				return
			}
		}
	})
	return nil
}

// record takes down a change that health believes.
func (g *gateway) record(c health.Change) {
	g.rates.Record(rates.Change{ID: c.ID, To: c.To, Reason: c.Reason, At: c.At})
}

// witness is the bus as health knows it; it also hears when health has seen nothing.
type witness struct {
	*bus.Bus
	rates *rates.Recorder
}

// Publish is the bus's; time in which the gateway had no network is of nobody's failure.
func (w witness) Publish(ev event.Event) {
	switch ev.Type {
	case event.GatewayIsolated:
		since := ev.Time
		if data, ok := ev.Data.(event.Gateway); ok && !data.Since.IsZero() {
			since = data.Since
		}
		w.rates.Blind(since)
	case event.GatewayReconnected:
		w.rates.Seeing()
	}
	w.Bus.Publish(ev)
}
