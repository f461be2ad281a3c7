package registry

import (
	"iter"
	"slices"
	"strings"
	"sync/atomic"
)

// Snapshot is the registry at one moment. Nobody ever changes it: Apply makes the next one, and
// readers of this one take no lock.
type Snapshot struct {
	version   uint64
	chunks    []*chunk // by id; none is empty
	count     int      // of channels
	sites     words
	scenarios words
	described []Site                 // by path
	windows   *windows               // of maintenance; nil when there are none
	places    atomic.Pointer[places] // found out when it is first asked for
}

// Empty is the registry before the first transaction.
func Empty() *Snapshot { return &Snapshot{} }

// Version is the sequence of the transaction that made the snapshot.
func (s *Snapshot) Version() uint64 { return s.version }

// Len is the number of channels.
func (s *Snapshot) Len() int { return s.count }

// Get returns the channel with the id.
func (s *Snapshot) Get(id string) (Channel, bool) {
	if len(s.chunks) == 0 {
		return Channel{}, false
	}
	c := s.chunks[chunkOf(s.chunks, id)]
	i, ok := c.find(id)
	if !ok {
		return Channel{}, false
	}
	return *c.channels[i], true
}

// All is every channel, in the order of ids.
func (s *Snapshot) All() iter.Seq[Channel] {
	return func(yield func(Channel) bool) {
		for _, c := range s.chunks {
			for _, ch := range c.channels {
				if !yield(*ch) {
					return
				}
			}
		}
	}
}

// Sites is every place: those that someone described, those that channels name, and the places
// that these lie in, in the order of their paths.
func (s *Snapshot) Sites() []Site { return slices.Clone(s.allPlaces().sites) }

// Described is the places that someone described.
func (s *Snapshot) Described() []Site { return slices.Clone(s.described) }

// Site returns the place with the path, described or named by a channel.
func (s *Snapshot) Site(path string) (Site, bool) {
	p := s.allPlaces()
	i, ok := slices.BinarySearchFunc(p.sites, path, func(s Site, path string) int { return comparePaths(s.Path, path) })
	if !ok {
		return Site{}, false
	}
	return p.sites[i], true
}

// places is the tree of sites.
type places struct {
	sites  []Site // by path
	parent []int  // index in sites of the place that each lies in, or -1
	at     []int  // index in sites of each word of Snapshot.sites; -1 when no channel uses it
}

func (s *Snapshot) allPlaces() *places {
	if known := s.places.Load(); known != nil && len(known.at) == len(s.sites.list) {
		return known
	}
	p := s.findPlaces()
	s.places.Store(p)
	return p
}

func (s *Snapshot) findPlaces() *places {
	used := make([]bool, len(s.sites.list))
	for _, c := range s.chunks {
		for i := range c.facets {
			used[c.facets[i].site] = true
		}
	}
	there := make(map[string]Site, len(s.sites.list)+len(s.described))
	for i, u := range used {
		if u {
			addPlace(there, s.sites.list[i])
		}
	}
	for _, d := range s.described {
		addPlace(there, d.Path)
		there[d.Path] = d
	}
	p := &places{
		sites:  make([]Site, 0, len(there)),
		parent: make([]int, len(there)),
		at:     make([]int, len(s.sites.list)),
	}
	for _, site := range there {
		p.sites = append(p.sites, site)
	}
	slices.SortFunc(p.sites, func(a, b Site) int { return comparePaths(a.Path, b.Path) })
	index := make(map[string]int, len(p.sites))
	for i, site := range p.sites {
		index[site.Path] = i
		p.parent[i] = -1
		if up := strings.LastIndexByte(site.Path, '/'); up > 0 {
			if n, ok := index[site.Path[:up]]; ok { // what it lies in stands before it
				p.parent[i] = n
			}
		}
	}
	for i, u := range used {
		p.at[i] = -1
		if n, ok := index[s.sites.list[i]]; u && ok {
			p.at[i] = n
		}
	}
	return p
}

// addPlace adds a path and the places that it lies in.
func addPlace(there map[string]Site, path string) {
	for path != "" {
		if _, ok := there[path]; ok {
			return
		}
		there[path] = implied(path)
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

// implied is a place that no one described: it is named by its last token.
func implied(path string) Site {
	return Site{Path: path, Name: path[strings.LastIndexByte(path, '/')+1:]}
}

// comparePaths orders paths by token, so that a place is followed by what lies in it.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		switch { // the end of a token stands before everything
		case x == '/':
			return -1
		case y == '/':
			return 1
		case x < y:
			return -1
		default:
			return 1
		}
	}
	return len(a) - len(b)
}

func findSite(sites []Site, path string) (int, bool) {
	return slices.BinarySearchFunc(sites, path, func(s Site, path string) int { return strings.Compare(s.Path, path) })
}
