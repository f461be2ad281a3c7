package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// The reference city's channels, of class 1, 2 and 3.
const (
	cityPublic = 27461
	cityKey    = 12799
	cityShared = 22023
)

// City is the registry of the reference city, Xiamen, with n cameras: their channels, of which the
// one at i is camera i of a farm that urls speaks of, and the sites they stand on. All 62,283 have
// 27,461 of class 1, 12,799 of class 2 and 22,023 of class 3; any other number is shared out in
// the same proportion. The same n makes the same city.
//
// An id is a code of GB/T 28181: the street, the scenario's industry, 131 for cameras that send
// H.264 or 132 for H.265, network 0, and a serial number that counts from 1 without holes for each
// of these.
func City(n int, urls func(i int, p streams.Profile) string) ([]registry.Channel, []registry.Site) {
	if n <= 0 {
		return nil, nil
	}
	b := newBuilder(n)
	channels := make([]registry.Channel, n)
	for i := range channels {
		b.channel(&channels[i], i)
		channels[i].URL, channels[i].SubURL = urls(i, streams.Main), urls(i, streams.Sub)
	}
	return channels, b.sites
}

// community is the place that a camera stands in.
type community struct {
	path    string
	name    string // with its street and district
	prefix  string // the 8 digits of the centre in its ids
	contact string
	land    land
	centre  point
}

// builder makes the channels of a city, one after the other.
type builder struct {
	random      *rand.Rand
	classes     []registry.Class
	communities []community
	shares      []int // of communities: sums of weights up to and with each
	scenarios   []scenario
	byClass     [3][]int // the same of scenarios, by class
	serials     []int32  // last serial by street, scenario and codec
	streetOf    []int    // by community
	spotted     []int32  // last number by community, scenario and spot
	text        []byte   // scratch
	lons, lats  []float64
	headings    []float64
	days        [3]int
	sites       []registry.Site
}

func newBuilder(n int) *builder {
	b := &builder{
		random:    rand.New(rand.NewPCG(350200, 28181)),
		scenarios: scenarios(),
		lons:      make([]float64, n),
		lats:      make([]float64, n),
		headings:  make([]float64, n),
		days:      [3]int{30, 60, 90},
	}
	b.classes = classes(n, b.random)
	for class := range b.byClass {
		sum := 0
		for _, s := range b.scenarios {
			sum += s.weight[class]
			b.byClass[class] = append(b.byClass[class], sum)
		}
	}
	b.settle()
	return b
}

// classes is the class of each of n channels, mixed.
func classes(n int, r *rand.Rand) []registry.Class {
	all := make([]registry.Class, 0, n)
	for i, count := range apportion(n, []int{cityPublic, cityKey, cityShared}) {
		all = append(all, slices.Repeat([]registry.Class{registry.PublicPlaces + registry.Class(i)}, count)...)
	}
	r.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// apportion shares n out in proportion to the weights: each gets its share rounded down, and what
// is left goes to those with the largest remainders.
func apportion(n int, weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	shares, order, left := make([]int, len(weights)), make([]int, len(weights)), n
	for i, w := range weights {
		shares[i], order[i] = n*w/sum, i
		left -= shares[i]
	}
	sort.SliceStable(order, func(i, j int) bool { return n*weights[order[i]]%sum > n*weights[order[j]]%sum })
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}

// settle makes the sites and the communities.
func (b *builder) settle() {
	b.site("xiamen", "厦门市", point{118.0890, 24.4800})
	streets, sum := 0, 0
	for _, d := range xiamen() {
		path := "xiamen/" + d.token
		b.site(path, d.name, d.streets[0].centre)
		for i, s := range d.streets {
			path := path + "/" + s.token
			b.site(path, s.name, s.centre)
			names, kind := strings.Fields(s.communities), "社区"
			if strings.HasSuffix(s.name, "镇") {
				kind = "村"
			}
			for j := 0; j < len(names); j += 2 {
				c := community{
					path:    path + "/" + names[j],
					name:    d.name + s.name + names[j+1] + kind,
					prefix:  fmt.Sprintf("%s%02d", d.code, i+1),
					contact: d.name + "公共视频值班室",
					land:    d.land,
					centre:  d.land.near(s.centre, 600, b.random),
				}
				b.site(c.path, names[j+1]+kind, c.centre)
				sum += s.weight * 1000 / (len(names) / 2)
				b.communities = append(b.communities, c)
				b.shares = append(b.shares, sum)
				b.streetOf = append(b.streetOf, streets)
			}
			streets++
		}
	}
	b.spotted = make([]int32, len(b.communities)*len(b.scenarios)*mostSpots)
	b.serials = make([]int32, streets*len(b.scenarios)*2)
}

func (b *builder) site(path, name string, at point) {
	b.sites = append(b.sites, registry.Site{Path: path, Name: name, Lon: &at.lon, Lat: &at.lat})
}

// draw is a random index, as likely as its part of the sums.
func (b *builder) draw(sums []int) int {
	return sort.SearchInts(sums, b.random.IntN(sums[len(sums)-1])+1)
}

// channel makes the channel of camera i, but for its URLs.
func (b *builder) channel(ch *registry.Channel, i int) {
	class := b.classes[i]
	nc, ns := b.draw(b.shares), b.draw(b.byClass[class-1])
	c, s := &b.communities[nc], &b.scenarios[ns]
	at := b.random.IntN(len(s.spots))
	spot := s.spots[at]
	p := c.land.near(c.centre, 250, b.random)
	b.lons[i], b.lats[i], b.headings[i] = p.lon, p.lat, float64(b.random.IntN(360))

	scene := SceneOf(i)
	*ch = registry.Channel{
		ID:        b.id(nc, ns, scene.Codec),
		Name:      b.name(nc, ns, at),
		Class:     class,
		Site:      c.path,
		Scenario:  s.token,
		Tags:      spot.tags,
		Lon:       &b.lons[i],
		Lat:       &b.lats[i],
		Transport: "auto",
		Motion:    "auto",
		Enabled:   true,
	}
	if !slices.Contains(spot.tags, "indoor") {
		ch.Heading = &b.headings[i]
	}
	if scene.Locked {
		ch.Username, ch.Password = Username, Password
	}
	if class == registry.PublicPlaces {
		b.paperwork(ch, c)
	}
}

// paperwork is what GB/T 28181-2022 asks of class 1; as in any city, some of it is missing.
func (b *builder) paperwork(ch *registry.Channel, c *community) {
	const missing = 50 // one in so many
	if b.random.IntN(missing) != 0 {
		ch.InstallTime = b.date()
	}
	if b.random.IntN(missing) != 0 {
		ch.Contact = c.contact
	}
	if b.random.IntN(missing) != 0 {
		ch.RecordDays = &b.days[b.random.IntN(len(b.days))]
	}
}

// name is what people call the next camera that looks at a spot.
func (b *builder) name(community, scenario, spot int) string {
	number := &b.spotted[(community*len(b.scenarios)+scenario)*mostSpots+spot]
	*number++
	b.text = append(b.text[:0], b.communities[community].name...)
	b.text = append(b.text, ' ')
	b.text = append(b.text, b.scenarios[scenario].spots[spot].name...)
	b.text = append(b.text, ' ')
	return string(padded(b.text, int(*number), 2))
}

// id is the next code of a street, scenario and codec.
func (b *builder) id(community, scenario int, codec Codec) string {
	kind, k := "1310", 0
	if codec == H265 {
		kind, k = "1320", 1
	}
	serial := &b.serials[(b.streetOf[community]*len(b.scenarios)+scenario)*2+k]
	*serial++
	b.text = append(b.text[:0], b.communities[community].prefix...)
	b.text = append(b.text, b.scenarios[scenario].industry...)
	b.text = append(b.text, kind...)
	return string(padded(b.text, int(*serial), 6))
}

// date is a random day of ten years.
func (b *builder) date() string {
	b.text = strconv.AppendInt(b.text[:0], int64(2015+b.random.IntN(10)), 10)
	b.text = padded(append(b.text, '-'), 1+b.random.IntN(12), 2)
	return string(padded(append(b.text, '-'), 1+b.random.IntN(28), 2))
}

// padded appends a number with leading zeros, at least so many digits long.
func padded(b []byte, n, digits int) []byte {
	least := 1
	for range digits - 1 {
		least *= 10
	}
	for ; least > 1 && n < least; least /= 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(n), 10)
}
