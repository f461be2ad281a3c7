package registry

import (
	"slices"

	"sharpeyes/registry/geo"
)

// Extent is the box that the city's channels lie in, with a margin around it: what lies outside is
// likely a mistake. Few stray channels don't widen it. It is false when there are too few positions
// to tell.
func (s *Snapshot) Extent() (geo.Box, bool) {
	const enough = 20
	var lons, lats []float64
	for c := range s.All() {
		if c.Lon != nil && c.Lat != nil {
			lons, lats = append(lons, *c.Lon), append(lats, *c.Lat)
		}
	}
	if len(lons) < enough {
		return geo.Box{}, false
	}
	minLon, maxLon := stretch(lons)
	minLat, maxLat := stretch(lats)
	return geo.Box{
		MinLon: max(minLon, -180), MinLat: max(minLat, -90),
		MaxLon: min(maxLon, 180), MaxLat: min(maxLat, 90),
	}, true
}

// stretch is the range of nearly all of the numbers, and half of it more on each side.
func stretch(numbers []float64) (low, high float64) {
	const (
		strays = 100 // one in so many at each end is left out
		margin = 0.1 // degrees (about 10 km), at the least
	)
	slices.Sort(numbers)
	out := len(numbers) / strays
	low, high = numbers[out], numbers[len(numbers)-1-out]
	more := max((high-low)/2, margin)
	return low - more, high + more
}
