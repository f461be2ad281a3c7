package sim

import (
	"math"
	"math/rand/v2"
)

// point is a position in degrees, WGS-84.
type point struct{ lon, lat float64 }

// land is areas on which cameras may stand: rings of corners, each well inside the coast. A ring
// inside another is a lake.
type land [][]point

// The land of Xiamen's districts. Streets outside these areas exist; they have no cameras here.
func simingLand() land {
	return land{
		{{118.080, 24.450}, {118.092, 24.444}, {118.112, 24.436}, {118.132, 24.436}, {118.145, 24.444}, {118.158, 24.455},
			{118.168, 24.464}, {118.172, 24.472}, {118.172, 24.486}, {118.134, 24.486}, {118.130, 24.476}, {118.112, 24.472}, {118.112, 24.465}, {118.082, 24.465}},
		{{118.090, 24.4865}, {118.112, 24.4865}, {118.112, 24.491}, {118.090, 24.491}},       // north of the Yundang lagoon
		{{118.0585, 24.4430}, {118.0655, 24.4430}, {118.0665, 24.4485}, {118.0600, 24.4500}}, // Gulangyu
	}
}

func huliLand() land {
	return land{
		{{118.090, 24.497}, {118.146, 24.497}, {118.148, 24.506}, {118.181, 24.506}, {118.180, 24.514},
			{118.158, 24.517}, {118.152, 24.532}, {118.100, 24.532}, {118.094, 24.520}},
		{{118.119, 24.524}, {118.127, 24.524}, {118.127, 24.5315}, {118.119, 24.5315}},
	}
}

func haicangLand() land {
	return land{{{117.940, 24.492}, {118.030, 24.492}, {118.045, 24.500}, {118.045, 24.522}, {118.025, 24.528},
		{117.985, 24.534}, {117.975, 24.550}, {117.945, 24.565}, {117.925, 24.530}, {117.935, 24.505}}}
}

func jimeiLand() land {
	return land{
		{{117.985, 24.600}, {118.020, 24.585}, {118.030, 24.574}, {118.044, 24.574}, {118.048, 24.610}, {118.045, 24.640},
			{118.070, 24.650}, {118.065, 24.670}, {118.020, 24.670}, {117.985, 24.650}},
		{{118.093, 24.579}, {118.099, 24.579}, {118.112, 24.592}, {118.120, 24.602}, {118.122, 24.614}, {118.100, 24.620}, {118.093, 24.600}},
	}
}

func tonganLand() land {
	return land{
		{{118.060, 24.720}, {118.110, 24.697}, {118.148, 24.697}, {118.150, 24.714}, {118.190, 24.705}, {118.215, 24.700},
			{118.225, 24.725}, {118.200, 24.755}, {118.160, 24.790}, {118.130, 24.797}, {118.080, 24.775}},
		{{118.121, 24.722}, {118.137, 24.722}, {118.137, 24.734}, {118.121, 24.734}},
	}
}

func xianganLand() land {
	return land{
		{{118.225, 24.575}, {118.270, 24.585}, {118.285, 24.605}, {118.330, 24.615}, {118.335, 24.640}, {118.310, 24.680},
			{118.270, 24.735}, {118.248, 24.735}, {118.230, 24.690}, {118.232, 24.640}, {118.232, 24.612}},
		{{118.252, 24.600}, {118.264, 24.600}, {118.264, 24.610}, {118.252, 24.610}},
		{{118.318, 24.5565}, {118.345, 24.5565}, {118.345, 24.5645}, {118.320, 24.5645}}, // Dadeng
	}
}

// has reports whether p stands on the land.
func (l land) has(p point) bool {
	inside := false
	for _, ring := range l {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a.lat > p.lat) != (b.lat > p.lat) && p.lon < (b.lon-a.lon)*(p.lat-a.lat)/(b.lat-a.lat)+a.lon {
				inside = !inside
			}
		}
	}
	return inside
}

// near is a random point on the land, most likely within some metres of p, which stands on it.
func (l land) near(p point, metres float64, r *rand.Rand) point {
	const tries = 12
	for range tries {
		q := p.moved(r.NormFloat64()*metres, r.NormFloat64()*metres)
		if l.has(q) {
			return q
		}
		metres *= 0.8
	}
	return p
}

// moved is p, moved east and north by metres, to about a decimetre.
func (p point) moved(east, north float64) point {
	const degree = 111_320 // metres of latitude
	round := func(deg float64) float64 { return math.Round(deg*1e6) / 1e6 }
	return point{
		lon: round(p.lon + east/(degree*math.Cos(p.lat*math.Pi/180))),
		lat: round(p.lat + north/degree),
	}
}
