package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Action is what somebody does with an alert.
type Action string

// The actions.
const (
	Acknowledge Action = "acknowledge"
	Snooze      Action = "snooze"
	Close       Action = "close"
)

// ErrDone says that an alert can't be acted on any more.
var ErrDone = errors.New("the alert is closed")

// mostComment bounds what is said of an alert, in bytes.
const mostComment = 2000

// Act does something with an alert. until is when a snoozed one is raised again. Errors: a
// registry.NotFoundError, ErrDone, registry.FieldErrors.
func (s *Service) Act(ctx context.Context, id string, do Action, by, comment string, until time.Time) (Alert, error) {
	now := time.Now().UTC()
	if len(comment) > mostComment {
		return Alert{}, registry.FieldErrors{{Column: "comment", Message: fmt.Sprintf("is longer than %d bytes", mostComment)}}
	}
	if do == Snooze && (until.Before(now) || until.After(now.AddDate(0, 0, 31))) {
		return Alert{}, registry.FieldErrors{{Column: "until", Value: until.Format(time.RFC3339), Message: "write a time within the next 31 days"}}
	}
	for range 8 {
		record, there, err := s.o.Alerts.Get(ctx, id)
		if err != nil {
			return Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if !there {
			return Alert{}, &registry.NotFoundError{What: "alert", ID: id}
		}
		a, err := Decode(record)
		if err != nil {
			return Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if a.State == Closed {
			return *a, ErrDone
		}
		typ := event.AlertAcknowledged
		switch do {
		case Acknowledge:
			a.State = Acknowledged
			a.step(now, by, "acknowledged", comment)
		case Snooze:
			a.State, a.Snoozed = Acknowledged, until.UTC()
			a.step(now, by, "snoozed", comment)
		case Close:
			a.State, typ = Closed, event.AlertClosed
			a.step(now, by, "closed", comment)
		}
		next, err := encode(a)
		if err != nil {
			return *a, err
		}
		ok, err := s.o.Alerts.Update(ctx, id, next, record)
		if err != nil {
			return *a, fmt.Errorf("writing the alert %s: %w", id, err)
		}
		if !ok { // an event was folded into it, or somebody else was quicker
			continue
		}
		e := a.Event(s.o.Node, typ, now, by, comment)
		e.ID = idOf(a.ID, string(typ), fmt.Sprint(len(a.Steps)))
		s.o.Publish(e)
		if r, err := s.rule(ctx, a.Rule); err == nil && len(r.Tell) > 0 {
			s.o.Tell(ctx, r, e)
		}
		return *a, nil
	}
	return Alert{}, &registry.ConflictError{What: "the alert " + id, Expected: "no other change", Actual: "many"}
}

// Alert is one; a registry.NotFoundError when there is none.
func (s *Service) Alert(ctx context.Context, id string) (Alert, error) {
	b, there, err := s.o.Alerts.Get(ctx, id)
	if err != nil {
		return Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
	}
	if !there {
		return Alert{}, &registry.NotFoundError{What: "alert", ID: id}
	}
	a, err := Decode(b)
	if err != nil {
		return Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
	}
	return *a, nil
}

// Query says which alerts are meant. What is empty doesn't matter.
type Query struct {
	States     []string
	Severities []string
	Rules      []string
	Classes    []int
	Scenarios  []string
	Site       string // and all that lies in it
	Channel    string
	Since      time.Time // raised then or later
	Until      time.Time // raised before
	After      string    // the alert that the page before ended with
	Limit      int
}

// Alerts are those that the query means, the newest first, how many there are in all, and whether
// there are more after these.
func (s *Service) Alerts(ctx context.Context, q Query) (page []Alert, total int, more bool, err error) {
	ids, err := s.o.Alerts.List(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("reading the alerts: %w", err)
	}
	var all []Alert
	for _, id := range ids {
		b, there, err := s.o.Alerts.Get(ctx, id)
		if err != nil {
			return nil, 0, false, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if !there {
			continue
		}
		a, err := Decode(b)
		if err != nil {
			continue
		}
		if q.means(a) {
			all = append(all, *a)
		}
	}
	slices.SortFunc(all, newestFirst)
	total = len(all)
	if q.After != "" {
		// The alert may have gone since; its place in the order is in the cursor.
		at, id, _ := strings.Cut(q.After, "~")
		raised, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, 0, false, registry.FieldErrors{{Column: "cursor", Value: q.After, Message: `must be "next" of the page before, unchanged`}}
		}
		last := Alert{ID: id, Raised: raised}
		all = slices.DeleteFunc(all, func(a Alert) bool { return newestFirst(a, last) <= 0 })
	}
	n := min(len(all), q.Limit)
	return all[:n], total, n < len(all), nil
}

// Cursor is what to give as After to go on behind the alert.
func (a *Alert) Cursor() string { return a.Raised.Format(time.RFC3339Nano) + "~" + a.ID }

func newestFirst(a, b Alert) int {
	if n := b.Raised.Compare(a.Raised); n != 0 {
		return n
	}
	return strings.Compare(b.ID, a.ID)
}

func (q *Query) means(a *Alert) bool {
	one := func(values []string, v string) bool { return len(values) == 0 || slices.Contains(values, v) }
	var class int
	var scenario, id string
	if a.Channel != nil {
		class, scenario, id = a.Channel.Class, a.Channel.Scenario, a.Channel.ID
	}
	return one(q.States, string(a.State)) && one(q.Severities, string(a.Severity)) && one(q.Rules, a.Rule) &&
		(len(q.Classes) == 0 || slices.Contains(q.Classes, class)) && one(q.Scenarios, scenario) &&
		(q.Site == "" || within(a.Site, q.Site)) && (q.Channel == "" || id == q.Channel || slices.Contains(a.Channels, q.Channel)) &&
		(q.Since.IsZero() || !a.Raised.Before(q.Since)) && (q.Until.IsZero() || a.Raised.Before(q.Until))
}
