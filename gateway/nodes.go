package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"sharpeyes/gateway/api"
	"sharpeyes/gateway/nodes"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// openNodes joins the gateways of the city.
func (g *gateway) openNodes(ctx context.Context) error {
	records, err := g.bus.Nodes(ctx)
	if err != nil {
		return err
	}
	g.closes("the records of the gateways", records.Close)
	cfg := g.config()
	g.nodes, err = nodes.Join(ctx, nodes.Options{
		Self: nodes.Node{
			Name: cfg.Node.Name, Instance: uuid.NewString(), Version: g.o.Version, Capacity: cfg.Node.Capacity, Started: time.Now().UTC(),
			HTTP: g.reached(g.http), RTSP: g.reached(g.rtsp),
		},
		Bucket: records, Counts: g.bySite, State: g.standing, Changed: g.moved, Log: g.log,
	})
	if err != nil {
		return fmt.Errorf("joining the gateways of the city: %w", err)
	}
	// The last to end of what works on channels: only then others may have them.
	g.defers(func() {
		if g.leave == nil {
			return
		}
		if err := g.leave(); err != nil {
			g.log.Error("leaving the gateways of the city", "error", err)
		}
	})
	return nil
}

// keepIn keeps this gateway among those of the city until they are left, or another has its name.
func (g *gateway) keepIn(ctx context.Context) error {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	var once sync.Once
	var left error
	g.leave = func() error {
		once.Do(func() {
			stop()
			left = <-ended
		})
		return left
	}
	go func() { ended <- g.nodes.Run(life) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-ended:
		ended <- nil
		return err
	}
}

// reached is where other gateways reach a listener.
func (g *gateway) reached(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return ""
	}
	if address := g.config().Node.Address; address != "" {
		host = address
	} else if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	return net.JoinHostPort(host, port)
}

// bySite counts the channels of each site.
func (g *gateway) bySite() map[string]int {
	all := map[string]int{}
	for ch := range g.bus.Registry().Snapshot().All() {
		all[ch.Site]++
	}
	return all
}

// listNodes shows the gateways to the API in its words.
func (g *gateway) listNodes() []api.Node {
	now := g.bus.Registry().Snapshot().Version()
	all := []api.Node{}
	for _, n := range g.nodes.List() {
		one := api.Node{
			Name: n.Name, Alive: n.Alive, Self: n.Self, Version: n.Version, Started: n.Started, Heard: n.Heard.UTC(), HTTP: n.HTTP, RTSP: n.RTSP,
			Capacity: n.Capacity, Channels: n.State.Channels, Pulls: n.State.Pulls, Readers: n.State.Readers, Registry: n.State.Registry, Late: n.State.Late,
		}
		if one.Registry < now {
			one.Behind = now - one.Registry
		}
		all = append(all, one)
	}
	return all
}

// standing is how this gateway is, for the others.
func (g *gateway) standing() nodes.State {
	s := nodes.State{Registry: g.bus.Registry().Snapshot().Version()}
	if g.monitor != nil {
		s.Channels, s.Late = g.monitor.Probed(), g.monitor.Late().Seconds()
	}
	if g.hub != nil {
		for _, p := range g.hub.Pulls() {
			s.Pulls++
			s.Readers += p.Readers
		}
	}
	return s
}

// owns reports whether a channel is this gateway's to probe, to watch and to pull.
func (g *gateway) owns(ch registry.Channel) bool { return g.nodes.Owns(ch.Site, ch.ID) }

// moved takes over and lets go of channels, when owners have changed.
func (g *gateway) moved() {
	g.elsewhere.moved()
	g.monitor.Rebalance()
	now := g.bus.Registry().Snapshot()
	g.always.choose(now)
	g.devices.Choose(now)
}

// found takes over what another gateway found of a channel.
func (g *gateway) found(id string, s *registry.Status) {
	ch, ok := g.bus.Registry().Snapshot().Get(id)
	switch {
	case ok && g.owns(ch):
	case !ok || s == nil:
		g.statuses.Delete(id)
	default:
		g.statuses.Set(id, *s)
	}
}

// comings is where the streams come from that are pulled.
type comings struct {
	mu  sync.Mutex
	all map[streams.Key]bool // those that come from another gateway
}

// came notes that a stream is about to come from its camera or from another gateway. One that flows and came
// otherwise until now is told of as begun or stopped.
func (c *comings) came(o observer, ch registry.Channel, key streams.Key, relay bool) {
	i, pulled := o.g.hub.Info(key)
	was := c.set(key, relay)
	if was == relay || !pulled || !i.Flowing {
		return
	}
	if relay {
		o.publish(event.StreamStopped, ch, i, "")
		o.g.monitor.Pulled(ch.ID, false)
	} else {
		o.begun(ch, i)
	}
}

// set notes where a stream comes from, and returns what was noted before; of a new one the same.
func (c *comings) set(key streams.Key, relay bool) (was bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[streams.Key]bool{}
	}
	was, known := c.all[key]
	c.all[key] = relay
	return was && known || relay && !known
}

// relayed reports whether a stream comes from another gateway.
func (c *comings) relayed(key streams.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[key]
}

// ended forgets a stream, and reports whether it came from another gateway.
func (c *comings) ended(key streams.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	relay := c.all[key]
	delete(c.all, key)
	return relay
}
