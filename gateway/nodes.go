package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/google/uuid"

	"sharpeyes/gateway/api"
	"sharpeyes/gateway/nodes"
	"sharpeyes/registry"
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
	// Only when all that works on channels has ended others may have them.
	g.closes("the membership of the city's gateways", func() error {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
		defer cancel()
		return g.nodes.Leave(leaving)
	})
	return nil
}

// leaveTimeout bounds how long it may take to say that this gateway leaves.
const leaveTimeout = 2 * time.Second

// followOthers takes over what other gateways find, once there are any.
func (g *gateway) followOthers(ctx context.Context) error {
	select {
	case <-g.nodes.Company():
		g.bus.FollowStatuses(ctx, g.loaded, g.found)
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
		s.Pulls, s.Readers = g.hub.Load()
	}
	return s
}

// owns reports whether a channel is this gateway's to pull.
func (g *gateway) owns(ch registry.Channel) bool { return g.nodes.Owns(ch.Site, ch.ID) }

// probes reports whether a channel is this gateway's to probe and to watch. What belongs to a level below is probed
// there.
func (g *gateway) probes(ch registry.Channel) bool { return ch.Via == "" && g.owns(ch) }

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
	case ok && g.probes(ch):
	case !ok || s == nil:
		g.statuses.Delete(id)
	default:
		g.statuses.Set(id, *s)
	}
}
