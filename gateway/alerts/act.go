package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// mostComment bounds what is said of an alert, in bytes.
const mostComment = 2000

// Act does something with an alert. until is when a snoozed one is raised again. Errors: a
// registry.NotFoundError, ErrDone, registry.FieldErrors.
func (s *Service) Act(ctx context.Context, id string, do alert.Action, by, comment string, until time.Time) (alert.Alert, error) {
	now := time.Now().UTC()
	if len(comment) > mostComment {
		return alert.Alert{}, registry.FieldErrors{{Column: "comment", Message: fmt.Sprintf("is longer than %d bytes", mostComment)}}
	}
	if do == alert.Snooze && (until.Before(now) || until.After(now.AddDate(0, 0, 31))) {
		return alert.Alert{}, registry.FieldErrors{{Column: "until", Value: until.Format(time.RFC3339), Message: "write a time within the next 31 days"}}
	}
	for range 8 {
		record, there, err := s.o.Alerts.Get(ctx, id)
		if err != nil {
			return alert.Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if !there {
			return alert.Alert{}, &registry.NotFoundError{What: "alert", ID: id}
		}
		a, err := alert.Decode(record)
		if err != nil {
			return alert.Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if a.State == alert.Closed {
			return *a, alert.ErrDone
		}
		typ := event.AlertAcknowledged
		switch do {
		case alert.Acknowledge:
			a.State = alert.Acknowledged
			a.Note(now, by, "acknowledged", comment)
		case alert.Snooze:
			a.State, a.Snoozed = alert.Acknowledged, until.UTC()
			a.Note(now, by, "snoozed", comment)
		case alert.Close:
			a.State, typ = alert.Closed, event.AlertClosed
			a.Note(now, by, "closed", comment)
		}
		a.Told = len(a.Steps)
		next, err := alert.Encode(a)
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
		e.ID = alert.ID(a.ID, string(typ), fmt.Sprint(len(a.Steps)))
		s.o.Publish(e)
		if r, err := s.rule(ctx, a.Rule); err == nil && len(r.Tell) > 0 {
			s.o.Tell(ctx, r, e)
		}
		return *a, nil
	}
	return alert.Alert{}, &registry.ConflictError{What: "the alert " + id, Expected: "no other change", Actual: "many"}
}

// Alert is one; a registry.NotFoundError when there is none.
func (s *Service) Alert(ctx context.Context, id string) (alert.Alert, error) {
	b, there, err := s.o.Alerts.Get(ctx, id)
	if err != nil {
		return alert.Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
	}
	if !there {
		return alert.Alert{}, &registry.NotFoundError{What: "alert", ID: id}
	}
	a, err := alert.Decode(b)
	if err != nil {
		return alert.Alert{}, fmt.Errorf("reading the alert %s: %w", id, err)
	}
	return *a, nil
}

// Alerts are those that the query means, the newest first, how many there are in all, and whether
// there are more after these.
func (s *Service) Alerts(ctx context.Context, q alert.Query) (page []alert.Alert, total int, more bool, err error) {
	ids, err := s.o.Alerts.List(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("reading the alerts: %w", err)
	}
	var all []alert.Alert
	for _, id := range ids {
		b, there, err := s.o.Alerts.Get(ctx, id)
		if err != nil {
			return nil, 0, false, fmt.Errorf("reading the alert %s: %w", id, err)
		}
		if !there {
			continue
		}
		a, err := alert.Decode(b)
		if err != nil {
			continue
		}
		if q.Means(a) {
			all = append(all, *a)
		}
	}
	slices.SortFunc(all, alert.NewestFirst)
	total = len(all)
	if q.After != "" {
		// The alert may have gone since; its place in the order is in the cursor.
		at, id, _ := strings.Cut(q.After, "~")
		raised, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, 0, false, registry.FieldErrors{{Column: "cursor", Value: q.After, Message: `must be "next" of the page before, unchanged`}}
		}
		last := alert.Alert{ID: id, Raised: raised}
		all = slices.DeleteFunc(all, func(a alert.Alert) bool { return alert.NewestFirst(a, last) <= 0 })
	}
	n := min(len(all), q.Limit)
	return all[:n], total, n < len(all), nil
}
