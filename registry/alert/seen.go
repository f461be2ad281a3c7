package alert

import (
	"encoding/json"
	"fmt"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Seen is what rules see of an event.
type Seen struct {
	Sequence uint64 // of the stream; 0 for what isn't in it
	ID       string
	Type     string
	At       time.Time

	Channel  *event.Channel // nil for what isn't of one channel
	Class    int
	Scenario string
	Site     string
	Recorder string
	Tags     []string

	State, Previous, Reason, Detail string
	Score                           float64
	Offline, Total                  int
	Of                              string  // what a rate is of, like class 1
	Rate, Target                    float64 // 0 to 1
}

// facts are the names that an expression may use.
type facts struct {
	Type     string   `expr:"type"`
	Channel  string   `expr:"channel"`
	Name     string   `expr:"name"`
	Class    int      `expr:"class"`
	Scenario string   `expr:"scenario"`
	Site     string   `expr:"site"`
	Tags     []string `expr:"tags"`
	State    string   `expr:"state"`
	Previous string   `expr:"previous"`
	Reason   string   `expr:"reason"`
	Score    float64  `expr:"score"`
	Offline  int      `expr:"offline"`
	Total    int      `expr:"total"`
	Rate     float64  `expr:"rate"`
	Target   float64  `expr:"target"`
	Of       string   `expr:"of"`
}

func (s *Seen) facts() facts {
	f := facts{
		Type: s.Type, Class: s.Class, Scenario: s.Scenario, Site: s.Site, Tags: s.Tags, State: s.State, Previous: s.Previous,
		Reason: s.Reason, Score: s.Score, Offline: s.Offline, Total: s.Total, Rate: s.Rate, Target: s.Target, Of: s.Of,
	}
	if s.Channel != nil {
		f.Channel, f.Name = s.Channel.ID, s.Channel.Name
	}
	return f
}

// Read takes an event apart. Channel knows what the event doesn't say of its channel.
func Read(sequence uint64, b []byte, channel func(id string) (registry.Channel, bool)) (*Seen, error) {
	var e struct {
		ID, Type string
		Time     time.Time
		Data     struct {
			Channel                         *event.Channel
			State, Previous, Reason, Detail string
			Score                           float64
			Site, Device                    string
			Offline, Total                  int
		}
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, fmt.Errorf("reading an event: %w", err)
	}
	d := &e.Data
	s := &Seen{
		Sequence: sequence, ID: e.ID, Type: e.Type, At: e.Time, Channel: d.Channel, State: d.State, Previous: d.Previous,
		Reason: d.Reason, Detail: d.Detail, Score: d.Score, Site: d.Site, Recorder: d.Device, Offline: d.Offline, Total: d.Total,
	}
	if c := d.Channel; c != nil {
		s.Class, s.Scenario, s.Site = c.Class, c.Scenario, c.Site
		if now, ok := channel(c.ID); ok {
			s.Tags, s.Recorder = now.Tags, now.DeviceKey()
		}
	}
	return s, nil
}

// Subject is what a condition is a condition of: the channel, or the place itself.
func (s *Seen) Subject() string {
	switch {
	case s.Channel != nil:
		return s.Channel.ID
	case s.Of != "":
		return s.Of
	case s.Site != "":
		return "site:" + s.Site
	default:
		return "recorder:" + s.Recorder
	}
}

// Place is what the rule folds the event into.
func (s *Seen) Place(by Place) string {
	switch {
	case by == ByRule:
		return ""
	case by == BySite && s.Site != "":
		return "site:" + s.Site
	case by == ByRecorder && s.Recorder != "":
		return "recorder:" + s.Recorder
	}
	return s.Subject()
}
