// Package health knows which channels are well: it probes each on the interval of its class, weighs
// what pulls see of their cameras, and publishes a change once it is confirmed.
//
// One goroutine keeps the schedule of the whole city, a heap of due times for each class, and starts
// a goroutine for each probe, of which only so many may be under way. There is no timer and no
// goroutine for a channel that waits: an idle channel costs one small entry.
//
// Cameras that take long to answer, or never do, have lanes of their own, with half of the probes at
// most, so that a district that went dark doesn't hold up the probes of all others.
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

// Options is what a Monitor works with; every field is needed but Record and Isolated.
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
			m.forget(id, now)
		}
	}
	m.running = true
	m.network.answered = now
	for ch := range channels.All() {
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
		if !ok || !ch.Enabled { // Changed is about to be called and takes it away
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

// flight is a probe under way: of what, as it was when it began.
type flight struct {
	e       *entry
	edition uint16
	host    uint64
	timeout time.Duration
	began   time.Time
	first   bool // of its channel; no other of it is under way
	landed  bool
	cancel  func() // gives it up
}

func (m *Monitor) newFlight(ctx context.Context, e *entry, now time.Time) (*flight, context.Context) {
	f := &flight{e: e, edition: e.edition, host: e.host, timeout: m.o.Config.Timeout, began: now}
	ctx, f.cancel = context.WithTimeout(ctx, f.timeout)
	m.flights[f] = struct{}{}
	return f, ctx
}

// probe probes a channel and weighs the result. When there is none for so long that the next probe would
// be made by now, had this one failed at once, that one is made: who stays silent is found as soon as who
// refuses.
func (m *Monitor) probe(ctx, bounded context.Context, probes *sync.WaitGroup, f *flight, gap time.Duration, ch registry.Channel) {
	again := time.AfterFunc(gap, func() { m.again(ctx, probes, f, ch) })
	r := m.o.Prober.Options(bounded, ch)
	now := time.Now()

	m.mu.Lock()
	defer m.mu.Unlock()
	again.Stop()
	m.land(f)
	m.metrics.probed(r)
	e := f.e
	if m.giveBack(e, f.host) {
		m.signal()
	}
	if r.State != event.Unknown {
		e.slow = now.Sub(f.began) > f.timeout/2
	}
	switch {
	case ctx.Err() != nil, e.gone:
		return
	case e.edition != f.edition: // it was edited meanwhile: the result is of another camera
		m.extra(e, e.due)
		m.nudge(e)
		return
	}
	m.landed(f, r, now)
	m.replan(f, now)
}

// land ends a flight.
func (m *Monitor) land(f *flight) {
	f.cancel()
	f.landed = true
	delete(m.flights, f)
}

// again makes a second probe of a channel while the first has no answer, if it was well before and there
// is room.
func (m *Monitor) again(ctx context.Context, probes *sync.WaitGroup, first *flight, ch registry.Channel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := first.e
	s := m.known(e).State
	if first.landed || ctx.Err() != nil || e.gone || e.waited || e.edition != first.edition || m.o.Config.Confirm < 2 ||
		s != event.Online && s != event.Degraded || m.inFlight >= m.most/2 || !m.hosts.free(first.host) {
		return
	}
	f, bounded := m.newFlight(ctx, e, time.Now())
	m.inFlight++
	m.hosts.begin(f.host)
	probes.Go(func() { // the first is under way, so nobody has waited for all of them yet
		r := m.o.Prober.Options(bounded, ch)
		now := time.Now()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.land(f)
		m.metrics.probed(r)
		m.inFlight--
		if m.unpark(f.host) || m.starved {
			m.signal()
		}
		if ctx.Err() == nil && !e.gone && e.edition == f.edition {
			m.landed(f, r, now)
			m.follow(e, now)
		}
	})
}

// landed weighs the result of a probe, unless something better was seen meanwhile.
func (m *Monitor) landed(f *flight, r probe.Result, now time.Time) {
	switch {
	case m.rests(f.e): // a pull began, and its packets know better
	case r.State == event.Offline && probesSee(r.Reason) && m.since(f.began) < f.e.well: // it answered a later one
		m.noise.wrong(int64(m.since(now) / time.Second))
	default:
		m.weigh(f.e, r, now)
	}
}

// replan puts a channel back on the schedule after a probe.
func (m *Monitor) replan(f *flight, now time.Time) {
	e := f.e
	if m.rests(e) {
		return
	}
	if e.doubt != nil {
		next := f.began.Add(m.o.Config.ConfirmGap) // a silent one needn't wait any longer
		if next.Before(now) {
			next = now
		}
		m.extra(e, next)
	} else {
		m.plan(e, m.following(e, now))
	}
	m.nudge(e)
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
