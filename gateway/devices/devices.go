package devices

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sharpeyes/registry"
)

// most bounds the devices that are asked at a time.
const most = 4096

// Options is what Devices needs.
type Options struct {
	// Owns says which channels are this gateway's to ask for; nil: all.
	Owns func(registry.Channel) bool
	// Tell says that something moves in a channel's picture, or no more. It must not block.
	Tell func(channel string, on bool, at time.Time)
	Log  *slog.Logger
}

// Devices asks the devices of those channels whose tags say so.
type Devices struct {
	o      Options
	client *http.Client
	wake   chan struct{}

	mu   sync.Mutex
	want []target
	ids  map[string]bool // of the channels of want
}

// New makes one that asks nobody yet.
func New(o Options) *Devices {
	return &Devices{o: o, wake: make(chan struct{}, 1), client: &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			ResponseHeaderTimeout:  pullTime + 15*time.Second,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		},
		// The password is for the device alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Changed takes over what a transaction changed. Most touch no channel that asks for anything, and
// don't cost a look at the whole city.
func (d *Devices) Changed(now *registry.Snapshot, tx registry.Transaction) {
	d.mu.Lock()
	touched := slices.ContainsFunc(tx.Put, func(c registry.Channel) bool { return asks(c) || d.wants(c.ID) }) || slices.ContainsFunc(tx.Delete, d.wants)
	d.mu.Unlock()
	if touched {
		d.Choose(now)
	}
}

// wants reports whether the channel is one of those; mu is held.
func (d *Devices) wants(id string) bool { return d.ids[id] }

func asks(c registry.Channel) bool {
	return slices.ContainsFunc(c.Tags, func(t string) bool { return strings.HasPrefix(t, "motion-") })
}

// Choose takes over what the registry asks for now.
func (d *Devices) Choose(now *registry.Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want, d.ids = nil, map[string]bool{}
	for ch := range now.All() {
		if d.o.Owns != nil && !d.o.Owns(ch) {
			continue
		}
		if t, ok := targetOf(ch); ok {
			d.want, d.ids[t.channel] = append(d.want, t), true
		}
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run asks until ctx ends. It returns when every connection is closed.
func (d *Devices) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer d.client.CloseIdleConnections()
	defer wg.Wait()
	type running struct {
		targets []target
		stop    context.CancelFunc
		ended   chan struct{}
	}
	asked := map[device]running{}
	for {
		select {
		case <-ctx.Done():
			for _, r := range asked {
				r.stop()
			}
			return ctx.Err()
		case <-d.wake:
		}
		want := d.byDevice()
		leaving := map[string]chan struct{}{} // by address: the device may be asked otherwise now
		for dev, r := range asked {
			if !slices.Equal(want[dev], r.targets) {
				r.stop()
				leaving[dev.address] = r.ended
				delete(asked, dev)
			}
		}
		for dev, targets := range want {
			if _, ok := asked[dev]; ok {
				continue
			}
			one, stop := context.WithCancel(ctx)
			r := running{targets: targets, stop: stop, ended: make(chan struct{})}
			asked[dev] = r
			before := leaving[dev.address]
			wg.Go(func() {
				defer close(r.ended)
				defer stop()
				if before != nil {
					<-before // so that its last word doesn't end what this one says
				}
				newSubscriber(d, dev, targets).run(one)
			})
		}
	}
}

// byDevice sorts what is wanted by what is to be connected to.
func (d *Devices) byDevice() map[device][]target {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[device][]target{}
	for _, t := range d.want {
		if all[t.device] == nil && len(all) == most {
			d.o.Log.Warn("more devices are to be asked for motion than can be", "most", most)
			break
		}
		all[t.device] = append(all[t.device], t)
	}
	for dev, targets := range all {
		if dev.kind == onvifKind && len(targets) > 1 {
			d.o.Log.Warn("a recorder isn't asked for motion over ONVIF: it doesn't say which channel it is of", "device", dev.address, "channels", len(targets))
			delete(all, dev)
		}
	}
	return all
}
