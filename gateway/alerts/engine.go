package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// Keeper keeps alerts for all gateways.
type Keeper interface {
	// Create writes an alert unless there is one of its id; false then.
	Create(ctx context.Context, id string, record []byte) (bool, error)
	// Update writes an alert unless another gateway has written it since; false then.
	Update(ctx context.Context, id string, record []byte, was []byte) (bool, error)
}

// fold is what a rule knows of one place.
type fold struct {
	rule    string
	alert   *alert.Alert // the last one; nil: there was none
	record  []byte       // of it, as the store has it
	changed bool         // since then
	times   []time.Time
	mark    uint64 // sequence of the last event that counted
}

func (f *fold) open() bool { return f.alert != nil && f.alert.State != alert.Closed }

// waiting is an event whose rule asks that it lasts.
type waiting struct {
	rule *alert.Compiled
	seen *alert.Seen
	due  time.Time
}

type foldKey struct{ rule, place string }

type subjectKey struct{ rule, subject string }

// Engine evaluates rules. It is told of events in the order of the stream, and of the time.
type Engine struct {
	node    string
	keep    Keeper
	publish func(event.Event)
	tell    func(ctx context.Context, rule alert.Rule, e event.Event) // webhooks
	log     *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	rules   []*alert.Compiled
	folds   map[foldKey]*fold
	waiting map[subjectKey]waiting
	active  map[subjectKey]*fold // what a lasting condition has an open alert for
	dirty   map[*fold]struct{}
}

func newEngine(node string, keep Keeper, publish func(event.Event), tell func(context.Context, alert.Rule, event.Event), log *slog.Logger, m *metrics) *Engine {
	return &Engine{
		node: node, keep: keep, publish: publish, tell: tell, log: log, metrics: m,
		folds: map[foldKey]*fold{}, waiting: map[subjectKey]waiting{}, active: map[subjectKey]*fold{}, dirty: map[*fold]struct{}{},
	}
}

// setRules takes over the rules. What waits for a rule that has changed or is gone is forgotten; what waits
// for another goes on waiting.
func (e *Engine) setRules(rules []*alert.Compiled) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rules = slices.Clone(rules)
	for i, r := range rules {
		if was := e.rule(r.Name); was != nil && reflect.DeepEqual(was.Rule, r.Rule) {
			rules[i] = was
		}
	}
	e.rules = rules
	for k, w := range e.waiting {
		if !slices.Contains(rules, w.rule) {
			delete(e.waiting, k)
		}
	}
}

// load takes over an alert from the store, as it was written by this gateway or another.
func (e *Engine) load(a *alert.Alert, record []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loadLocked(a, record)
}

func (e *Engine) loadLocked(a *alert.Alert, record []byte) {
	f := e.fold(a.Rule, a.Place)
	if f.alert != nil && f.alert.ID != a.ID && f.alert.Raised.After(a.Raised) {
		return // of an earlier one
	}
	e.forget(f)
	f.alert, f.record, f.changed = a, record, false
	f.mark = max(f.mark, a.Sequence)
	delete(e.dirty, f)
	if f.open() {
		for _, id := range a.Subjects {
			e.active[subjectKey{a.Rule, id}] = f
		}
	}
}

// forget takes a fold off the list of what lasts.
func (e *Engine) forget(f *fold) {
	if f.alert == nil {
		return
	}
	for _, id := range f.alert.Subjects {
		if k := (subjectKey{f.rule, id}); e.active[k] == f {
			delete(e.active, k)
		}
	}
}

func (e *Engine) fold(rule, place string) *fold {
	k := foldKey{rule, place}
	f := e.folds[k]
	if f == nil {
		f = &fold{rule: rule}
		e.folds[k] = f
	}
	return f
}

// take evaluates an event. now is the time that alerts are raised at.
func (e *Engine) take(ctx context.Context, s *alert.Seen, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.metrics.events.Inc()
	for _, c := range e.rules {
		if !c.About(s) {
			continue
		}
		if !c.Matches(s) {
			if ends(c, s) {
				e.ended(ctx, c.Name, s.Subject(), s, now)
			}
			continue
		}
		if !c.Enabled || !c.Holds(s.At) {
			continue
		}
		if c.For > 0 && alert.Lasting(s.Type) {
			k := subjectKey{c.Name, s.Subject()}
			if _, there := e.waiting[k]; !there && e.active[k] == nil {
				e.waiting[k] = waiting{rule: c, seen: s, due: s.At.Add(time.Duration(c.For))}
			}
			continue
		}
		e.count(ctx, c, s, now)
	}
}

// ends reports whether the event ends what the rule waits for: it is of the same kind and not what is
// waited for, or the opposite.
func ends(c *alert.Compiled, s *alert.Seen) bool {
	for _, t := range c.Types {
		switch {
		case t == s.Type && t == string(event.HealthChanged),
			t == string(event.SiteOutage) && s.Type == string(event.SiteRestored),
			t == string(event.GatewayIsolated) && s.Type == string(event.GatewayReconnected), t == string(event.LevelLost) && s.Type == string(event.LevelBack),
			t == alert.RateBelow && s.Type == alert.RateMet:
			return true
		}
	}
	return false
}

// count counts an event that matters, and raises or folds when there are enough.
func (e *Engine) count(ctx context.Context, c *alert.Compiled, s *alert.Seen, now time.Time) {
	place := s.Place(c.FoldBy)
	f := e.fold(c.Name, place)
	if s.Sequence > 0 && s.Sequence <= f.mark { // read again after a restart
		return
	}
	if f.open() {
		e.metrics.folded.Inc()
		f.alert.Fold(s)
		if alert.Lasting(s.Type) {
			e.active[subjectKey{c.Name, s.Subject()}] = f
		}
		f.mark = max(f.mark, s.Sequence)
		e.dirty[f] = struct{}{}
		return
	}
	if e.suppressed(c, s) {
		e.metrics.suppressed.Inc()
		return
	}
	if c.Count > 1 {
		since := s.At.Add(-time.Duration(c.Within))
		f.times = slices.DeleteFunc(append(f.times, s.At), func(t time.Time) bool { return t.Before(since) })
		if len(f.times) < c.Count {
			return
		}
	}
	n := max(len(f.times), 1)
	f.times = nil
	a := alert.New(c, s, place, now)
	a.Count = n
	e.raise(ctx, c, f, a, s.At, now)
}

// suppressed reports whether an open alert of a rule that suppresses this one covers the place.
func (e *Engine) suppressed(c *alert.Compiled, s *alert.Seen) bool {
	for _, other := range e.rules {
		if !slices.Contains(other.Suppresses, c.Name) {
			continue
		}
		for k, f := range e.folds {
			if k.rule != other.Name || !f.open() {
				continue
			}
			a := f.alert
			switch {
			case other.FoldBy == alert.ByRule, a.Channel != nil && s.Channel != nil && a.Channel.ID == s.Channel.ID && other.FoldBy == alert.ByChannel,
				a.Channel == nil && a.Site != "" && alert.Within(s.Site, a.Site),
				other.FoldBy == alert.BySite && a.Site != "" && alert.Within(s.Site, a.Site),
				a.Recorder != "" && a.Recorder == s.Recorder:
				return true
			}
		}
	}
	return false
}

// raise stores a new alert and tells it, unless it was raised before.
func (e *Engine) raise(ctx context.Context, c *alert.Compiled, f *fold, a *alert.Alert, at, now time.Time) {
	record, err := alert.Encode(a)
	if err != nil {
		e.log.Error("An alert can't be written", "rule", c.Name, "error", err)
		return
	}
	ctx, cancel := whole(ctx)
	defer cancel()
	made, err := e.keep.Create(ctx, a.ID, record)
	if err != nil {
		e.log.Error("An alert can't be stored; it is raised by the next event of its kind", "rule", c.Name, "error", err)
		return
	}
	f.mark = max(f.mark, a.Sequence)
	if !made { // by this gateway before it was restarted, or by another; the store tells what became of it
		return
	}
	e.forget(f)
	f.alert, f.record, f.changed = a, record, false
	for _, id := range a.Subjects {
		e.active[subjectKey{c.Name, id}] = f
	}
	e.metrics.raised.WithLabelValues(string(c.Severity)).Inc()
	e.metrics.lag.Observe(now.Sub(at).Seconds())
	e.announce(ctx, c, f, event.AlertRaised, now, alert.System, "")
}

// whole is a context for what must not be given up half done when another gateway is to lead.
func whole(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// writeTimeout bounds what a leader that is to end may still take to store one alert.
const writeTimeout = 5 * time.Second

// retell publishes what was stored and, by a gateway that died just then, perhaps not published. The id
// is the same, so that the stream has it once.
func (e *Engine) retell(ctx context.Context, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.folds {
		a := f.alert
		if a == nil || a.Told >= len(a.Steps) {
			continue
		}
		last := a.Steps[len(a.Steps)-1]
		t := event.AlertRaised
		if a.State == alert.Closed {
			t = event.AlertClosed
		}
		e.announce(ctx, e.rule(f.rule), f, t, now, last.By, last.Comment)
	}
}

// announce publishes what became of an alert.
func (e *Engine) announce(ctx context.Context, c *alert.Compiled, f *fold, t event.Type, now time.Time, by, comment string) {
	ev := f.alert.Event(e.node, t, now, by, comment)
	ev.ID = alert.ID(f.alert.ID, string(t), fmt.Sprint(len(f.alert.Steps))) // the same from whoever tells it
	e.publish(ev)
	f.alert.Told = len(f.alert.Steps)
	e.dirty[f] = struct{}{}
	if c != nil && len(c.Tell) > 0 {
		e.tell(ctx, c.Rule, ev)
	}
}

// ended ends a condition: what waited for it to last is forgotten, and an alert that has no other closes.
func (e *Engine) ended(ctx context.Context, rule, subject string, s *alert.Seen, now time.Time) {
	k := subjectKey{rule, subject}
	delete(e.waiting, k)
	f := e.active[k]
	if f == nil || s.Sequence > 0 && s.Sequence <= f.mark {
		return
	}
	delete(e.active, k)
	a := f.alert
	a.Subjects = slices.DeleteFunc(a.Subjects, func(id string) bool { return id == subject })
	a.Sequence = max(a.Sequence, s.Sequence)
	f.mark = a.Sequence
	e.dirty[f] = struct{}{}
	if len(a.Subjects) > 0 {
		return
	}
	a.State = alert.Closed
	a.Note(now, alert.System, "closed", "it has ended")
	if !e.write(ctx, f) {
		return
	}
	e.announce(ctx, e.rule(rule), f, event.AlertClosed, now, alert.System, "it has ended")
}

func (e *Engine) rule(name string) *alert.Compiled {
	for _, c := range e.rules {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// write stores an alert that has changed, and reports whether it did. One that somebody else wrote
// meanwhile is taken over as that is when the store tells of it.
func (e *Engine) write(ctx context.Context, f *fold) bool {
	delete(e.dirty, f)
	ctx, cancel := whole(ctx)
	defer cancel()
	record, err := alert.Encode(f.alert)
	if err == nil {
		var ok bool
		if ok, err = e.keep.Update(ctx, f.alert.ID, record, f.record); ok {
			f.record = record
			return true
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		e.log.Error("An alert can't be stored", "alert", f.alert.ID, "error", err)
		e.dirty[f] = struct{}{}
	}
	return false
}

// tick raises what has lasted, wakes what was snoozed, and stores what was folded.
func (e *Engine) tick(ctx context.Context, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var due []waiting
	for k, w := range e.waiting {
		if !w.due.After(now) {
			due = append(due, w)
			delete(e.waiting, k)
		}
	}
	slices.SortFunc(due, func(a, b waiting) int { return a.due.Compare(b.due) })
	for _, w := range due {
		if w.rule.Holds(w.due) {
			e.count(ctx, w.rule, w.seen, now)
		}
	}
	for _, f := range e.folds {
		if a := f.alert; f.open() && !a.Snoozed.IsZero() && !a.Snoozed.After(now) {
			a.Snoozed = time.Time{}
			a.State = alert.Open
			a.Note(now, alert.System, "raised again", "")
			if e.write(ctx, f) {
				e.announce(ctx, e.rule(f.rule), f, event.AlertRaised, now, alert.System, "it is no longer snoozed")
			}
		}
	}
	e.flushLocked(ctx)
	e.metrics.open.Set(float64(e.countOpen()))
	// Places that nothing is known of any more.
	for k, f := range e.folds {
		if !f.open() && len(f.times) == 0 && (f.alert == nil || now.Sub(f.alert.Last) > alert.Longest) {
			delete(e.folds, k)
		}
	}
}

// flush stores what was folded and told.
func (e *Engine) flush(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flushLocked(ctx)
}

func (e *Engine) flushLocked(ctx context.Context) {
	for f := range e.dirty {
		e.write(ctx, f)
	}
}

func (e *Engine) countOpen() (n int) {
	for _, f := range e.folds {
		if f.open() {
			n++
		}
	}
	return n
}

// lookback is how much of the past the rules need to know.
func lookback(rules []*alert.Compiled) time.Duration {
	d := time.Minute
	for _, c := range rules {
		d = max(d, time.Duration(c.For), time.Duration(c.Within))
	}
	return d + time.Minute
}
