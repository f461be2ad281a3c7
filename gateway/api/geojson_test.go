package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"sharpeyes/gateway/api"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// features is a FeatureCollection.
type features struct {
	Type     string
	Features []struct {
		Type, ID string
		Geometry struct {
			Type        string
			Coordinates []float64
		}
		Properties struct {
			ID, Name, State, Scenario, Site string
			Class                           int
		}
	}
}

func unzipped(t testing.TB, w *httptest.ResponseRecorder) []byte {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d, Content-Encoding %q", w.Code, w.Header().Get("Content-Encoding"))
	}
	r, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGeoJSON(t *testing.T) {
	b := newBench(t, nil)
	const path = "/api/v1/channels.geojson"
	w := b.ask("GET", path, "")
	if ct := w.Header().Get("Content-Type"); ct != "application/geo+json" {
		t.Errorf("Content-Type %s", ct)
	}
	plain := w.Body.String()
	var f features
	decode(t, w, http.StatusOK, &f)
	if f.Type != "FeatureCollection" || len(f.Features) != 1 {
		t.Fatalf("%+v", f)
	}
	one := f.Features[0]
	if p := one.Properties; one.Type != "Feature" || one.ID != northGate || p.ID != northGate || p.Name != "演武小学北门" || p.State != "online" ||
		p.Scenario != "campus" || p.Site != "xiamen/siming/binhai" || p.Class != 1 ||
		one.Geometry.Type != "Point" || fmt.Sprint(one.Geometry.Coordinates) != "[118.09 24.48]" {
		t.Errorf("%+v", one)
	}
	gz := b.ask("GET", path, "", "Accept-Encoding", "br, gzip;q=0.5")
	if got := string(unzipped(t, gz)); got != plain {
		t.Errorf("gzipped it is\n%s\nand else\n%s", got, plain)
	}
	tag := w.Header().Get("ETag")
	if tag == "" || gz.Header().Get("ETag") != tag {
		t.Errorf("ETags %q and %q", tag, gz.Header().Get("ETag"))
	}
	if w := b.ask("GET", path, "", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	decode(t, b.ask("PATCH", "/api/v1/channels/"+southGate, `{"lon":-0.0000004,"lat":-24.4800006,"name":"a \"b\" \\ <c>"}`), http.StatusOK, new(any))
	decode(t, b.ask("GET", path, "", "If-None-Match", tag), http.StatusOK, &f)
	if len(f.Features) != 2 || f.Features[1].Properties.Name != `a "b" \ <c>` || fmt.Sprint(f.Features[1].Geometry.Coordinates) != "[0 -24.480001]" {
		t.Errorf("%+v", f)
	}
	decode(t, b.ask("GET", path+"?state=offline", ""), http.StatusOK, &f)
	if len(f.Features) != 1 || f.Features[0].ID != southGate {
		t.Errorf("%+v", f)
	}
	decode(t, b.ask("GET", path+"?class=9", ""), http.StatusOK, &f)
	if f.Features == nil || len(f.Features) != 0 {
		t.Errorf("%+v", f)
	}
	wantProblem(t, b.ask("GET", path+"?limit=5", ""), http.StatusBadRequest)
	wantProblem(t, b.ask("GET", path+"?colour=red", ""), http.StatusBadRequest)
}

// cityBench is an API with the whole reference city behind it.
func cityBench(t testing.TB, n int) *bench {
	t.Helper()
	scenarios := []string{"campus", "traffic", "hospital", "kitchen", "community", "ecology", "disaster", "municipal", "policing"}
	districts := []string{"siming", "huli", "jimei", "haicang", "tongan", "xiangan"}
	put := make([]registry.Channel, n)
	seed := uint64(1)
	random := func(below int) int { // so that positions don't compress better than a city's
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(below))
	}
	statuses := &registry.Statuses{}
	states := []event.State{event.Online, event.Online, event.Online, event.Degraded, event.Offline}
	for i := range put {
		lon, lat := 118+float64(random(400000))/1e6, 24.4+float64(random(400000))/1e6
		put[i] = registry.Channel{
			ID: fmt.Sprintf("3502%02d01001320%06d", i%6+1, i), Name: fmt.Sprintf("厦门%s路 %d 号 camera %d", districts[i%6], random(900), i),
			Class: []registry.Class{1, 2, 3}[i%3], Site: fmt.Sprintf("xiamen/%s/street-%d/block-%d", districts[i%6], random(12), random(40)),
			Scenario: scenarios[random(9)], Lon: &lon, Lat: &lat, URL: fmt.Sprintf("rtsp://10.%d.%d.%d/main", i>>16, i>>8&255, i&255),
			Transport: "auto", Motion: "auto", Enabled: true,
		}
		statuses.Set(put[i].ID, registry.Status{State: states[random(5)], Since: time.Unix(1700000000, 0)})
	}
	now, err := registry.Empty().Apply(registry.Transaction{ID: "city", Put: put}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return newBench(t, func(o *api.Options) {
		o.Catalogue, o.Statuses = &catalogue{now: now}, statuses
	})
}

// A map of many pieces is one whole.
func TestGeoJSONOfACity(t *testing.T) {
	const n = 20000
	b := cityBench(t, n)
	plain := b.ask("GET", "/api/v1/channels.geojson", "").Body.Bytes()
	var f features
	if err := json.Unmarshal(plain, &f); err != nil || len(f.Features) != n {
		t.Fatalf("%v, %d features", err, len(f.Features))
	}
	if !bytes.Equal(plain, unzipped(t, b.ask("GET", "/api/v1/channels.geojson", "", "Accept-Encoding", "gzip"))) {
		t.Error("gzipped it is another")
	}
}

func BenchmarkGeoJSON(b *testing.B) {
	a := cityBench(b, 62283)
	for i := range b.N {
		// A transaction each time, so that none is answered from what is kept.
		decodeOK(b, a.ask("PATCH", "/api/v1/channels/"+fmt.Sprintf("350201%s", "01001320000000"), fmt.Sprintf(`{"name":"n%d"}`, i)))
		start := time.Now()
		w := a.ask("GET", "/api/v1/channels.geojson", "", "Accept-Encoding", "gzip")
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms")
		b.ReportMetric(float64(w.Body.Len())/1e6, "MB")
	}
}

func decodeOK(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}
