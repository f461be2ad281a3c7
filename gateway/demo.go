package gateway

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/url"

	"sharpeyes/config"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/streams/sim"
)

// DemoOptions is what Demo takes besides the configuration.
type DemoOptions struct {
	Options
	Channels   int    // cameras in the city
	Live       int    // of them are watched for motion though nobody plays them
	SimListen  string // address that all simulated cameras share
	SimControl string // loopback address of the HTTP control of faults
	Out        io.Writer
}

// Demo runs a city that doesn't exist: simulated cameras, their registry, and a gateway for them,
// open to everyone on this machine. It returns like Run.
func Demo(ctx context.Context, cfg config.Config, o DemoOptions) error {
	// The cameras outlive the gateway, or their end would look like a city that dies.
	farm, err := sim.Listen(context.WithoutCancel(ctx), sim.Options{Listen: o.SimListen, Cameras: o.Channels, Control: o.SimControl, Log: o.Log})
	if err != nil {
		return fmt.Errorf("starting the simulated cameras: %w", err)
	}
	defer farm.Close()
	cfg.Access.Anonymous = "admin"
	if err := cfg.Validate(); err != nil { // a listener that others reach is not for a demo
		return err
	}
	d := &demo{o: o, farm: farm}
	d.channels, d.sites = sim.City(o.Channels, farm.URL)
	d.watchSome()
	run := o.Options
	run.seed = d.register
	run.Ready = func(a Addresses) {
		d.tell(a)
		if o.Ready != nil {
			o.Ready(a)
		}
	}
	return Run(ctx, cfg, run)
}

type demo struct {
	o        DemoOptions
	farm     *sim.Farm
	channels []registry.Channel
	sites    []registry.Site
}

// watchSome makes the first cameras that see movement watched always, so that there is motion to
// listen to.
func (d *demo) watchSome() {
	left := d.o.Live
	for i := range d.channels {
		if left == 0 {
			return
		}
		if sim.SceneOf(i).Moving {
			d.channels[i].Motion = "always"
			left--
		}
	}
}

// register makes the registry that of the city, unless it is already: what was edited since the
// last start of the same demo is kept. It refuses a registry that was never a demo's.
func (d *demo) register(ctx context.Context, r *bus.Registry) error {
	if d.registered(r.Snapshot()) {
		return nil
	}
	for ch := range r.Snapshot().All() {
		if !simulated(ch) {
			return fmt.Errorf("the data folder holds a registry with real cameras (%s), which the demo would replace: choose another folder", ch.ID)
		}
	}
	_, err := r.Update(ctx, "demo", "import", func(now *registry.Snapshot) (registry.Transaction, error) {
		tx, _ := registry.Plan(now, d.channels, true)
		tx.Sites = d.sites
		return tx, nil
	})
	return err
}

// simulated reports whether the channel's camera is on this machine.
func simulated(ch registry.Channel) bool {
	u, err := url.Parse(ch.URL)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && a.IsLoopback()
}

// registered reports whether the whole city is there, at the addresses where it is simulated now.
func (d *demo) registered(now *registry.Snapshot) bool {
	if now.Len() < len(d.channels) {
		return false
	}
	for _, want := range d.channels {
		if ch, ok := now.Get(want.ID); !ok || ch.URL != want.URL {
			return false
		}
	}
	return true
}

// tell says what to try.
func (d *demo) tell(a Addresses) {
	// One camera of each kind, without a password of its own to keep the example short.
	pick := func(want func(sim.Scene) bool) string {
		for i := range d.channels {
			if s := sim.SceneOf(i); !s.Locked && want(s) {
				return d.channels[i].ID
			}
		}
		return ""
	}
	moving := pick(func(s sim.Scene) bool { return s.Codec == sim.H264 && s.Moving })
	still := pick(func(s sim.Scene) bool { return s.Codec == sim.H264 && !s.Moving })
	h265 := pick(func(s sim.Scene) bool { return s.Codec == sim.H265 && s.Moving })

	p := func(format string, args ...any) { fmt.Fprintf(d.o.Out, format+"\n", args...) }
	p("")
	p("Sharp Eyes is watching a city of %d simulated cameras. Try:", len(d.channels))
	p("")
	p("  open    http://%s/", a.HTTP)
	for _, c := range []struct{ id, what string }{{moving, "somebody walks by"}, {still, "nothing moves"}, {h265, "H.265"}} {
		if c.id != "" {
			p("  play    ffplay -rtsp_transport tcp rtsp://%s/%s    # %s", a.RTSP, c.id, c.what)
		}
	}
	p("  listen  nats -s %s sub 'sharpeyes.event.>'", a.NATS)
	p("  ask     curl 'http://%s/api/v1/channels?class=1&scenario=traffic&limit=3'", a.HTTP)
	if u := d.farm.ControlURL(); u != "" && still != "" {
		p("  break   curl -X PUT -d '{\"kind\":\"die\"}' %s/cameras/%s/fault    # DELETE heals it", u, still)
	}
	p("")
}
