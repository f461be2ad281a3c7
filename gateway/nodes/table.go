package nodes

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// share is a gateway's part in a table.
type share struct {
	Node     string  `json:"node"`
	Capacity float64 `json:"capacity"` // relative to others
}

// Table says who owns which channel.
type Table struct {
	Version int64   `json:"version"` // grows
	Shares  []share `json:"shares"`  // by name
	// Sites are the owners, by index, of sites with all that lies in them.
	Sites map[string]int `json:"sites"`
	// Parts are the owners of the parts of a divided site's own channels, by hash of their ids.
	Parts map[string][]int `json:"parts,omitempty"`
	// Divided are the sites whose channels have several owners.
	Divided map[string]bool `json:"divided,omitempty"`
}

const (
	// slack is by how much a gateway may have more than its share.
	slack = 0.02
	// partSize is about how many channels of a site at the bottom move together.
	partSize = 64
)

// place is a site while a table is made.
type place struct {
	path     string
	own, all int // channels
	children []*place
}

// assign makes a table for as many channels in each site (paths, without those of sites within).
func assign(counts map[string]int, shares []share) *Table {
	slices.SortFunc(shares, func(a, b share) int { return strings.Compare(a.Node, b.Node) })
	t := &Table{Shares: shares, Sites: map[string]int{}, Parts: map[string][]int{}, Divided: map[string]bool{}}
	a := &assignment{t: t, room: make([]float64, len(shares))}
	total, capacity := 0, 0.0
	for _, n := range counts {
		total += n
	}
	for _, s := range shares {
		capacity += s.Capacity
	}
	for i, s := range shares {
		a.room[i] = float64(total) * s.Capacity / capacity * (1 + slack)
	}
	for _, top := range tree(counts) {
		a.give(top)
	}
	return t
}

// tree is the sites at the top, the largest first.
func tree(counts map[string]int) []*place {
	all := map[string]*place{}
	var tops []*place
	var of func(path string) *place
	of = func(path string) *place {
		if p, ok := all[path]; ok {
			return p
		}
		p := &place{path: path}
		all[path] = p
		if end := strings.LastIndexByte(path, '/'); end >= 0 {
			above := of(path[:end])
			above.children = append(above.children, p)
		} else {
			tops = append(tops, p)
		}
		return p
	}
	for path, n := range counts {
		of(path).own = n
	}
	var sum func(p *place) int
	sum = func(p *place) int {
		p.all = p.own
		for _, c := range p.children {
			p.all += sum(c)
		}
		sortPlaces(p.children)
		return p.all
	}
	for _, p := range tops {
		sum(p)
	}
	sortPlaces(tops)
	return tops
}

func sortPlaces(all []*place) {
	slices.SortFunc(all, func(a, b *place) int { return cmp.Or(b.all-a.all, strings.Compare(a.path, b.path)) })
}

// assignment is a table while it is made.
type assignment struct {
	t    *Table
	room []float64 // channels that each may still have
}

// give gives a site away, divided if it must be.
func (a *assignment) give(p *place) {
	if i, ok := a.fits(p.path, p.all); ok {
		a.t.Sites[p.path] = i
		return
	}
	a.t.Divided[p.path] = true
	if p.own > 0 {
		if i, ok := a.fits(p.path, p.own); ok {
			a.t.Parts[p.path] = []int{i}
		} else {
			n := (p.own + partSize - 1) / partSize
			parts := make([]int, n)
			for part := range parts {
				parts[part] = a.most(p.own / n)
			}
			a.t.Parts[p.path] = parts
		}
	}
	for _, c := range p.children {
		a.give(c)
	}
}

// fits is the first gateway, by rendezvous, that has room for so many channels.
func (a *assignment) fits(key string, n int) (int, bool) {
	for _, i := range order(key, a.t.Shares) {
		if a.room[i] >= float64(n) {
			a.room[i] -= float64(n)
			return i, true
		}
	}
	return 0, false
}

// most is the gateway with the most room, which then has so many channels more.
func (a *assignment) most(n int) int {
	best := 0
	for i := range a.room {
		if a.room[i] > a.room[best] {
			best = i
		}
	}
	a.room[best] -= float64(n)
	return best
}

// order is the gateways by weighted rendezvous.
func order(key string, shares []share) []int {
	scores := make([]float64, len(shares))
	all := make([]int, len(shares))
	for i, s := range shares {
		all[i] = i
		h := xxhash.Sum64String(s.Node + "\x00" + key)
		scores[i] = -s.Capacity / math.Log((float64(h>>11)+0.5)/(1<<53))
	}
	slices.SortFunc(all, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	return all
}

// Owner is the gateway whose channel it is; empty when there is no gateway. A site that came after the
// table was made belongs to whom the one above belongs to, or rendezvous gives it.
func (t *Table) Owner(site, id string) string {
	if t == nil || len(t.Shares) == 0 {
		return ""
	}
	if parts := t.Parts[site]; len(parts) > 0 {
		return t.Shares[parts[xxhash.Sum64String(id)%uint64(len(parts))]].Node
	}
	for path := site; ; {
		if i, ok := t.Sites[path]; ok {
			return t.Shares[i].Node
		}
		end := strings.LastIndexByte(path, '/')
		if end < 0 {
			break
		}
		path = path[:end]
	}
	return t.Shares[order(site, t.Shares)[0]].Node
}

// Whole reports whether all channels in a site have one owner.
func (t *Table) Whole(site string) bool {
	if t == nil || len(t.Shares) < 2 {
		return true
	}
	if t.Divided[site] {
		return false
	}
	_, known := t.Sites[site]
	for path := site; !known; {
		end := strings.LastIndexByte(path, '/')
		if end < 0 {
			return false // it is new, and what lies in it may be anybody's
		}
		path = path[:end]
		_, known = t.Sites[path]
	}
	return known
}

// even reports whether the table is still fair for as many channels in each site.
func (t *Table) even(counts map[string]int) bool {
	const off = 0.05
	loads := make([]float64, len(t.Shares))
	index := map[string]int{}
	capacity, total := 0.0, 0
	for i, s := range t.Shares {
		index[s.Node] = i
		capacity += s.Capacity
	}
	for site, n := range counts {
		total += n
		if parts := t.Parts[site]; len(parts) > 0 {
			for _, i := range parts {
				loads[i] += float64(n) / float64(len(parts))
			}
		} else {
			loads[index[t.Owner(site, "")]] += float64(n)
		}
	}
	for i, s := range t.Shares {
		if fair := float64(total) * s.Capacity / capacity; loads[i] > fair*(1+off)+partSize {
			return false
		}
	}
	return true
}
