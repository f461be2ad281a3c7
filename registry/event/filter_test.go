package event

import (
	"testing"
	"time"
)

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		f       Filter
		subject string
		yes, no string
	}{
		{Filter{}, "sharpeyes.event.>", "sharpeyes.event.health.c1.campus.a.x", "sharpeyes.event.odd"},
		{Filter{}, "sharpeyes.event.>", "sharpeyes.event.site.xiamen", "sharpeyes.event.health.c1.campus"},
		{Filter{}, "sharpeyes.event.>", "sharpeyes.event.gateway.node-1", "sharpeyes.event.gateway"},
		{Filter{Kinds: []string{"site"}, Site: "xiamen"}, "sharpeyes.event.site.>",
			"sharpeyes.event.site.xiamen", "sharpeyes.event.site.xiamen2.siming"},
		{Filter{Kinds: []string{"site", "health"}, Site: "xiamen"}, "sharpeyes.event.>",
			"sharpeyes.event.health.c1.campus.xiamen.x", "sharpeyes.event.health.c1.campus.fuzhou.x"},
		{Filter{Site: "xiamen/siming"}, "sharpeyes.event.>", "sharpeyes.event.site.xiamen.siming.kaiyuan", "sharpeyes.event.gateway.node-1"},
		{Filter{Site: "xiamen/siming"}, "sharpeyes.event.>", "sharpeyes.event.motion.c1.campus.xiamen.siming.x", "sharpeyes.event.site.xiamen"},
		{Filter{Classes: []string{"1"}}, "sharpeyes.event.*.c1.*.>", "sharpeyes.event.health.c1.campus.a.x", "sharpeyes.event.site.c1.campus.a"},
		{Filter{Kinds: []string{"motion"}, Site: "xiamen/siming"}, "sharpeyes.event.motion.*.*.xiamen.siming.>",
			"sharpeyes.event.motion.c1.campus.xiamen.siming.x", "sharpeyes.event.health.c1.campus.xiamen.siming.x"},
		{Filter{Classes: []string{"1"}, Channel: "x"}, "sharpeyes.event.*.c1.*.>",
			"sharpeyes.event.health.c1.campus.a.x", "sharpeyes.event.health.c1.campus.a.y"},
		{Filter{Classes: []string{"1", "2"}, Scenarios: []string{"campus"}}, "sharpeyes.event.*.*.campus.>",
			"sharpeyes.event.health.c2.campus.a.x", "sharpeyes.event.health.c3.campus.a.x"},
	} {
		if s := c.f.Subject(); s != c.subject {
			t.Errorf("%+v: subject %s, want %s", c.f, s, c.subject)
		}
		if !c.f.Matches(c.yes) || c.f.Matches(c.no) {
			t.Errorf("%+v: %s %v, %s %v", c.f, c.yes, c.f.Matches(c.yes), c.no, c.f.Matches(c.no))
		}
	}
}

func TestTopics(t *testing.T) {
	for want, p := range map[string]Payload{
		"sharpeyes.event.health.c2.campus.xiamen.siming.gate": Health{Channel: Channel{ID: "gate", Class: 2, Scenario: "campus", Site: "xiamen/siming"}},
		"sharpeyes.event.site.xiamen.siming":                  Site{Site: "xiamen/siming"},
		"sharpeyes.event.site.-":                              Site{Device: "10.0.0.1:554"},
		"sharpeyes.event.gateway.node_1_city":                 Gateway{Node: "node.1.city"},
	} {
		if got := (Event{Data: p}).Topic(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if e := New("n", SiteOutage, time.Now(), Site{Site: "xiamen"}); e.Subject != "xiamen" {
		t.Errorf("the subject is %q", e.Subject)
	}
}
