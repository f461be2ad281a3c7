package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// Rules are all rules, by name. Secrets aren't shown.
func (s *Service) Rules(ctx context.Context) ([]alert.Rule, error) {
	all, err := s.stored(ctx)
	for i := range all {
		all[i] = shown(all[i])
	}
	return all, err
}

// Rule is one; a registry.NotFoundError when there is none of that name.
func (s *Service) Rule(ctx context.Context, name string) (alert.Rule, error) {
	r, err := s.rule(ctx, name)
	return shown(r), err
}

func (s *Service) rule(ctx context.Context, name string) (alert.Rule, error) {
	b, there, err := s.o.Rules.Get(ctx, name)
	if err != nil {
		return alert.Rule{}, fmt.Errorf("reading the rule %s: %w", name, err)
	}
	if !there || !alert.IsName(name) {
		return alert.Rule{}, &registry.NotFoundError{What: "rule", ID: name}
	}
	r, err := alert.Parse(b)
	if err != nil {
		return r, fmt.Errorf("reading the rule %s: %w", name, err)
	}
	return r, nil
}

// shown is a rule without what is for the store alone.
func shown(r alert.Rule) alert.Rule {
	r.Tell = slices.Clone(r.Tell)
	for i := range r.Tell {
		r.Tell[i].Secret, r.Tell[i].Sealed = "", nil
	}
	return r
}

func (s *Service) stored(ctx context.Context) ([]alert.Rule, error) {
	names, err := s.o.Rules.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	slices.Sort(names)
	all := make([]alert.Rule, 0, len(names))
	for _, name := range names {
		if name == cursor {
			continue
		}
		r, err := s.rule(ctx, name)
		var none *registry.NotFoundError
		if errors.As(err, &none) { // deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// mostRules bounds what an event is asked about.
const mostRules = 500

// PutRule makes or replaces a rule. A webhook that is given no secret keeps the one of the same address.
// The error is registry.FieldErrors when the rule is wrong.
func (s *Service) PutRule(ctx context.Context, r alert.Rule) (alert.Rule, error) {
	if err := r.Validate(); err != nil {
		return r, err
	}
	s.editing.Lock()
	defer s.editing.Unlock()
	names, err := s.o.Rules.List(ctx)
	if err != nil {
		return r, fmt.Errorf("reading the rules: %w", err)
	}
	if len(names) > mostRules && !slices.Contains(names, r.Name) {
		return r, registry.FieldErrors{{Column: "name", Value: r.Name, Message: fmt.Sprintf("there are %d rules, and no more are kept; delete one", mostRules)}}
	}
	was, err := s.rule(ctx, r.Name)
	var none *registry.NotFoundError
	if err != nil && !errors.As(err, &none) {
		return r, err
	}
	r.Tell = slices.Clone(r.Tell)
	for i := range r.Tell {
		w := &r.Tell[i]
		w.Sealed = nil
		if w.Secret != "" {
			if w.Sealed, err = s.o.Sealer.Seal(SealName(r.Name, w.URL), w.Secret); err != nil {
				return r, fmt.Errorf("sealing the secret of a webhook: %w", err)
			}
			w.Secret = ""
			continue
		}
		for _, old := range was.Tell {
			if old.URL == w.URL {
				w.Sealed = old.Sealed
			}
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("writing the rule %s: %w", r.Name, err)
	}
	if err := s.o.Rules.Put(ctx, r.Name, b); err != nil {
		return r, fmt.Errorf("writing the rule %s: %w", r.Name, err)
	}
	if err := s.refresh(ctx); err != nil { // written it is; the leader tries again by itself
		s.o.Log.Warn("The changed rules are not in force yet", "rule", r.Name, "error", err)
	}
	return shown(r), nil
}

// SealName is what the secret of a webhook is sealed for: it opens for no other.
func SealName(rule, url string) string { return "webhook " + rule + " " + url }

// DeleteRule takes a rule away; a registry.NotFoundError when there is none. Its alerts stay.
func (s *Service) DeleteRule(ctx context.Context, name string) error {
	if _, err := s.rule(ctx, name); err != nil {
		return err
	}
	if err := s.o.Rules.Delete(ctx, name); err != nil {
		return fmt.Errorf("deleting the rule %s: %w", name, err)
	}
	if err := s.refresh(ctx); err != nil {
		s.o.Log.Warn("The changed rules are not in force yet", "rule", name, "error", err)
	}
	return nil
}

// mostTried bounds the events that a rule is tried on.
const mostTried = 1_000_000

var errEnough = errors.New("enough")

// Try runs a rule over the events between two times as if it had been there. Other rules suppress nothing.
func (s *Service) Try(ctx context.Context, r alert.Rule, since, until time.Time) (alert.Trial, error) {
	r.Enabled = true
	c, err := r.Compile(s.o.Zone)
	if err != nil {
		return alert.Trial{}, err
	}
	var t alert.Trial
	keep := &memory{records: map[string][]byte{}}
	e := newEngine(s.o.Node, keep, func(event.Event) {}, func(context.Context, alert.Rule, event.Event) {}, slog.New(slog.DiscardHandler), newMetrics())
	e.setRules([]*alert.Compiled{c})
	last := since
	err = s.o.Stream.Read(ctx, 0, since, true, func(sequence uint64, at time.Time, b []byte) error {
		if !at.Before(until) {
			return errEnough
		}
		if t.Events == mostTried {
			t.More = true
			return errEnough
		}
		t.Events++
		for last = last.Add(time.Minute); last.Before(at); last = last.Add(time.Minute) {
			e.tick(ctx, last)
		}
		last = at
		e.tick(ctx, at)
		if seen, err := alert.Read(sequence, b, s.o.Channel); err == nil {
			e.take(ctx, seen, at)
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, errEnough) {
		return t, fmt.Errorf("trying the rule: %w", err)
	}
	if !t.More {
		e.tick(ctx, until)
	}
	t.Alerts = []alert.Alert{}
	for _, record := range keep.records {
		a, err := alert.Decode(record)
		if err != nil {
			return t, err
		}
		t.Alerts = append(t.Alerts, *a)
	}
	slices.SortFunc(t.Alerts, func(a, b alert.Alert) int {
		if n := a.Raised.Compare(b.Raised); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	t.Raised = len(t.Alerts)
	t.Alerts = t.Alerts[:min(len(t.Alerts), 100)]
	return t, nil
}

// memory keeps the alerts of a trial.
type memory struct{ records map[string][]byte }

func (m *memory) Create(_ context.Context, id string, record []byte) (bool, error) {
	if _, there := m.records[id]; there {
		return false, nil
	}
	m.records[id] = record
	return true, nil
}

func (m *memory) Update(_ context.Context, id string, record, _ []byte) (bool, error) {
	m.records[id] = record
	return true, nil
}
