package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/probe"
	"sharpeyes/streams/quality"
	"sharpeyes/streams/source"
)

// prober asks cameras for their options and looks at their streams. A look never stands in the way of
// a reader: it isn't made while the stream is pulled, or its recorder has no session to spare, and it
// ends at once when a pull from the same recorder begins.
type prober struct {
	*probe.Prober
	g *gateway
}

func newProber(g *gateway) prober {
	return prober{g: g, Prober: probe.NewDeep(g.config().Health.Timeout, probe.Look{
		Source: lookSource{g},
		Eye: func(d *streams.Description) probe.Eye {
			return quality.NewLook(d, g.config().Health.ClockTolerance)
		},
		Accepted: g.turns.accepts,
	})}
}

// Deep looks at the channel's main stream.
func (p prober) Deep(ctx context.Context, ch registry.Channel) probe.Result {
	g := p.g
	ctx, done, ok := g.turns.look(ctx, ch, g.config().Streams.MaxPullsPerDevice)
	if !ok {
		return probe.Result{State: event.Unknown, Detail: "the stream, or all that its recorder gives, is open already"}
	}
	defer done()
	r := p.Prober.Deep(ctx, ch)
	switch r.Reason {
	case event.Unauthorized, event.LockedOut:
		if g.sends(ch) {
			return probe.Result{State: event.Degraded, Reason: event.SessionFull, Took: r.Took,
				Detail: ch.DeviceKey() + " refused a stream while it sends one that the same password opened: it has no session to spare"}
		}
		g.hub.Refused(ch.ID, time.Now()) // readers must not try it either
	case "", event.Frozen, event.NoKeyframe, event.LowFPS, event.PacketLoss, event.ClockSkew, event.AudioOnly:
		if r.State == event.Unknown {
			break
		}
		g.turns.accepted(ch)
		if refused(g.statuses.Get(ch.ID).Reason) {
			g.hub.Refused(ch.ID, time.Time{}) // no longer
		}
	}
	return r
}

// refused reports whether a camera with the reason is left alone for a while.
func refused(r event.Reason) bool { return r == event.Unauthorized || r == event.LockedOut }

// sends reports whether the channel's recorder sends another stream, opened with the same credentials.
func (g *gateway) sends(ch registry.Channel) bool {
	device := ch.DeviceKey()
	for _, i := range g.hub.Pulls() {
		if i.Device != device || !i.Playing {
			continue
		}
		other, ok := g.bus.Registry().Snapshot().Get(i.Key.Channel)
		if ok && other.Username == ch.Username && other.Password == ch.Password {
			return true
		}
	}
	return false
}

// lookSource opens streams for looks. Half of a look's time, at most, goes by until the camera sends,
// and a quarter of it in silence.
type lookSource struct{ g *gateway }

// Pull is that of streams.Source.
func (s lookSource) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	timeout := s.g.config().Health.Timeout
	one := source.Source{StartTimeout: 2 * timeout, StallTimeout: timeout, UserAgent: "sharpeyes/" + s.g.o.Version}
	return one.Pull(ctx, ch, p, sink)
}

// turns lets pulls go before looks. It is the hub's source.
type turns struct {
	source streams.Source

	mu      sync.Mutex
	looks   map[string]*turn // by recorder
	streams map[string]int   // open pulls, by recorder
	pulls   map[streams.Key]int
	good    map[string]uint64 // by channel: the credentials that its camera took
}

// turn is a look under way.
type turn struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func newTurns(s streams.Source) *turns {
	return &turns{source: s, looks: map[string]*turn{}, streams: map[string]int{}, pulls: map[streams.Key]int{}, good: map[string]uint64{}}
}

// Pull ends a look at the same recorder, if there is one, and pulls.
func (t *turns) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	device, key := ch.DeviceKey(), streams.Key{Channel: ch.ID, Profile: p}
	t.mu.Lock()
	t.streams[device]++
	t.pulls[key]++
	look := t.looks[device]
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.streams[device]--; t.streams[device] == 0 {
			delete(t.streams, device)
		}
		if t.pulls[key]--; t.pulls[key] == 0 {
			delete(t.pulls, key)
		}
	}()
	if look != nil {
		look.cancel()
		select {
		case <-look.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return t.source.Pull(ctx, ch, p, sink)
}

// look begins a look, unless the stream is pulled, the recorder is being looked at, or it has as many
// streams open as it may have (most; 0: no bound). The look ends with done.
func (t *turns) look(ctx context.Context, ch registry.Channel, most int) (looking context.Context, done func(), ok bool) {
	device := ch.DeviceKey()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.looks[device] != nil || t.pulls[streams.Key{Channel: ch.ID, Profile: streams.Main}] > 0 || most > 0 && t.streams[device] >= most {
		return nil, nil, false
	}
	looking, cancel := context.WithCancel(ctx)
	one := &turn{cancel: cancel, done: make(chan struct{})}
	t.looks[device] = one
	return looking, func() {
		cancel()
		t.mu.Lock()
		delete(t.looks, device)
		t.mu.Unlock()
		close(one.done)
	}, true
}

// accepted notes that the camera took the channel's credentials.
func (t *turns) accepted(ch registry.Channel) {
	t.mu.Lock()
	t.good[ch.ID] = credentialsOf(ch)
	t.mu.Unlock()
}

// accepts reports whether it did, and they are the same.
func (t *turns) accepts(ch registry.Channel) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	good, ok := t.good[ch.ID]
	return ok && good == credentialsOf(ch)
}

// changed forgets channels that are no more.
func (t *turns) changed(tx registry.Transaction) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range tx.Delete {
		delete(t.good, id)
	}
}

// credentialsOf stands for what the camera is asked with.
func credentialsOf(ch registry.Channel) uint64 {
	return xxhash.Sum64String(ch.URL + "\x00" + ch.Username + "\x00" + ch.Password.Reveal())
}
