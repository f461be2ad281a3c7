package alert

import (
	"errors"
	"slices"
	"strings"
	"time"
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
	Only       func(*Alert) bool // nil: all; it isn't part of what is asked, but of who asks
}

// Trial is what a rule would have done.
type Trial struct {
	Events int     `json:"events" doc:"that were looked at"`
	More   bool    `json:"more" doc:"there were more events than are looked at; the time ends before until"`
	Alerts []Alert `json:"alerts" doc:"that it would have raised, the first 100"`
	Raised int     `json:"raised" doc:"how many"`
}

// Cursor is what to give as After to go on behind the alert.
func (a *Alert) Cursor() string { return a.Raised.Format(time.RFC3339Nano) + "~" + a.ID }

// NewestFirst orders alerts.
func NewestFirst(a, b Alert) int {
	if n := b.Raised.Compare(a.Raised); n != 0 {
		return n
	}
	return strings.Compare(b.ID, a.ID)
}

// Means reports whether the query means the alert.
func (q *Query) Means(a *Alert) bool {
	one := func(values []string, v string) bool { return len(values) == 0 || slices.Contains(values, v) }
	var class int
	var scenario, id string
	if a.Channel != nil {
		class, scenario, id = a.Channel.Class, a.Channel.Scenario, a.Channel.ID
	}
	return (q.Only == nil || q.Only(a)) && one(q.States, string(a.State)) && one(q.Severities, string(a.Severity)) && one(q.Rules, a.Rule) &&
		(len(q.Classes) == 0 || slices.Contains(q.Classes, class)) && one(q.Scenarios, scenario) &&
		(q.Site == "" || Within(a.Site, q.Site)) && (q.Channel == "" || id == q.Channel || slices.Contains(a.Channels, q.Channel)) &&
		(q.Since.IsZero() || !a.Raised.Before(q.Since)) && (q.Until.IsZero() || a.Raised.Before(q.Until))
}
