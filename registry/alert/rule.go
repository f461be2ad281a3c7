package alert

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Severity is how much an alert matters.
type Severity string

// The severities.
const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Place is what a rule folds together.
type Place string

// What has one open alert of a rule at a time.
const (
	ByChannel  Place = "channel"
	BySite     Place = "site"
	ByRecorder Place = "recorder"
	ByRule     Place = "rule"
)

// Rule says which events raise an alert. What is left out doesn't matter to it.
type Rule struct {
	Name    string `json:"name" doc:"1 to 64 of a-z, 0-9, - and _"`
	Title   string `json:"title" doc:"what an alert is called; {channel}, {site}, {reason} and {rate} stand for what the event says"`
	Enabled bool   `json:"enabled"`

	Types     []string `json:"types" doc:"of events, like sharpeyes.motion.started; sharpeyes.rate.below is one of rates under their targets"`
	Classes   []int    `json:"classes,omitempty"`
	Scenarios []string `json:"scenarios,omitempty"`
	Site      string   `json:"site,omitempty" doc:"and all that lies in it"`
	Tags      []string `json:"tags,omitempty" doc:"of the channel; one of them is enough"`
	When      string   `json:"when,omitempty" doc:"an expression over the event, like state == 'offline' && reason != 'session_full'"`

	During   []Window `json:"during,omitempty" doc:"when it holds; always, if there is none"`
	Holidays []string `json:"holidays,omitempty" doc:"dates, like 2026-10-01, that count as the day holiday and as no other"`

	For    Duration `json:"for,omitempty" doc:"how long it must last, like 5m: what ends sooner raises nothing"`
	Count  int      `json:"count,omitempty" doc:"how many events it takes within the time of within; 1"`
	Within Duration `json:"within,omitempty"`
	FoldBy Place    `json:"fold_by,omitempty" doc:"channel, site, recorder or rule: what has one open alert at a time; channel"`

	Severity   Severity  `json:"severity" doc:"info, warning or critical"`
	Suppresses []string  `json:"suppresses,omitempty" doc:"rules that raise nothing in the same place while an alert of this one is open"`
	Tell       []Webhook `json:"tell,omitempty" doc:"webhooks; NATS is always told"`
}

// Webhook is an address that is told of an alert by a POST of its event.
type Webhook struct {
	URL    string          `json:"url" doc:"http:// or https://"`
	Secret registry.Secret `json:"secret,omitzero" doc:"signs what is sent (HMAC-SHA256 over the time, a dot and the body); it is never shown. Left out, it stays as it is."`
	Sealed []byte          `json:"sealed,omitempty" doc:"for the store alone"`
}

// Duration is one that JSON has as a text, like 5m.
type Duration time.Duration

// MarshalText writes it as time.Duration does; nothing for 0.
func (d Duration) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration; write one like 5m", b)
	}
	*d = Duration(v)
	return nil
}

// Longest bounds for and within.
const Longest = 24 * time.Hour

// The bounds of a rule.
const (
	mostCount = 10_000
	mostNodes = 200 // of an expression
	mostList  = 100
)

var (
	ruleName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	sitePath = regexp.MustCompile(`^[a-z0-9_-]{1,32}(/[a-z0-9_-]{1,32}){0,5}$`)
)

// RateBelow and RateMet are the types of what a gateway notes of rates; they are no events of the stream.
const (
	RateBelow = "sharpeyes.rate.below"
	RateMet   = "sharpeyes.rate.met"
)

// usable are the types of events that a rule may name.
var usable = []string{
	string(event.HealthChanged), string(event.MotionStarted), string(event.MotionEnded),
	string(event.StreamStarted), string(event.StreamStopped), string(event.StreamFailed),
	string(event.SiteOutage), string(event.SiteRestored), string(event.GatewayIsolated), string(event.GatewayReconnected),
	string(event.LevelLost), string(event.LevelBack), RateBelow,
}

// Compiled is a rule that is ready to be asked.
type Compiled struct {
	Rule
	when *vm.Program
	zone *time.Location
}

// Validate finds all that is wrong with the rule; the error is registry.FieldErrors.
func (r Rule) Validate() error {
	_, err := r.Compile(time.UTC)
	return err
}

// Compile makes the rule ready; its times are of the zone. The error is as of Validate.
func (r Rule) Compile(zone *time.Location) (*Compiled, error) {
	var wrong registry.FieldErrors
	need := func(ok bool, field string, value any, mend string) {
		if !ok {
			wrong = append(wrong, registry.FieldError{Column: field, Value: fmt.Sprint(value), Message: mend})
		}
	}
	need(ruleName.MatchString(r.Name), "name", r.Name, "write 1 to 64 of a-z, 0-9, - and _")
	need(r.Title != "" && len(r.Title) <= 200, "title", r.Title, "write what an alert is to be called, in at most 200 bytes")
	need(len(r.Types) > 0, "types", "", "name the types of events, like sharpeyes.health.changed")
	for _, t := range r.Types {
		need(slices.Contains(usable, t), "types", t, "is no type that a rule can name; there are "+strings.Join(usable, ", "))
	}
	for _, c := range r.Classes {
		need(c >= 1 && c <= 3 || c == 9, "classes", c, "write 1, 2, 3 or 9")
	}
	need(r.Site == "" || sitePath.MatchString(r.Site), "site", r.Site, "write a path like xiamen/siming")
	need(len(r.Scenarios) <= mostList && len(r.Tags) <= mostList && len(r.Holidays) <= 400, "scenarios", len(r.Scenarios), "name at most 100, as of tags")
	for i := range r.During {
		if err := r.During[i].check(); err != nil {
			need(false, "during", r.During[i].From+" to "+r.During[i].To, err.Error())
		}
	}
	for _, d := range r.Holidays {
		_, err := time.Parse(time.DateOnly, d)
		need(err == nil, "holidays", d, "write a date like 2026-10-01")
	}
	need(r.For >= 0 && time.Duration(r.For) <= Longest, "for", time.Duration(r.For), "write up to 24h")
	need(r.Count >= 0 && r.Count <= mostCount, "count", r.Count, "write 1 to 10000")
	need(r.Within >= 0 && time.Duration(r.Within) <= Longest, "within", time.Duration(r.Within), "write up to 24h")
	need(r.Count <= 1 || r.Within > 0, "within", time.Duration(r.Within), "say within what time there must be "+strconv.Itoa(r.Count))
	need(slices.Contains([]Place{"", ByChannel, BySite, ByRecorder, ByRule}, r.FoldBy), "fold_by", r.FoldBy, "write channel, site, recorder or rule")
	need(slices.Contains([]Severity{Info, Warning, Critical}, r.Severity), "severity", r.Severity, "write info, warning or critical")
	for _, w := range r.Tell {
		u, err := url.Parse(w.URL)
		need(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil, "tell",
			"a webhook", "write an address like https://host/path, without user and password")
	}
	c := &Compiled{Rule: r, zone: zone}
	if r.When != "" {
		p, err := expr.Compile(r.When, expr.Env(facts{}), expr.AsBool(), expr.MaxNodes(mostNodes))
		need(err == nil, "when", r.When, fmt.Sprintf("can't be understood: %v", err))
		c.when = p
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	if c.FoldBy == "" {
		c.FoldBy = ByChannel
	}
	c.Count = max(c.Count, 1)
	return c, nil
}

// IsName reports whether a rule can be called so.
func IsName(s string) bool { return ruleName.MatchString(s) }

// About reports whether the rule is about such an event at all.
func (c *Compiled) About(s *Seen) bool {
	switch {
	case len(c.Classes) > 0 && !slices.Contains(c.Classes, s.Class),
		len(c.Scenarios) > 0 && !slices.Contains(c.Scenarios, s.Scenario),
		c.Site != "" && !Within(s.Site, c.Site),
		len(c.Tags) > 0 && !slices.ContainsFunc(c.Tags, func(t string) bool { return slices.Contains(s.Tags, t) }):
		return false
	}
	return true
}

// Matches reports whether the event is one that the rule waits for, wherever it is.
func (c *Compiled) Matches(s *Seen) bool {
	if !slices.Contains(c.Types, s.Type) {
		return false
	}
	if c.when == nil {
		return true
	}
	got, err := expr.Run(c.when, s.facts())
	yes, _ := got.(bool)
	return err == nil && yes
}

// Holds reports whether the rule holds at a time.
func (c *Compiled) Holds(at time.Time) bool {
	if len(c.During) == 0 {
		return true
	}
	at = at.In(c.zone)
	for i := range c.During {
		if c.During[i].covers(at, c.Holidays) {
			return true
		}
	}
	return false
}

// Within reports whether a path is the site or lies in it.
func Within(path, site string) bool { return path == site || strings.HasPrefix(path, site+"/") }

// Parse reads a rule as the store has it.
func Parse(b []byte) (Rule, error) {
	var r Rule
	err := json.Unmarshal(b, &r)
	return r, err
}
