//go:build e2e

package e2e

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"sharpeyes/streams/sim"
)

// columns are those of the CSV files that the tests import.
var columns = []string{
	"id", "name", "class", "site", "scenario", "tags", "lon", "lat", "url", "sub_url", "username", "password", "transport", "motion",
}

// row is one channel of a CSV file. Columns that aren't in it stay empty.
type row map[string]string

// channelRow registers a camera under an id, as a plain channel of class 1.
func (s *simulator) channelRow(id string, camera int) row {
	r := row{
		"id": id, "name": "Camera " + id, "class": "1", "site": "xiamen/siming/zhonghua", "scenario": "campus",
		"lon": "118.0821", "lat": "24.4534",
		"url": s.url(camera, "main"), "sub_url": s.url(camera, "sub"),
	}
	if sim.SceneOf(camera).Locked {
		r["username"], r["password"] = sim.Username, sim.Password
	}
	return r
}

// cityRows is n channels spread over classes, sites and scenarios, whose cameras listen on the
// given port. Row i is camera i.
func cityRows(n, port int) []row {
	var (
		places = []struct{ site, division string }{
			{"xiamen/siming/zhonghua", "350203"}, {"xiamen/siming/lianqian", "350203"}, {"xiamen/huli/heshan", "350206"},
			{"xiamen/haicang/songyu", "350205"}, {"xiamen/jimei/qiaoying", "350211"}, {"xiamen/tongan/datong", "350212"},
			{"xiamen/xiangan/maxiang", "350213"},
		}
		scenarios = []string{"campus", "traffic", "hospital", "kitchen", "community", "ecology", "disaster", "municipal", "policing"}
		tags      = []string{"gate", "gate;indoor", "", "ptz"}
	)
	rows := make([]row, n)
	for i := range rows {
		place, scene := places[i%len(places)], sim.SceneOf(i)
		r := row{
			"id":       fmt.Sprintf("%s01001310%06d", place.division, i+1),
			"name":     fmt.Sprintf("厦门 %s %d", scenarios[i%len(scenarios)], i),
			"class":    strconv.Itoa(1 + i%3),
			"site":     place.site + "/c" + strconv.Itoa(i%5),
			"scenario": scenarios[i%len(scenarios)],
			"tags":     tags[i%len(tags)],
			"lon":      strconv.FormatFloat(118.08+float64(i%300)/3000, 'f', 6, 64),
			"lat":      strconv.FormatFloat(24.45+float64(i/300%300)/3000, 'f', 6, 64),
			"url":      cameraURL(i, port, "main"),
			"sub_url":  cameraURL(i, port, "sub"),
		}
		if scene.Locked {
			r["username"], r["password"] = sim.Username, sim.Password
		}
		rows[i] = r
	}
	return rows
}

// writeCSV makes a file of the rows.
func writeCSV(t testing.TB, rows []row) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "channels.csv")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := csv.NewWriter(f)
	record := make([]string, len(columns))
	if err := w.Write(columns); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for i, c := range columns {
			record[i] = r[c]
		}
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		t.Fatalf("write %s: %v", name, err)
	}
	return name
}
