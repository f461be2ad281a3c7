package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"sharpeyes/registry"
)

func TestReport(t *testing.T) {
	list := channels(12) // whole ones; classes 1, 2, 3 in turn, and six districts
	list[0].InstallTime, list[0].Contact = "", ""
	list[3].Lon, list[3].Lat, list[3].RecordDays = nil, nil, nil
	list[1].Lon, list[1].Lat, list[1].Contact = nil, nil, "" // class 2: the contact isn't asked for
	list[2].Lon, list[2].Lat = nil, nil                      // class 3: nothing is
	s := snapshot(t, list)
	r := s.Report(registry.Query{}, nil)
	if want := (registry.Gaps{Channels: 12, Incomplete: 3, Position: 2, InstallTime: 1, Contact: 1, RecordDays: 1}); r.All != want {
		t.Errorf("%+v, want %+v", r.All, want)
	}
	if len(r.Classes) != 3 || r.Classes[0].Class != 1 || r.Classes[0].Gaps != (registry.Gaps{Channels: 4, Incomplete: 2, Position: 1, InstallTime: 1, Contact: 1, RecordDays: 1}) ||
		r.Classes[2].Incomplete != 0 {
		t.Errorf("%+v", r.Classes)
	}
	if len(r.Sites) == 0 || r.Sites[0].Path != "xiamen" || r.Sites[0].Gaps != r.All {
		t.Errorf("%+v", r.Sites)
	}
	for _, site := range r.Sites {
		if site.Incomplete == 0 || site.Name == "" {
			t.Errorf("%+v", site)
		}
	}

	got := map[string][]string{}
	for c, m := range s.Incomplete(registry.Query{Classes: []registry.Class{1, 2}}, registry.MissingPosition|registry.MissingContact, nil) {
		got[c.ID] = m.Names()
	}
	want := map[string][]string{
		list[0].ID: {"install_time", "contact"}, list[1].ID: {"position"}, list[3].ID: {"position", "record_days"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseMissing(t *testing.T) {
	for s, want := range map[string]string{
		"": "[position install_time contact record_days]", "contact": "[contact]", " record_days , position,": "[position record_days]",
	} {
		m, err := registry.ParseMissing(s)
		if err != nil || fmt.Sprint(m.Names()) != want {
			t.Errorf("%q: %v, %v, want %s", s, m.Names(), err, want)
		}
		b, _ := json.Marshal(m)
		var back registry.Missing
		if err := json.Unmarshal(b, &back); err != nil || back != m {
			t.Errorf("%s came back as %v, %v", b, back.Names(), err)
		}
	}
	_, err := registry.ParseMissing("contact,colour")
	if _, ok := errors.AsType[registry.FieldErrors](err); !ok {
		t.Errorf("an unknown name: %v", err)
	}
}
