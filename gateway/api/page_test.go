package api

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// What is written by hand is what reflection would write, with every field and with none.
func TestPageByHand(t *testing.T) {
	a := &API{o: Options{RTSPURL: func(host, id string, p streams.Profile) string { return "rtsp://" + host + "/" + id + "/" + string(p) }}}
	lon, lat, heading, days := 118.0894, -24.5, 0.0, 30
	now := time.Now()
	window := registry.Maintenance{
		ID: "m1", Site: "xiamen/siming", From: now.Add(-time.Hour).UTC(), Until: now.Add(time.Hour).UTC(), Why: "new \"mast\"", By: "boss",
	}
	full := registry.Channel{
		ID: "a", Name: "北门 <\"\\\x01> & \xff", Class: 1, Site: "xiamen/siming", Scenario: "campus", Tags: []string{"gate", "indoor"},
		Lon: &lon, Lat: &lat, Heading: &heading, URL: "rtsp://10.0.0.1/a?b=c&d", SubURL: "rtsp://10.0.0.1/b", Username: "u", Password: "marked",
		Transport: "auto", Motion: "off", Device: "10.0.0.1:554", InstallTime: "2026-01-02", Contact: "Li", RecordDays: &days, Enabled: true, Via: "siming",
	}
	for v, i := reflect.ValueOf(full), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the test leaves %s out", v.Type().Field(i).Name)
		}
	}
	for name, tx := range map[string]registry.Transaction{
		"every field": {ID: "t", Put: []registry.Channel{full}, Maintenance: []registry.Maintenance{window}},
		"few fields":  {ID: "t", Put: []registry.Channel{{ID: "b", Name: "n", Class: 9, Site: "s", Scenario: "x", URL: "rtsp://h/"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := registry.Empty().Apply(tx, 1)
			if err != nil {
				t.Fatal(err)
			}
			p := page{registry.Page{Next: "c", Total: 7}, a, "h", s}
			list := List{Next: "c", Total: 7}
			for _, st := range []registry.Status{
				{State: event.Unknown},
				{State: event.Offline, Reason: event.NoAnswer, Detail: "it \"fell\"", Since: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
					Told: event.Online, Outage: "xiamen/siming", Event: "01a20ff8-05ee-78d4-bdeb-98eb8d3cc5f9"},
			} {
				p.Items, p.Statuses = append(p.Items, tx.Put[0]), append(p.Statuses, st)
				list.Items = append(list.Items, a.view("h", s, tx.Put[0], st))
			}
			want, err := json.Marshal(list)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var w, g any
			if err := json.Unmarshal(want, &w); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(got, &g); err != nil {
				t.Fatalf("%v in %s", err, got)
			}
			if !reflect.DeepEqual(g, w) {
				t.Errorf("written %s\nwant    %s", got, want)
			}
		})
	}
}
