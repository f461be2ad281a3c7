package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/geo"
)

func TestImportDoubts(t *testing.T) {
	const header = "id,name,class,site,scenario,url,lon,lat\n"
	row := func(id, host, lon, lat string) string {
		return id + ",n,3,x,campus,rtsp://" + host + "/," + lon + "," + lat + "\n"
	}
	// Rome: swapped, both are degrees that exist.
	box := &geo.Box{MinLon: 12, MinLat: 41, MaxLon: 13, MaxLat: 42.5}
	file := header + row("a", "h1", "12.5", "41.9") + row("b", "h2", "41.9", "12.5") + row("c", "h3", "0", "0") +
		row("d", "h1", "", "") + row("e", "h1", "12.4", "41.8")
	_, errs, warnings, err := registry.ReadCSV(strings.NewReader(file), registry.ImportOptions{Box: box})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	want := []string{
		"lon 3 41.9,12.5 lies outside the city, but lon=12.5 and lat=41.9 lies in it: perhaps they are swapped",
		"lon 4 0,0 lies outside the city (12.00 to 13.00 east, 41.00 to 42.50 north): check lon and lat",
		"url 5 rtsp://h1/ is the URL of row 2 too: perhaps one camera is registered twice",
		"url 6 rtsp://h1/ is the URL of row 2 too: perhaps one camera is registered twice",
	}
	for i, w := range warnings {
		got := fmt.Sprintf("%s %d %s %s", w.Column, w.Row, w.Value, w.Message)
		if i >= len(want) || got != want[i] || w.Count != 1 {
			t.Errorf("warning %d: %s", i, got)
		}
	}
	if len(warnings) != len(want) {
		t.Errorf("%d warnings, want %d", len(warnings), len(want))
	}
	// Without a box nobody knows where the city lies.
	if _, _, warnings, _ = registry.ReadCSV(strings.NewReader(file), registry.ImportOptions{}); len(warnings) != 2 {
		t.Errorf("%+v", warnings)
	}
	// A latitude that can't be one is refused, with the guess.
	_, errs, _, _ = registry.ReadCSV(strings.NewReader(header+row("a", "h", "24.48", "118.09")), registry.ImportOptions{})
	if len(errs) != 1 || errs[0].Column != "lat" || !strings.HasSuffix(errs[0].Message, "perhaps lon and lat are swapped (lon=118.09, lat=24.48)") {
		t.Errorf("%v", errs)
	}
	// Many are counted.
	var many strings.Builder
	many.WriteString(header)
	for i := range 1000 {
		many.WriteString(row(fmt.Sprint("c", i), "h", "1", "2"))
	}
	_, _, warnings, err = registry.ReadCSV(strings.NewReader(many.String()), registry.ImportOptions{Box: box})
	if err != nil || len(warnings) > 100 {
		t.Errorf("%d warnings, %v", len(warnings), err)
	}
	rows := 0
	for _, w := range warnings {
		rows += w.Count
	}
	if rows != 1000+999 {
		t.Errorf("%d rows are warned of", rows)
	}
}

func TestExtent(t *testing.T) {
	list := channels(3000)
	list[5].Lon, list[5].Lat = ptr(0.0), ptr(0.0)
	list[6].Lon, list[6].Lat = ptr(24.5), ptr(118.0)
	box, ok := snapshot(t, list).Extent()
	if !ok || !box.Contains(geo.Point{Lon: 118.1, Lat: 24.4}) || box.Contains(geo.Point{}) || box.MaxLon-box.MinLon > 1 {
		t.Errorf("%+v", box)
	}
	if _, ok := snapshot(t, list[:10]).Extent(); ok {
		t.Error("ten channels are no city")
	}
}

// A password among a URL's parameters is doubted, and not shown by the doubt.
func TestImportSecretInURL(t *testing.T) {
	const header = "id,name,class,site,scenario,url,sub_url\n"
	file := header + "a,n,3,x,campus,rtsp://h1/user=admin_password=marked_channel=1,\n" +
		"b,n,3,x,campus,rtsp://h2/,rtsp://h2/s?Pwd=marked\n" +
		"c,n,3,x,campus,rtsp://h1/user=admin_password=marked_channel=1,\n" +
		"d,n,3,x,campus,rtsp://h3/?channel=1&compass=north&pwd=,\n"
	_, errs, warnings, err := registry.ReadCSV(strings.NewReader(file), registry.ImportOptions{})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	got := map[string]int{}
	for _, w := range warnings {
		if strings.Contains(fmt.Sprint(w), "marked") {
			t.Errorf("%+v", w)
		}
		got[w.Column]++
	}
	if got["url"] != 3 || got["sub_url"] != 1 { // two hold one, and one of them is there twice
		t.Errorf("%v: %+v", got, warnings)
	}
}
