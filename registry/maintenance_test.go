package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

var night = time.Date(2026, 3, 4, 22, 0, 0, 0, time.UTC)

func window(id, site, channel string, hours int) registry.Maintenance {
	return registry.Maintenance{ID: id, Site: site, Channel: channel, From: night, Until: night.Add(time.Duration(hours) * time.Hour), Why: "fibre", By: "admin"}
}

func TestMaintenance(t *testing.T) {
	c := channel(0)
	c.Site = "xiamen/siming/street"
	other := channel(1)
	other.Site = "xiamen/huli"
	s := apply(t, registry.Empty(), registry.Transaction{
		At: night, Put: []registry.Channel{c, other},
		Maintenance: []registry.Maintenance{window("m2", "xiamen/siming", "", 4), window("m1", "", c.ID, 2), window("m3", "xiamen/siming", "", 8)},
	})
	for _, tt := range []struct {
		ch    registry.Channel
		after time.Duration
		want  string
	}{
		{c, -time.Second, ""}, {c, 0, "m1"}, {c, 2 * time.Hour, "m3"}, {c, 8 * time.Hour, ""}, {other, time.Hour, ""},
	} {
		if m, ok := s.InMaintenance(tt.ch, night.Add(tt.after)); m.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("%s after %s: %q, want %q", tt.ch.Site, tt.after, m.ID, tt.want)
		}
	}
	if m, ok := s.SiteInMaintenance("xiamen/siming/street", night); !ok || m.ID != "m3" {
		t.Errorf("the site: %+v", m)
	}
	if _, ok := s.SiteInMaintenance("xiamen", night); ok {
		t.Error("a window of a part is none of the whole")
	}
	list := s.Maintenances()
	if len(list) != 3 || list[0].ID != "m1" || list[2].ID != "m3" {
		t.Errorf("%+v", list)
	}
	later := apply(t, s, registry.Transaction{At: night, DeleteMaintenance: []string{"m1", "none"}, Maintenance: []registry.Maintenance{window("m2", "xiamen", "", 1)}})
	if m, ok := later.Maintenance("m2"); !ok || m.Site != "xiamen" || len(later.Maintenances()) != 2 {
		t.Errorf("%+v", later.Maintenances())
	}
	if len(s.Maintenances()) != 3 {
		t.Error("the snapshot before was changed")
	}
	// What ended long ago is forgotten when another comes, and not before.
	edited := apply(t, later, registry.Transaction{At: night.AddDate(1, 0, 0), Delete: []string{other.ID}})
	if len(edited.Maintenances()) != 2 {
		t.Error("an edit forgot a window")
	}
	again := window("new", "xiamen", "", 1)
	if edited = apply(t, edited, registry.Transaction{At: night.AddDate(1, 0, 0), Maintenance: []registry.Maintenance{again}}); len(edited.Maintenances()) != 1 {
		t.Errorf("%+v", edited.Maintenances())
	}
	if edited = apply(t, edited, registry.Transaction{DeleteMaintenance: []string{"new"}}); edited.Maintenances() != nil {
		t.Errorf("%+v", edited.Maintenances())
	}
}

func TestMaintenanceThereAndBack(t *testing.T) {
	tx := registry.Transaction{ID: "t", Maintenance: []registry.Maintenance{window("m", "xiamen", "", 4)}, DeleteMaintenance: []string{"x"}}
	b, err := registry.EncodeTransaction(tx, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), `{"v":2,`) {
		t.Errorf("a program that knows no maintenance would overlook it: %s", b)
	}
	got, err := registry.DecodeTransaction(b, testSealer(1))
	if err != nil || !slices.Equal(got.Maintenance, tx.Maintenance) || !slices.Equal(got.DeleteMaintenance, tx.DeleteMaintenance) {
		t.Errorf("%+v, %v", got, err)
	}
	s := apply(t, registry.Empty(), tx)
	if b, err = encodeSnapshot(s); err != nil {
		t.Fatal(err)
	}
	if s, err = registry.DecodeSnapshot(b, testSealer(1)); err != nil || !slices.Equal(s.Maintenances(), tx.Maintenance) {
		t.Errorf("%+v, %v", s.Maintenances(), err)
	}
}

func TestMaintenanceValidate(t *testing.T) {
	if err := window("m", "xiamen", "", 4).Validate(); err != nil {
		t.Error(err)
	}
	for column, change := range map[string]func(*registry.Maintenance){
		"id":      func(m *registry.Maintenance) { m.ID = "a b" },
		"site":    func(m *registry.Maintenance) { m.Site = "" },
		"channel": func(m *registry.Maintenance) { m.Channel = "a" },
		"from":    func(m *registry.Maintenance) { m.From = time.Time{} },
		"until":   func(m *registry.Maintenance) { m.Until = m.From },
		"why":     func(m *registry.Maintenance) { m.Why = " " },
	} {
		m := window("m", "xiamen", "", 4)
		change(&m)
		if err := m.Validate(); err == nil || !strings.HasPrefix(err.Error(), column) {
			t.Errorf("%s: %v", column, err)
		}
	}
	if err := window("m", "xiamen", "", 24*400).Validate(); err == nil {
		t.Error("a window of 400 days is taken")
	}
}

// Who is away because of maintenance isn't counted against the city.
func TestRatesRespectMaintenance(t *testing.T) {
	list := channels(1200)
	st := someStatuses(list)
	s := snapshot(t, list)
	before := s.Stats(nil, registry.Query{}, st).Total
	now := time.Now()
	of := func(m registry.Maintenance) *registry.Snapshot {
		m.From, m.Until = now.Add(-time.Hour), now.Add(time.Hour)
		return apply(t, s, registry.Transaction{At: now, Maintenance: []registry.Maintenance{m}})
	}
	site := of(window("m", "xiamen/siming", "", 1))
	part := site.Stats(nil, registry.Query{Site: "xiamen/siming"}, st).Total
	if part.Maintenance == 0 || part.Maintenance != part.Offline+part.Unknown || part.OnlineRate != 1 {
		t.Errorf("%+v", part)
	}
	total := site.Stats([]string{"class", "site"}, registry.Query{}, st).Total
	if total.Maintenance != part.Maintenance || total.Offline != before.Offline || total.Total != before.Total || total.OnlineRate <= before.OnlineRate {
		t.Errorf("%+v, before %+v", total, before)
	}
	for _, tally := range site.SiteTallies(registry.Query{}, st) {
		if want := site.Stats(nil, registry.Query{Site: tally.Path}, st).Total; tally.Tally != want {
			t.Errorf("%s: %+v, want %+v", tally.Path, tally.Tally, want)
		}
	}
	away := ""
	for _, c := range list {
		if st.StatusOf(c).State == event.Offline {
			away = c.ID
		}
	}
	if n := of(window("m", "", away, 1)).Stats([]string{"class"}, registry.Query{}, st).Total.Maintenance; n != 1 {
		t.Errorf("%d channels are in maintenance, want 1", n)
	}
	if n := of(window("m", "", "not-there", 1)).Stats(nil, registry.Query{}, st).Total.Maintenance; n != 0 {
		t.Errorf("%d channels are in maintenance, want none", n)
	}
}
