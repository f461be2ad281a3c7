package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// Bucket keeps records that all gateways share, and has them in memory.
type Bucket interface {
	Keeper
	Get(ctx context.Context, name string) ([]byte, bool, error)
	List(ctx context.Context) ([]string, error)
	Put(ctx context.Context, name string, record []byte) error
	Delete(ctx context.Context, name string) error
	// Sync returns when all that was written until now, by whatever gateway, is seen here.
	Sync(ctx context.Context) error
	// Watch calls fn with each record that is written from now on, by whatever gateway, nil for one
	// that was deleted; one after another, and never while it holds up a writer.
	Watch(fn func(name string, record []byte)) (stop func())
}

// Stream is the events that are stored.
type Stream interface {
	// Read calls each with the events from a sequence on (0: none) and from a time on (zero: none), in
	// their order, and goes on until ctx ends, or, with last, until the last one that is there.
	Read(ctx context.Context, from uint64, since time.Time, last bool, each func(sequence uint64, at time.Time, event []byte) error) error
	// Newest is when the last event was stored; zero when there is none.
	Newest(ctx context.Context) (time.Time, error)
}

// Sealer keeps the secrets of webhooks; see registry.Sealer.
type Sealer interface {
	Seal(name string, s registry.Secret) ([]byte, error)
}

// Options is what a Service is made of.
type Options struct {
	Node   string
	Zone   *time.Location // of the rules' times
	Rules  Bucket
	Alerts Bucket
	Stream Stream
	Sealer Sealer
	// Publish sends an event.
	Publish func(event.Event)
	// Tell hands the event of an alert on to a rule's webhooks. It must not wait for them.
	Tell func(ctx context.Context, r alert.Rule, e event.Event)
	// Channel is one of the registry.
	Channel func(id string) (registry.Channel, bool)
	// Rates is what is to be noted of rates now, about once a minute; nil: nothing.
	Rates func(now time.Time) []alert.Seen
	// Fresh is what rules a city without any begins with.
	Fresh []alert.Rule
	Log   *slog.Logger
}

// Service is the rules and alerts of a city, as one gateway sees them.
type Service struct {
	o       Options
	metrics *metrics
	editing sync.Mutex // of rules by this gateway

	leading sync.Mutex // held while rules are read for the engine, so that older ones never replace newer
	engine  *Engine    // nil: another gateway leads
}

// New makes a service, and gives a city without any rule those that it begins with.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{o: o, metrics: newMetrics()}
	names, err := o.Rules.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	if len(names) > 0 {
		return s, nil
	}
	for _, r := range o.Fresh {
		if _, err := s.PutRule(ctx, r); err != nil {
			return nil, fmt.Errorf("making the rule %s: %w", r.Name, err)
		}
	}
	return s, nil
}

const (
	// cursor is the record of how far the events were evaluated. No rule is called so.
	cursor = "cursor.alerts"
	// settle is how often what was folded is stored, and time is looked at.
	settle = 250 * time.Millisecond
	// mark is how often the cursor is stored.
	mark = 10 * time.Second
	// note is how often rates are looked at.
	note = time.Minute
)

// Lead evaluates the rules until ctx ends. One gateway of a city does at a time.
func (s *Service) Lead(ctx context.Context) error {
	s.metrics.leads.Set(1)
	defer s.metrics.leads.Set(0)
	e := newEngine(s.o.Node, s.o.Alerts, s.o.Publish, s.o.Tell, s.o.Log, s.metrics)
	changed := make(chan struct{}, 1)
	stop := s.o.Rules.Watch(func(name string, _ []byte) {
		if name != cursor {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	})
	defer stop()
	stopAlerts := s.o.Alerts.Watch(func(_ string, record []byte) {
		if record == nil {
			return
		}
		if a, err := alert.Decode(record); err == nil {
			e.heard(a, record)
		}
	})
	defer stopAlerts()
	// What the last leader wrote last decides what is told again.
	if err := errors.Join(s.o.Rules.Sync(ctx), s.o.Alerts.Sync(ctx)); err != nil {
		return err
	}
	rules, err := s.lend(ctx, e)
	if err != nil {
		return err
	}
	defer func() { _, _ = s.lend(ctx, nil) }() // reads nothing
	if err := s.loadAlerts(ctx, e); err != nil {
		return err
	}
	e.retell(ctx, time.Now())
	from, since, err := s.start(ctx, rules)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var at progress
	defer e.flush(ctx)
	var running sync.WaitGroup
	defer func() {
		cancel(nil)
		running.Wait()
	}()
	running.Go(func() {
		cancel(s.o.Stream.Read(ctx, from, since, false, func(sequence uint64, _ time.Time, b []byte) error {
			seen, err := alert.Read(sequence, b, s.o.Channel)
			if err == nil {
				e.take(ctx, seen, time.Now())
			}
			at.reached(sequence)
			return ctx.Err()
		}))
	})
	return s.lead(ctx, e, changed, &at)
}

// lend makes an engine the one that rules are read for, nil for none, and gives it the rules of now.
func (s *Service) lend(ctx context.Context, e *Engine) ([]*alert.Compiled, error) {
	s.leading.Lock()
	defer s.leading.Unlock()
	s.engine = e
	return s.refreshLocked(ctx)
}

// refresh gives the engine the rules of now, when this gateway leads. Whoever edits a rule here waits for
// it, so that what happens after the answer is judged by the new rule.
func (s *Service) refresh(ctx context.Context) error {
	s.leading.Lock()
	defer s.leading.Unlock()
	_, err := s.refreshLocked(ctx)
	return err
}

func (s *Service) refreshLocked(ctx context.Context) ([]*alert.Compiled, error) {
	if s.engine == nil {
		return nil, nil
	}
	rules, err := s.compiled(ctx)
	if err != nil {
		return nil, err
	}
	s.engine.setRules(rules)
	return rules, nil
}

// progress is the sequence of the last event that was evaluated.
type progress struct {
	mu       sync.Mutex
	sequence uint64
}

func (p *progress) reached(n uint64) {
	p.mu.Lock()
	p.sequence = n
	p.mu.Unlock()
}

func (p *progress) now() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sequence
}

func (s *Service) lead(ctx context.Context, e *Engine, changed <-chan struct{}, at *progress) error {
	tick := time.NewTicker(settle)
	defer tick.Stop()
	stored, noted, marked := uint64(0), time.Time{}, time.Now()
	for {
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("following the events: %w", err)
			}
			return nil
		case <-changed:
			if err := s.refresh(ctx); err != nil {
				return err
			}
			continue
		case <-tick.C:
		}
		now := time.Now()
		e.tick(ctx, now)
		if s.o.Rates != nil && now.Sub(noted) >= note {
			noted = now
			for _, r := range s.o.Rates(now) {
				e.take(ctx, &r, now)
			}
		}
		if n := at.now(); n != stored && now.Sub(marked) >= mark {
			if err := s.o.Rules.Put(ctx, cursor, strconv.AppendUint(nil, n, 10)); err == nil {
				stored, marked = n, now
			}
		}
	}
}

// start is where evaluating begins: where it stopped, and so much earlier that whatever was counted or
// waited for is again.
func (s *Service) start(ctx context.Context, rules []*alert.Compiled) (from uint64, since time.Time, err error) {
	newest, err := s.o.Stream.Newest(ctx)
	if err != nil {
		return 0, since, fmt.Errorf("looking at the events: %w", err)
	}
	if newest.IsZero() {
		return 0, since, nil
	}
	since = newest.Add(-lookback(rules))
	b, there, err := s.o.Rules.Get(ctx, cursor)
	if err != nil || !there {
		return 0, since, err
	}
	from, _ = strconv.ParseUint(string(b), 10, 64) // a damaged one is as good as none
	return from, since, nil
}

// compiled are the rules that can be used.
func (s *Service) compiled(ctx context.Context) ([]*alert.Compiled, error) {
	rules, err := s.stored(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*alert.Compiled, 0, len(rules))
	for _, r := range rules {
		c, err := r.Compile(s.o.Zone)
		if err != nil {
			s.o.Log.Error("A rule can't be used", "rule", r.Name, "error", err)
			continue
		}
		all = append(all, c)
	}
	return all, nil
}

func (s *Service) loadAlerts(ctx context.Context, e *Engine) error {
	ids, err := s.o.Alerts.List(ctx)
	if err != nil {
		return fmt.Errorf("reading the alerts: %w", err)
	}
	for _, id := range ids {
		b, there, err := s.o.Alerts.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if !there {
			continue
		}
		if a, err := alert.Decode(b); err == nil {
			e.load(a, b)
		}
	}
	return nil
}

// heard takes over what somebody else did with an alert.
func (e *Engine) heard(a *alert.Alert, record []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.folds[foldKey{a.Rule, a.Place}]; f != nil && f.alert != nil && f.alert.ID == a.ID && string(f.record) == string(record) {
		return // its own
	}
	e.loadLocked(a, record)
}
