// Package gateway puts the gateway together: it opens the store, wires probes, pulls, relay, motion
// and the API, and closes them again in the order that loses nothing. It is the one package that
// knows all others; they don't know one another.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"sharpeyes/config"
	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/gateway/devices"
	"sharpeyes/gateway/health"
	"sharpeyes/gateway/nodes"
	"sharpeyes/gateway/rates"
	"sharpeyes/gateway/web"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/relay"
	"sharpeyes/streams/source"
)

// stallTimeout is how long a camera may send nothing before its pull is given up.
const stallTimeout = 10 * time.Second

// Addresses is where a running gateway listens: host and port, or a URL for NATS.
type Addresses struct {
	HTTP, RTSP, RTSPS, NATS string
}

// Options is what Run takes besides the configuration.
type Options struct {
	Log     *slog.Logger
	Version string
	// Ready is called once, when everything listens and the registry is loaded.
	Ready func(Addresses)
	// Reload gives configurations to take over while running; nil: none.
	Reload <-chan config.Config
	// Level is the level of Log, which a reload may change; nil: it stays.
	Level *slog.LevelVar
	// Password is called when a first administrator was made whose password nobody chose, to show
	// it once.
	Password func(user, password string)

	seed func(context.Context, *bus.Registry) error // the demo's city
}

// Run runs a gateway until ctx ends, or something that it can't do without has failed. It returns
// when every goroutine of it has ended; nil when ctx ended.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	if cfg.Node.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("node.name: asking for the host's name: %w", err)
		}
		cfg.Node.Name = host
	}
	g := &gateway{o: o, log: o.Log, statuses: &registry.Statuses{}, metrics: prometheus.NewRegistry()}
	g.cfg.Store(&cfg)
	defer g.close()
	if err := g.open(ctx); err != nil {
		return err
	}
	return g.run(ctx)
}

// gateway is what Run opens, in the order of the fields' use.
type gateway struct {
	cfg      atomic.Pointer[config.Config]
	o        Options
	log      *slog.Logger
	statuses *registry.Statuses
	metrics  *prometheus.Registry

	access    *access.Access
	accessSet sync.Mutex // NATS may ask before there is an answer
	bus       *bus.Bus
	hub       *streams.Hub
	relay     *relay.Server
	rates     *rates.Recorder
	keys      *bus.Keys
	alerts    *alerting
	audit     *auditing
	monitor   *health.Monitor
	motion    *watcher
	metadata  *metadata
	devices   *devices.Devices
	motions   *motions
	judges    *judges
	turns     *turns
	elsewhere *elsewhere
	nodes     *nodes.Nodes
	users     *bus.Bucket
	levels    *leveling
	walls     walls
	loaded    uint64 // sequence up to which statuses were
	always    *always
	api       *api.API
	web       *webServer

	http, rtsp, rtsps net.Listener
	certificate       *tls.Config // of rtsps
	closers           []func()
}

// closes is defers for what may fail.
func (g *gateway) closes(what string, f func() error) {
	g.defers(func() {
		if err := f(); err != nil {
			g.log.Error("closing "+what, "error", err)
		}
	})
}

// config is the configuration in force.
func (g *gateway) config() config.Config { return *g.cfg.Load() }

// defers adds something to be undone by close, last first.
func (g *gateway) defers(f func()) { g.closers = append(g.closers, f) }

func (g *gateway) close() {
	for i := len(g.closers) - 1; i >= 0; i-- {
		g.closers[i]()
	}
}

// open opens the listeners and the store, and wires everything. Nothing but /healthz is served yet.
func (g *gateway) open(ctx context.Context) error {
	// Listeners come first: a taken port stops the start before anything is made.
	if err := g.listen(); err != nil {
		return err
	}
	if err := g.startHTTP(); err != nil {
		return err
	}
	if err := g.openStore(ctx); err != nil {
		return err
	}
	if err := g.openAudit(ctx); err != nil {
		return err
	}
	if err := g.openAccess(ctx); err != nil {
		return err
	}
	if g.o.seed != nil {
		if err := g.o.seed(ctx, g.bus.Registry()); err != nil {
			return fmt.Errorf("registering the demo's city: %w", err)
		}
	}
	var err error
	if g.loaded, err = g.bus.LoadStatuses(ctx, g.statuses); err != nil {
		return fmt.Errorf("loading the last statuses: %w", err)
	}
	if err := g.openRates(ctx); err != nil {
		return err
	}
	if err := g.openNodes(ctx); err != nil {
		return err
	}
	if err := g.openStreams(); err != nil {
		return err
	}
	if err := g.openWalls(ctx); err != nil {
		return err
	}
	if err := g.openLevels(ctx); err != nil {
		return fmt.Errorf("linking the levels: %w", err)
	}
	if err := g.openAlerts(ctx); err != nil {
		return fmt.Errorf("opening the alerts: %w", err)
	}
	return g.openAPI()
}

func (g *gateway) openStore(ctx context.Context) error {
	cfg := g.config()
	var err error
	g.keys, err = bus.LoadKeys(filepath.Join(cfg.DataDir, "secret.key"))
	if err != nil {
		return fmt.Errorf("loading the key of the cameras' passwords: %w", err)
	}
	certificate, err := loadCertificate(cfg.NATS.TLSCert, cfg.NATS.TLSKey, g.log)
	if err != nil {
		return fmt.Errorf("nats.tls_cert: %w", err)
	}
	g.bus, err = bus.Open(ctx, bus.Options{
		NATS: cfg.NATS, Events: cfg.Events, DataDir: cfg.DataDir, Node: cfg.Node.Name,
		Log: g.log, Authenticate: g.authenticateNATS, Sealer: g.keys, Certificate: certificate,
	})
	if err != nil {
		return err
	}
	g.closes("the store", g.bus.Close)
	return nil
}

func (g *gateway) openStreams() error {
	cfg := g.config()
	snapshot := g.bus.Registry().Snapshot
	g.turns = newTurns(&source.Source{
		StartTimeout: cfg.Streams.StartTimeout, StallTimeout: stallTimeout, UserAgent: "sharpeyes/" + g.o.Version,
	})
	g.elsewhere = newElsewhere(g, g.turns, &source.Source{
		StartTimeout: cfg.Streams.StartTimeout, StallTimeout: stallTimeout, UserAgent: "sharpeyes/" + g.o.Version,
	})
	g.monitor = health.New(health.Options{
		Owns: g.probes, Whole: g.nodes.Whole,
		Config: cfg.Health, Node: cfg.Node.Name, Prober: newProber(g),
		Publisher: witness{g.bus, g.rates}, Statuses: g.statuses, Snapshot: snapshot, Log: g.log,
		Record: g.record,
	})
	g.motion = newWatcher(g)
	g.metadata = newMetadata(g)
	g.motions = newMotions(func() time.Duration { return g.config().Motion.Hold }, g.publishMotion)
	g.defers(g.motions.close)
	g.devices = devices.New(devices.Options{Owns: g.probes, Tell: g.motions.device, Log: g.log})
	g.judges = newJudges(g)
	g.hub = streams.NewHub(streams.Options{
		Source:       g.elsewhere,
		Observer:     observer{g},
		Channel:      func(id string) (registry.Channel, bool) { return snapshot().Get(id) },
		Linger:       cfg.Streams.Linger,
		MaxPulls:     cfg.Streams.MaxPulls,
		MaxReaders:   cfg.Streams.MaxReaders,
		MaxPerDevice: cfg.Streams.MaxPullsPerDevice,
		StartTimeout: cfg.Streams.StartTimeout,
		Queue:        int(cfg.Streams.ReaderQueue),
		Log:          g.log,
	})
	for id, s := range g.statuses.Range() {
		if refused(s.Reason) {
			g.hub.Refused(id, s.Since)
		}
	}
	// Once the hub is closed no pull starts a watcher any more.
	g.defers(g.motion.wait)
	g.defers(g.metadata.wait)
	g.defers(g.hub.Close)
	g.always = newAlways(g.hub, cfg.Motion.AlwaysBudget, g.probes)
	var err error
	if g.certificate, err = loadCertificate(cfg.RTSP.TLSCert, cfg.RTSP.TLSKey, g.log); err != nil {
		return fmt.Errorf("rtsp.tls_cert: %w", err)
	}
	g.relay = relay.New(relay.Options{
		Hub: g.hub, Authorizer: authorizer{
			Access: g.access, channel: func(id string) (registry.Channel, bool) { return snapshot().Get(id) }, owns: g.owns, note: g.audit.Note,
		},
		UDP: cfg.RTSP.UDP, Digest: cfg.RTSP.Digest,
		StartTimeout: cfg.Streams.StartTimeout, Log: g.log,
	})
	g.defers(g.bus.Registry().Watch(func(_, now *registry.Snapshot, tx registry.Transaction) {
		g.hub.Changed(now, tx)
		g.monitor.Changed(now, tx)
		g.always.changed(now, tx)
		g.devices.Changed(now, tx)
		g.turns.changed(tx)
	}))
	g.always.choose(snapshot())
	g.devices.Choose(snapshot())
	return nil
}

// listen opens all listeners.
func (g *gateway) listen() error {
	cfg := g.config()
	for _, l := range []struct {
		key, address string
		to           *net.Listener
	}{
		{"http.listen", cfg.HTTP.Listen, &g.http},
		{"rtsp.listen", cfg.RTSP.Listen, &g.rtsp},
		{"rtsp.tls_listen", cfg.RTSP.TLSListen, &g.rtsps},
	} {
		if l.address == "" {
			continue
		}
		ln, err := net.Listen("tcp", l.address)
		if err != nil {
			return fmt.Errorf("%s: %w", l.key, err)
		}
		g.defers(func() { ln.Close() })
		*l.to = ln
	}
	return nil
}

func (g *gateway) openAPI() error {
	g.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), streamMetrics{g})
	g.metrics.MustRegister(g.bus.Collectors()...)
	g.metrics.MustRegister(g.monitor.Collectors()...)
	g.metrics.MustRegister(g.rates.Collector())
	g.metrics.MustRegister(g.alerts.Collectors()...)
	page, err := web.Handler(g.config().Map.Tiles)
	if err != nil {
		return fmt.Errorf("loading the page: %w", err)
	}
	g.api = api.New(api.Options{
		Catalogue: g.bus.Registry(), Statuses: g.statuses, Streams: g.hub, Live: g.hub, Events: g.bus, Rates: g.rates, Alerts: g.alerts, Users: users{g.access, g.walls}, Sessions: g.access, Audit: g.audit, Report: g.motions.report, Ticket: g.ticket, LiveURL: g.liveURL(), Authenticator: principals{g.access},
		Ready: g.bus.Ready, Gatherer: g.metrics, RTSPURL: g.rtspURL, Page: page, PageSettings: g.pageSettings, Nodes: g.listNodes, Walls: g.walls, Levels: g.levels.list, Above: g.levels.aboveNow, From: g.elsewhere.from, Version: g.o.Version, Log: g.log,
		RotateKey: g.rotateKey, Center: g.config().Map.Center, StartTimeout: g.config().Streams.StartTimeout,
	})
	g.defers(g.api.Close)
	g.metrics.MustRegister(g.api.Collectors()...)
	stop, err := g.api.ServeNATS(g.bus.Conn())
	if err != nil {
		return fmt.Errorf("offering the API on NATS: %w", err)
	}
	g.closes("the API on NATS", stop)
	return nil
}

// pageSettings is what the page must know.
func (g *gateway) pageSettings() api.PageSettings {
	cfg := g.config()
	s := api.PageSettings{
		Node: cfg.Node.Name, Version: g.o.Version, Zone: cfg.Alerts.Zone, Targets: map[string]float64{}, Center: cfg.Map.Center, Zoom: cfg.Map.Zoom,
		Tiles: cfg.Map.Tiles, Attribution: cfg.Map.Attribution, Shifted: cfg.Map.Coordinates == "gcj02",
	}
	if s.Tiles != "" && !strings.Contains(s.Tiles, "://") {
		s.Tiles = web.MapFile
	}
	for class, target := range cfg.Health.Targets {
		s.Targets[strconv.Itoa(class)] = target
	}
	return s
}

// publishMotion tells of a motion, unless the channel has gone or isn't to be watched any more.
func (g *gateway) publishMotion(id string, t event.Type, at time.Time, m event.Motion) {
	ch, ok := g.bus.Registry().Snapshot().Get(id)
	if !ok || ch.Motion == "off" || m.Source != event.FromWebhook && !g.probes(ch) {
		return
	}
	m.Channel = ch.Event()
	g.bus.Publish(event.New(g.config().Node.Name, t, at, m))
}

// rotateKey shows the store's rotation to the API in its words.
func (g *gateway) rotateKey(ctx context.Context, by string) (api.Rotation, error) {
	r, err := g.bus.Registry().RotateKey(ctx, by)
	if errors.Is(err, bus.ErrRotate) {
		err = api.RefusedError{Err: err}
	}
	return api.Rotation(r), err
}

// rtspURL is where a stream is served, for an asker who called the gateway host.
func (g *gateway) rtspURL(host, id string, p streams.Profile) string {
	if g.rtsp == nil {
		return ""
	}
	address := g.rtsp.Addr().(*net.TCPAddr)
	if host == "" || !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	u := "rtsp://" + net.JoinHostPort(host, fmt.Sprint(address.Port)) + "/" + id
	if p == streams.Sub {
		u += "/sub"
	}
	return u
}

// run serves until ctx ends or one of the parts fails; then all end.
func (g *gateway) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.web.serve(ctx) })
	group.Go(func() error { return g.relay.Serve(ctx, g.rtsp, nil) })
	if g.rtsps != nil {
		group.Go(func() error { return g.relay.Serve(ctx, g.rtsps, g.certificate) })
	}
	group.Go(func() error { return g.nodes.Run(ctx) })
	group.Go(func() error { return g.followOthers(ctx) })
	group.Go(func() error { return g.levels.run(ctx) })
	group.Go(func() error { return g.monitor.Run(ctx) })
	group.Go(func() error { return g.always.run(ctx) })
	group.Go(func() error { return g.devices.Run(ctx) })
	group.Go(func() error { return g.judges.run(ctx) })
	group.Go(func() error { return g.alerts.run(ctx) })
	group.Go(func() error { return g.followConfig(ctx) })
	g.web.open(g.api.Handler())
	a := Addresses{HTTP: g.http.Addr().String(), RTSP: g.rtsp.Addr().String(), NATS: g.bus.ClientURL()}
	if g.rtsps != nil {
		a.RTSPS = g.rtsps.Addr().String()
	}
	g.log.Info("ready", "http", a.HTTP, "rtsp", a.RTSP, "nats", a.NATS, "leaf", g.bus.LeafAddress(), "channels", g.bus.Registry().Snapshot().Len())
	if g.o.Ready != nil {
		g.o.Ready(a)
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
