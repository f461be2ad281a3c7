// Package geo converts between WGS-84, which the registry keeps, and GCJ-02, the shifted system
// that Chinese maps and many municipal lists use, and holds the box that a map shows.
package geo

import "math"

// Point is a position in degrees.
type Point struct {
	Lon, Lat float64
}

// Box is a rectangle in degrees, edges included. It never spans the antimeridian.
type Box struct {
	MinLon, MinLat, MaxLon, MaxLat float64
}

// Contains reports whether p lies in the box or on its edge.
func (b Box) Contains(p Point) bool {
	return p.Lon >= b.MinLon && p.Lon <= b.MaxLon && p.Lat >= b.MinLat && p.Lat <= b.MaxLat
}

// china is the rectangle inside which GCJ-02 differs from WGS-84, as the published algorithm has it.
var china = Box{MinLon: 72.004, MinLat: 0.8293, MaxLon: 137.8347, MaxLat: 55.8271}

// The ellipsoid of Krasovsky 1940, which the shift is computed on.
const (
	semiMajor    = 6378245.0              // m
	eccentricity = 0.00669342162296594323 // first eccentricity, squared
)

// WGS84ToGCJ02 shifts a position; outside China it is left as it is.
func WGS84ToGCJ02(p Point) Point {
	if !china.Contains(p) {
		return p
	}
	d := shift(p)
	return Point{Lon: p.Lon + d.Lon, Lat: p.Lat + d.Lat}
}

// GCJ02ToWGS84 undoes the shift to within 1e-7 degrees (about 1 cm); outside China a position is
// left as it is. The shift has no closed inverse, but it changes so slowly that a few rounds of
// subtracting what is still too much find it.
func GCJ02ToWGS84(p Point) Point {
	if !china.Contains(p) {
		return p
	}
	const enough = 1e-10
	w := p
	for range 20 {
		d := shift(w)
		lon, lat := p.Lon-w.Lon-d.Lon, p.Lat-w.Lat-d.Lat
		w.Lon += lon
		w.Lat += lat
		if math.Abs(lon) < enough && math.Abs(lat) < enough {
			break
		}
	}
	return w
}

// shift is how far GCJ-02 is from WGS-84 at p, in degrees.
func shift(p Point) Point {
	x, y := p.Lon-105, p.Lat-35
	root := math.Sqrt(math.Abs(x))
	common := (20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)) * 2 / 3

	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*root + common
	north += (20*math.Sin(y*math.Pi) + 40*math.Sin(y/3*math.Pi)) * 2 / 3
	north += (160*math.Sin(y/12*math.Pi) + 320*math.Sin(y*math.Pi/30)) * 2 / 3

	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*root + common
	east += (20*math.Sin(x*math.Pi) + 40*math.Sin(x/3*math.Pi)) * 2 / 3
	east += (150*math.Sin(x/12*math.Pi) + 300*math.Sin(x/30*math.Pi)) * 2 / 3

	// From metres to degrees at this latitude.
	sin, cos := math.Sincos(p.Lat * math.Pi / 180)
	w := 1 - eccentricity*sin*sin
	return Point{
		Lon: east * 180 / (semiMajor / math.Sqrt(w) * cos * math.Pi),
		Lat: north * 180 / (semiMajor * (1 - eccentricity) / (w * math.Sqrt(w)) * math.Pi),
	}
}
