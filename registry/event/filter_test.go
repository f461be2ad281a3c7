package event

import "testing"

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		f       Filter
		subject string
		yes, no string
	}{
		{Filter{}, "sharpeyes.event.*.*.*.>", "sharpeyes.event.health.c1.campus.a.x", "sharpeyes.event.odd"},
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
