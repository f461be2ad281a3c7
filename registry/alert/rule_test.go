package alert_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

func good() alert.Rule {
	return alert.Rule{Name: "r", Title: "{channel}", Enabled: true, Types: []string{string(event.HealthChanged)}, Severity: alert.Info}
}

// Whatever is wrong with a rule is told by field.
func TestValidate(t *testing.T) {
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*alert.Rule){
		"name":      func(r *alert.Rule) { r.Name = "A rule" },
		"title":     func(r *alert.Rule) { r.Title = "" },
		"types":     func(r *alert.Rule) { r.Types = []string{"sharpeyes.alert.raised"} },
		"classes":   func(r *alert.Rule) { r.Classes = []int{4} },
		"site":      func(r *alert.Rule) { r.Site = "Xiamen/" },
		"when":      func(r *alert.Rule) { r.When = `state = "offline"` },
		"during":    func(r *alert.Rule) { r.During = []alert.Window{{Days: []string{"someday"}, From: "1:00", To: "2:00"}} },
		"holidays":  func(r *alert.Rule) { r.Holidays = []string{"1 October"} },
		"for":       func(r *alert.Rule) { r.For = alert.Duration(48 * time.Hour) },
		"count":     func(r *alert.Rule) { r.Count = -1 },
		"within":    func(r *alert.Rule) { r.Count = 3 },
		"fold_by":   func(r *alert.Rule) { r.FoldBy = "street" },
		"severity":  func(r *alert.Rule) { r.Severity = "" },
		"tell":      func(r *alert.Rule) { r.Tell = []alert.Webhook{{URL: "https://user:password@host/"}} },
		"scenarios": func(r *alert.Rule) { r.Scenarios = make([]string, 101) },
	} {
		r := good()
		spoil(&r)
		err := r.Validate()
		var fields registry.FieldErrors
		if !errors.As(err, &fields) || !slices.ContainsFunc(fields, func(f registry.FieldError) bool { return f.Column == field && f.Message != "" }) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestMatches(t *testing.T) {
	seen := alert.Seen{
		Type: string(event.HealthChanged), Channel: &event.Channel{ID: "x", Name: "药房 2"}, Class: 1, Scenario: "hospital", Site: "xiamen/siming/a",
		Tags: []string{"indoor"}, State: "offline", Reason: "no_answer",
	}
	for name, c := range map[string]struct {
		change func(*alert.Rule)
		want   bool
	}{
		"all":            {func(*alert.Rule) {}, true},
		"class":          {func(r *alert.Rule) { r.Classes = []int{2, 3} }, false},
		"scenario":       {func(r *alert.Rule) { r.Scenarios = []string{"campus"} }, false},
		"site":           {func(r *alert.Rule) { r.Site = "xiamen/siming" }, true},
		"another site":   {func(r *alert.Rule) { r.Site = "xiamen/sim" }, false},
		"tag":            {func(r *alert.Rule) { r.Tags = []string{"outdoor", "indoor"} }, true},
		"expression":     {func(r *alert.Rule) { r.When = `state == "offline" && name contains "药房"` }, true},
		"not that":       {func(r *alert.Rule) { r.When = `reason in ["unauthorized"]` }, false},
		"an other event": {func(r *alert.Rule) { r.Types = []string{string(event.MotionStarted)} }, false},
	} {
		r := good()
		c.change(&r)
		compiled, err := r.Compile(time.UTC)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := compiled.About(&seen) && compiled.Matches(&seen); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A window past midnight belongs to the day on which it began, and a holiday is no other day.
func TestWindows(t *testing.T) {
	zone := time.FixedZone("there", 8*3600)
	r := good()
	r.During = []alert.Window{{Days: []string{"fri", "holiday"}, From: "22:00", To: "06:00"}, {Days: []string{"sun"}, From: "00:00", To: "24:00"}}
	r.Holidays = []string{"2026-05-01", "2026-05-06"} // a Friday and a Wednesday
	c, err := r.Compile(zone)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{
		"2026-05-08T22:00:00+08:00": true,
		"2026-05-08T14:00:00Z":      true, // the same
		"2026-05-09T05:59:00+08:00": true,
		"2026-05-09T06:00:00+08:00": false,
		"2026-05-09T22:30:00+08:00": false,
		"2026-05-08T05:00:00+08:00": false,
		"2026-05-10T12:00:00+08:00": true,
		"2026-05-10T23:59:00+08:00": true,
		"2026-05-01T23:00:00+08:00": true,
		"2026-05-07T03:00:00+08:00": true,
		"2026-05-06T21:00:00+08:00": false,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Holds(when); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// A rule is the same after it was written and read.
func TestRuleAsJSON(t *testing.T) {
	r := good()
	r.For, r.Within, r.Count = alert.Duration(5*time.Minute), alert.Duration(time.Hour), 3
	r.Tell = []alert.Webhook{{URL: "https://host/", Secret: "marked"}}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := alert.Parse(b)
	if err != nil || again.For != r.For || again.Within != r.Within || again.Count != 3 || again.Tell[0].Secret != "" {
		t.Errorf("%s: %+v, %v", b, again, err)
	}
}

func FuzzRule(f *testing.F) {
	f.Add([]byte(`{"name":"r","title":"t","types":["sharpeyes.health.changed"],"severity":"info","when":"state == 'offline'","during":[{"days":["mon"],"from":"22:00","to":"06:00"}]}`))
	f.Add([]byte(`{"name":"r","title":"t","types":["sharpeyes.rate.below"],"severity":"info","when":"rate < target","for":"5m","count":2,"within":"1h"}`))
	seen := alert.Seen{Type: string(event.HealthChanged), Channel: &event.Channel{ID: "x"}, State: "offline", At: time.Unix(1e9, 0)}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := alert.Parse(b)
		if err != nil {
			return
		}
		c, err := r.Compile(time.UTC)
		if err != nil {
			return
		}
		if c.About(&seen) && c.Matches(&seen) {
			c.Holds(seen.At)
		}
		alert.New(c, &seen, seen.Place(c.FoldBy), seen.At)
	})
}
