package geo_test

import (
	"math"
	"testing"

	"sharpeyes/registry/geo"
)

// Pairs that were published with implementations of the algorithm.
var pairs = []struct {
	place    string
	wgs, gcj geo.Point
}{
	{"Shanghai", geo.Point{Lon: 121.5272106, Lat: 31.1774276}, geo.Point{Lon: 121.531541859215, Lat: 31.17530398364597}},
	{"Shenzhen", geo.Point{Lon: 113.912316, Lat: 22.543847}, geo.Point{Lon: 113.9171764808363, Lat: 22.540796131694766}},
	{"Beijing", geo.Point{Lon: 116.377817, Lat: 39.911954}, geo.Point{Lon: 116.38404722455657, Lat: 39.91334545536069}},
	{"London, outside China", geo.Point{Lon: -0.1276, Lat: 51.5072}, geo.Point{Lon: -0.1276, Lat: 51.5072}},
}

func near(a, b geo.Point, degrees float64) bool {
	return math.Abs(a.Lon-b.Lon) <= degrees && math.Abs(a.Lat-b.Lat) <= degrees
}

func TestKnownPairs(t *testing.T) {
	for _, p := range pairs {
		if got := geo.WGS84ToGCJ02(p.wgs); !near(got, p.gcj, 1e-6) {
			t.Errorf("%s: WGS-84 %v became %.8v, want %.8v", p.place, p.wgs, got, p.gcj)
		}
		if got := geo.GCJ02ToWGS84(p.gcj); !near(got, p.wgs, 1e-6) {
			t.Errorf("%s: GCJ-02 %v became %.8v, want %.8v", p.place, p.gcj, got, p.wgs)
		}
	}
}

func TestThereAndBack(t *testing.T) {
	for lon := 73.5; lon < 135; lon += 1.37 {
		for lat := 3.5; lat < 53.5; lat += 1.13 {
			want := geo.Point{Lon: lon, Lat: lat}
			shifted := geo.WGS84ToGCJ02(want)
			if near(shifted, want, 1e-5) {
				t.Errorf("%v isn't shifted", want)
			}
			if got := geo.GCJ02ToWGS84(shifted); !near(got, want, 1e-7) {
				t.Errorf("%v came back as %v", want, got)
			}
		}
	}
}

func TestBoxContains(t *testing.T) {
	box := geo.Box{MinLon: 118, MinLat: 24, MaxLon: 119, MaxLat: 25}
	for p, want := range map[geo.Point]bool{
		{Lon: 118.5, Lat: 24.5}: true,
		{Lon: 118, Lat: 24}:     true,
		{Lon: 119, Lat: 25}:     true,
		{Lon: 117.999, Lat: 24}: false,
		{Lon: 118, Lat: 25.001}: false,
		{Lon: math.NaN()}:       false,
	} {
		if got := box.Contains(p); got != want {
			t.Errorf("Contains(%v) = %v, want %v", p, got, want)
		}
	}
}
