package registry

import (
	"iter"
	"slices"
	"strings"
)

// Snapshot is the registry at one moment. Nobody ever changes it: Apply makes the next one, and
// readers of this one take no lock.
type Snapshot struct {
	version   uint64
	entries   []*entry // by id
	facets    []facet  // of the entry at the same index
	sites     words
	scenarios words
	described []Site   // by path
	windows   *windows // of maintenance; nil when there are none
}

// entry is a channel and what a search looks at.
type entry struct {
	ch   Channel
	id   string // in lower case
	name string // in lower case
}

// facet is the part of a channel that nearly every query asks for, small and side by side, so that
// a scan of the city reads one megabyte of memory and follows no pointer.
type facet struct {
	lon, lat float32 // rounded: good for a first look only; NaN without a position
	site     uint32  // index in sites
	scenario uint32  // index in scenarios
	class    Class
}

// Empty is the registry before the first transaction.
func Empty() *Snapshot { return &Snapshot{} }

// Version is the sequence of the transaction that made the snapshot.
func (s *Snapshot) Version() uint64 { return s.version }

// Len is the number of channels.
func (s *Snapshot) Len() int { return len(s.entries) }

// Get returns the channel with the id.
func (s *Snapshot) Get(id string) (Channel, bool) {
	i, ok := find(s.entries, id)
	if !ok {
		return Channel{}, false
	}
	return s.entries[i].ch, true
}

// All is every channel, in the order of ids.
func (s *Snapshot) All() iter.Seq[Channel] {
	return func(yield func(Channel) bool) {
		for _, e := range s.entries {
			if !yield(e.ch) {
				return
			}
		}
	}
}

// Sites is every place: those that someone described, those that channels name, and the places
// that these lie in, in the order of their paths.
func (s *Snapshot) Sites() []Site {
	there := make(map[string]Site, len(s.sites.list)+len(s.described))
	for i, used := range s.usedSites() {
		if used {
			addPlace(there, s.sites.list[i])
		}
	}
	for _, d := range s.described {
		addPlace(there, d.Path)
		there[d.Path] = d
	}
	all := make([]Site, 0, len(there))
	for _, site := range there {
		all = append(all, site)
	}
	slices.SortFunc(all, func(a, b Site) int { return comparePaths(a.Path, b.Path) })
	return all
}

// Site returns the place with the path, described or named by a channel.
func (s *Snapshot) Site(path string) (Site, bool) {
	if i, ok := findSite(s.described, path); ok {
		return s.described[i], true
	}
	inside := path + "/"
	for _, d := range s.described {
		if strings.HasPrefix(d.Path, inside) {
			return implied(path), true
		}
	}
	for i, used := range s.usedSites() {
		if named := s.sites.list[i]; used && (named == path || strings.HasPrefix(named, inside)) {
			return implied(path), true
		}
	}
	return Site{}, false
}

// usedSites says which of the known paths a channel names now.
func (s *Snapshot) usedSites() []bool {
	used := make([]bool, len(s.sites.list))
	for i := range s.facets {
		used[s.facets[i].site] = true
	}
	return used
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
	for {
		at, arest, amore := strings.Cut(a, "/")
		bt, brest, bmore := strings.Cut(b, "/")
		if c := strings.Compare(at, bt); c != 0 {
			return c
		}
		switch {
		case !amore && !bmore:
			return 0
		case !amore:
			return -1
		case !bmore:
			return 1
		}
		a, b = arest, brest
	}
}

func find(entries []*entry, id string) (int, bool) {
	return slices.BinarySearchFunc(entries, id, func(e *entry, id string) int { return strings.Compare(e.ch.ID, id) })
}

func findSite(sites []Site, path string) (int, bool) {
	return slices.BinarySearchFunc(sites, path, func(s Site, path string) int { return strings.Compare(s.Path, path) })
}
