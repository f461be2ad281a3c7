package alert

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sharpeyes/registry/event"
)

// State is how far an alert is.
type State string

// The states of an alert.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged" // somebody looks after it
	Closed       State = "closed"
)

// Step is what was done with an alert.
type Step struct {
	At      time.Time `json:"at"`
	By      string    `json:"by" doc:"a user, or system"`
	Action  string    `json:"action" doc:"raised, acknowledged, snoozed, raised again, closed"`
	Comment string    `json:"comment,omitempty"`
}

// Alert is what people act on.
type Alert struct {
	ID       string         `json:"id"`
	Rule     string         `json:"rule"`
	Severity Severity       `json:"severity"`
	Title    string         `json:"title"`
	State    State          `json:"state" doc:"open, acknowledged or closed"`
	Channel  *event.Channel `json:"channel,omitempty" doc:"the first one that it is about"`
	Site     string         `json:"site,omitempty"`
	Recorder string         `json:"recorder,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Detail   string         `json:"detail,omitempty"`
	Count    int            `json:"count" doc:"events that are folded into it"`
	Channels []string       `json:"channels,omitempty" doc:"the first 100 that it is about"`
	First    time.Time      `json:"first" doc:"time of its first event"`
	Last     time.Time      `json:"last"`
	Raised   time.Time      `json:"raised"`
	Snoozed  time.Time      `json:"snoozed_until,omitzero" doc:"until then it is quiet"`
	Steps    []Step         `json:"steps" doc:"who did what with it, and when; the last 50"`

	Place    string   `json:"place"`              // what it is folded by
	Sequence uint64   `json:"sequence"`           // of its last event
	Subjects []string `json:"subjects,omitempty"` // what still is so; empty when that can't be known
	Told     int      `json:"told"`               // how many of the steps were published
}

const (
	mostChannels = 100
	mostSteps    = 50
	mostSubjects = 1000
	// System closes what has ended by itself.
	System = "system"
)

// ID is the same for the same cause, whoever finds it.
func ID(rule, place, cause string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("sharpeyes:alert:"+rule+"\x00"+place+"\x00"+cause)).String()
}

// Lasting reports whether the event begins something that another one ends.
func Lasting(typ string) bool {
	return typ == string(event.HealthChanged) || typ == string(event.SiteOutage) || typ == string(event.GatewayIsolated) || typ == string(event.LevelLost) || typ == RateBelow
}

// New is an alert of the rule, caused by the event.
func New(c *Compiled, s *Seen, place string, now time.Time) *Alert {
	a := &Alert{
		ID: ID(c.Name, place, s.ID), Rule: c.Name, Severity: c.Severity, Title: titleOf(c.Title, s), State: Open,
		Channel: s.Channel, Site: s.Site, Recorder: s.Recorder, Reason: s.Reason, Detail: s.Detail, First: s.At, Raised: now.UTC(), Place: place,
	}
	if s.Channel == nil || c.FoldBy != ByRecorder {
		a.Recorder = ""
	}
	a.Fold(s)
	a.Note(now, System, "raised", "")
	return a
}

// Fold adds an event.
func (a *Alert) Fold(s *Seen) {
	a.Count++
	a.Last = s.At
	a.Sequence = max(a.Sequence, s.Sequence)
	if c := s.Channel; c != nil && len(a.Channels) < mostChannels && !slices.Contains(a.Channels, c.ID) {
		a.Channels = append(a.Channels, c.ID)
	}
	if id := s.Subject(); Lasting(s.Type) && len(a.Subjects) < mostSubjects && !slices.Contains(a.Subjects, id) {
		a.Subjects = append(a.Subjects, id)
	}
}

// Note notes what was done with it.
func (a *Alert) Note(at time.Time, by, action, comment string) {
	a.Steps = append(a.Steps, Step{At: at.UTC(), By: by, Action: action, Comment: comment})
	if n := len(a.Steps) - mostSteps; n > 0 {
		a.Steps = slices.Delete(a.Steps, 1, 1+n) // how it began stays
	}
}

// Event is the alert as the stream tells of it.
func (a *Alert) Event(node string, t event.Type, at time.Time, by, comment string) event.Event {
	return event.New(node, t, at, event.Alert{
		Channel: a.Channel, Site: a.Site, Alert: a.ID, Rule: a.Rule, Severity: string(a.Severity), Title: a.Title, State: string(a.State),
		Count: a.Count, By: by, Comment: comment,
	})
}

func titleOf(title string, s *Seen) string {
	name := s.Site
	if s.Channel != nil {
		name = s.Channel.Name
	} else if s.Of != "" {
		name = s.Of
	} else if name == "" {
		name = s.Recorder
	}
	return strings.NewReplacer("{channel}", name, "{site}", s.Site, "{reason}", s.Reason, "{rate}", percent(s.Rate)).Replace(title)
}

// Decode reads an alert as the store has it.
func Decode(b []byte) (*Alert, error) {
	a := new(Alert)
	err := json.Unmarshal(b, a)
	return a, err
}
