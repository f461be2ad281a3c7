// Package health knows which channels are well: it probes each on the interval of its class, weighs
// what pulls see of their cameras, and publishes a change once it is confirmed.
//
// One goroutine keeps the schedule of the whole city, a heap of due times for each class, and starts
// a goroutine for each probe, of which only so many may be under way. There is no timer and no
// goroutine for a channel that waits: an idle channel costs one small entry.
//
// Cameras that take long to answer, or never do, have lanes of their own, with half of the probes at
// most, so that a district that went dark doesn't hold up the probes of all others: where a site's probes
// begin to hang, all of its channels are moved there before they have taken the whole budget. A host has
// two probes at once, or two for each 512 channels behind it.
//
// # What is believed
//
// A change is believed when Confirm probes agree, ConfirmGap apart; more where many probes are lost on
// the way (see noise), one where the outage of the site is known. What only the stream shows is found by
// looks at it, or by pulls, and believed when looks agree; a refused password at once, since each try may
// lock the account. A channel that changes too often is degraded and flaps, until it doesn't for as long.
//
// # Outages
//
// A site is out when at least Ratio of its channels, and at least Min, failed within Window. Those in
// maintenance and those that were offline before don't count. A recorder is out when all its channels,
// two or more, failed. Channels count once two probes agree; of a site with 200 channels or more, which
// can't all be probed so soon, it is enough that nine of ten that were seen since then failed (halfway
// from Ratio to all). The highest site that holds is the one that is out: a site waits for those above
// while these may still hold, at most Window.
//
// The event of a channel waits, at most Window, only if there is reason to suspect an outage: two others
// of a site fail too, and they are many of those seen there, or all others of its recorder fail. The rest
// of what is suspected is probed at once to find out. All that is folded is kept, stored and recorded as
// ever; Status.Told says what everybody still believes, and Status.Outage what it is part of, so that a
// restart finds both.
//
// When a wider site goes too, there is one outage more, that of the wider site, and no end of the
// narrower one by itself. An outage is over when less than half of Ratio of its channels are offline.
// Those that are not back then have one longest interval, and the time that confirming takes; what
// remains is told: a site within that is still out as such, other channels one by one.
//
// # The gateway's own network
//
// When no camera at all answered for a second, while 20 hosts or more in two sites or more, which were
// well before, failed, it is the gateway that is cut off: one event says so, and no failure is believed
// until three hosts answer again, which is one more. A district can't do this while anybody else answers,
// nor can a registry of fewer hosts, or of one site: these are outages.
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sharpeyes/config"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams/probe"
)

// Prober probes one camera and ends by the deadline of the context.
type Prober interface {
	// Options asks whether the camera is there.
	Options(ctx context.Context, ch registry.Channel) probe.Result
	// Deep signs in and looks at a few seconds of the stream itself. Online says that all is well with
	// it, unknown that it could not be looked at now.
	Deep(ctx context.Context, ch registry.Channel) probe.Result
}

// Publisher stores the last status of channels and publishes events. Its methods don't block, and
// don't call the Monitor.
type Publisher interface {
	PutStatus(id string, s registry.Status)
	Publish(ev event.Event)
}

// Options is what a Monitor works with; every field is needed but Owns, Whole, Record and Isolated.
type Options struct {
	Config    config.Health
	Node      string // name of this gateway, the source of its events
	Prober    Prober
	Publisher Publisher
	// Statuses is the table that the Monitor keeps. It holds what was known when the gateway stopped:
	// what is still so is not published again.
	Statuses *registry.Statuses
	// Snapshot is the newest registry; it already has the transaction that Changed is called with.
	Snapshot func() *registry.Snapshot
	// Owns says which channels are this gateway's to watch, nil for all, and Whole of which sites all are.
	// When that changes, Rebalance is to be called.
	Owns  func(registry.Channel) bool
	Whole func(site string) bool
	// Record is called with each change that is kept, in the order of the changes of a channel. It
	// doesn't block, and doesn't call the Monitor.
	Record func(Change)
	// Isolated is called when the gateway has lost its own network, and when it has it again; as Record.
	Isolated func(bool)
	Log      *slog.Logger
}

// Monitor watches the health of all channels. Its methods may be called at the same time.
type Monitor struct {
	o       Options
	metrics *metrics
	wake    chan struct{} // holds one: look at the schedule again

	mu      sync.Mutex
	running bool
	entries map[string]*entry // enabled channels, by id
	pulled  map[string]int    // open pulls, by channel
	schedule
	looks looks
	areas
	network  network
	noise    noise
	flights  map[*flight]struct{} // probes under way
	relieved time.Time
	ofRank   [ranks]int // channels on the schedule
	failing  map[*entry]failure
	waiting  map[*entry]wait
	flapping map[*entry]struct{}
	outages  map[*outage]struct{}
	round    int       // of evaluations
	checkAt  time.Time // no sooner
}

// New makes a Monitor, which does nothing before Run.
func New(o Options) *Monitor {
	m := &Monitor{
		o:       o,
		wake:    make(chan struct{}, 1),
		entries: make(map[string]*entry),
		pulled:  make(map[string]int),
		areas:   newAreas(),
		network: newNetwork(),

		flights:  make(map[*flight]struct{}),
		failing:  make(map[*entry]failure),
		waiting:  make(map[*entry]wait),
		flapping: make(map[*entry]struct{}),
		outages:  make(map[*outage]struct{}),
	}
	m.schedule = newSchedule(o.Config)
	m.metrics = newMetrics(m)
	return m
}

// Run probes until the context ends, and returns when the last probe has.
func (m *Monitor) Run(ctx context.Context) error {
	m.start()
	defer m.stop()
	var probes sync.WaitGroup
	defer probes.Wait()

	const warnEvery = time.Minute
	var warned time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-m.wake:
		}
		nap, late := m.dispatch(ctx, &probes)
		timer.Reset(nap)
		if now := time.Now(); late > 0 && now.Sub(warned) > warnEvery {
			warned = now
			m.o.Log.Warn("Probes are late: the machine is too busy, or health.concurrency is too small", "late", late.Round(time.Second))
		}
	}
}

// start puts every channel of the registry on the schedule, and clears the table of those that left
// or were disabled while the gateway was down.
func (m *Monitor) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	channels := m.o.Snapshot()
	for id := range m.o.Statuses.Range() {
		if _, ok := channels.Get(id); !ok {
			m.forget(id, now, m.owns(registry.Channel{ID: id}))
		}
	}
	m.running = true
	m.network.answered = now
	for ch := range channels.All() {
		if !m.owns(ch) {
			continue
		}
		if !ch.Enabled {
			m.disable(ch, now)
			continue
		}
		m.enable(ch, now)
		e := m.add(ch, now)
		m.plan(e, now.Add(phase(e.id, m.interval(e))))
	}
	for id, e := range m.entries { // once all are in their areas
		if s := m.o.Statuses.Get(id); s.Outage != "" {
			m.reopen(e, s, now)
		}
	}
	m.o.Log.Info("Watching the health of the channels", "channels", channels.Len(), "probed", len(m.entries))
}

func (m *Monitor) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = false
}

// dispatch starts the probes that are due. It returns how long the scheduler may sleep, and how late
// the latest of the probes was when that is longer than the interval of its channel.
func (m *Monitor) dispatch(ctx context.Context, probes *sync.WaitGroup) (nap, late time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.relieve(now)
	checkIn := m.check(now)
	channels := m.o.Snapshot()
	lookIn := m.dispatchLooks(ctx, probes, channels, now)
	for {
		e := m.next(now)
		if e == nil {
			return m.sleep(now, min(checkIn, lookIn)), late
		}
		ch, ok := channels.Get(e.id)
		if !ok || !ch.Enabled || !m.owns(ch) { // Changed or Rebalance is about to be called and takes it away
			m.plan(e, now.Add(m.interval(e)))
			continue
		}
		if !m.admit(e) {
			continue
		}
		by := now.Sub(e.due)
		m.metrics.late(e.rank, by)
		if by > m.interval(e) {
			late = max(late, by)
		}
		m.take(e)
		f, bounded := m.newFlight(ctx, e, now)
		f.first = true
		gap := m.o.Config.ConfirmGap
		probes.Go(func() { m.probe(ctx, bounded, probes, f, gap, ch) })
	}
}

// rests reports whether a channel needs no probe: it is pulled, and all is well, as far as its own
// packets say. Probes come back when they say otherwise.
func (m *Monitor) rests(e *entry) bool {
	if m.pulled[e.id] == 0 || e.doubt != nil {
		return false
	}
	s := m.known(e).State
	return s == event.Online || s == event.Degraded
}

// nudge wakes the scheduler when the channel is due before it would wake by itself.
func (m *Monitor) nudge(e *entry) {
	if e.place >= 0 && e.due.Before(m.wakesAt) {
		m.signal()
	}
}

func (m *Monitor) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
