package registry

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Apply is the snapshot after the transaction. It copies the list of channels and not the channels:
// an edit of one among 62,283 moves about two megabytes. Deleting what isn't there is no error.
// A transaction that puts a channel twice, or puts and deletes it, a channel without id, and a
// version that isn't later are.
func (s *Snapshot) Apply(tx Transaction, version uint64) (*Snapshot, error) {
	if version <= s.version {
		return nil, fmt.Errorf("apply transaction %s: version %d isn't after %d", tx.ID, version, s.version)
	}
	changes, err := changesOf(tx)
	if err != nil {
		return nil, fmt.Errorf("apply transaction %s: %w", tx.ID, err)
	}
	next := &Snapshot{version: version, sites: s.sites, scenarios: s.scenarios, described: describe(s.described, tx), windows: s.windows.plan(tx)}
	next.sites.borrowed, next.scenarios.borrowed = true, true
	next.splice(s, changes)
	return next, nil
}

// change is what becomes of one id.
type change struct {
	id  string
	put *Channel // nil: deleted
}

// changesOf are the changes of channels in the order of their ids.
func changesOf(tx Transaction) ([]change, error) {
	changes := make([]change, 0, len(tx.Put)+len(tx.Delete))
	for i := range tx.Put {
		changes = append(changes, change{tx.Put[i].ID, &tx.Put[i]})
	}
	for _, id := range tx.Delete {
		changes = append(changes, change{id: id})
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.id, b.id) })
	for i, c := range changes {
		if c.id == "" {
			return nil, fmt.Errorf("a channel without id")
		}
		if i > 0 && c.id == changes[i-1].id {
			return nil, fmt.Errorf("channel %s is changed twice", c.id)
		}
	}
	return changes, nil
}

// splice fills next with the channels of old and the changes: what lies between two changes is
// copied as a block.
func (s *Snapshot) splice(old *Snapshot, changes []change) {
	if len(changes) == 0 {
		s.entries, s.facets = old.entries, old.facets
		return
	}
	room := len(old.entries) + len(changes)
	s.entries = make([]*entry, 0, room)
	s.facets = make([]facet, 0, room)
	at := 0
	for _, c := range changes {
		n, there := find(old.entries[at:], c.id)
		s.entries = append(s.entries, old.entries[at:at+n]...)
		s.facets = append(s.facets, old.facets[at:at+n]...)
		at += n
		if there {
			at++
		}
		if c.put != nil {
			e := &entry{ch: *c.put, id: strings.ToLower(c.id), name: strings.ToLower(c.put.Name)}
			s.entries = append(s.entries, e)
			s.facets = append(s.facets, s.facetOf(&e.ch))
		}
	}
	s.entries = append(s.entries, old.entries[at:]...)
	s.facets = append(s.facets, old.facets[at:]...)
}

func (s *Snapshot) facetOf(c *Channel) facet {
	f := facet{
		lon: float32(math.NaN()), lat: float32(math.NaN()),
		site: s.sites.number(c.Site), scenario: s.scenarios.number(c.Scenario), class: c.Class,
	}
	if c.Lon != nil && c.Lat != nil {
		f.lon, f.lat = float32(*c.Lon), float32(*c.Lat)
	}
	return f
}

// describe is the described sites after the transaction.
func describe(old []Site, tx Transaction) []Site {
	if len(tx.Sites)+len(tx.DeleteSites) == 0 {
		return old
	}
	sites := slices.Clone(old)
	for _, path := range tx.DeleteSites {
		if i, ok := findSite(sites, path); ok {
			sites = slices.Delete(sites, i, i+1)
		}
	}
	for _, site := range tx.Sites {
		if i, ok := findSite(sites, site.Path); ok {
			sites[i] = site
		} else {
			sites = slices.Insert(sites, i, site)
		}
	}
	return sites
}

// words numbers the distinct values of a field. Snapshots that follow one another share a list as
// long as no new word comes; a word that nobody uses any more stays, which costs a few bytes.
type words struct {
	list     []string
	numbers  map[string]uint32
	borrowed bool // another snapshot reads it: copy before writing
}

// number is the word's; a new word gets the next.
func (w *words) number(word string) uint32 {
	if n, ok := w.numbers[word]; ok {
		return n
	}
	numbers := w.numbers
	if w.borrowed || numbers == nil {
		numbers = make(map[string]uint32, len(w.list)+1)
		for i, known := range w.list {
			numbers[known] = uint32(i)
		}
		w.list = slices.Clone(w.list)
		w.borrowed = false
	}
	n := uint32(len(w.list))
	numbers[word] = n
	w.list = append(w.list, word)
	w.numbers = numbers
	return n
}
