package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Apply is the snapshot after the transaction. It makes the chunks anew that something changes in:
// an edit of one channel among 62,283 touches a few hundred. A channel that is put as it was stays
// what it was. Deleting what isn't there is no error. A transaction that puts a channel twice, or
// puts and deletes it, a channel without id, and a version that isn't later are.
func (s *Snapshot) Apply(tx Transaction, version uint64) (*Snapshot, error) {
	if version <= s.version {
		return nil, fmt.Errorf("apply transaction %s: version %d isn't after %d", tx.ID, version, s.version)
	}
	changes, err := changesOf(tx)
	if err != nil {
		return nil, fmt.Errorf("apply transaction %s: %w", tx.ID, err)
	}
	next := &Snapshot{
		version: version, sites: s.sites, scenarios: s.scenarios,
		described: describe(s.described, tx), windows: s.windows.plan(tx),
	}
	next.sites.borrowed, next.scenarios.borrowed = true, true
	moved := next.splice(s, changes)
	if !moved && len(tx.Sites)+len(tx.DeleteSites) == 0 {
		next.places.Store(s.places.Load())
	}
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

// splice fills s with the chunks of old and the changes. It reports whether a site may have got its
// first channel or lost its last.
func (s *Snapshot) splice(old *Snapshot, changes []change) (moved bool) {
	if len(changes) == 0 {
		s.chunks, s.count = old.chunks, old.count
		return false
	}
	b := chunker{s: s}
	for i, c := range old.chunks {
		n := len(changes)
		if i+1 < len(old.chunks) {
			next := old.chunks[i+1].first
			n, _ = slices.BinarySearchFunc(changes, next, func(c change, id string) int { return strings.Compare(c.id, id) })
		}
		b.merge(c, changes[:n])
		changes = changes[n:]
	}
	if len(old.chunks) == 0 {
		for _, c := range changes {
			b.put(c.put, "")
		}
	}
	b.end()
	s.chunks = b.done
	for _, c := range s.chunks {
		s.count += len(c.channels)
	}
	return b.moved
}

// chunker makes the chunks of a snapshot.
type chunker struct {
	s     *Snapshot
	done  []*chunk
	items []item // of the next chunk; between two calls of merge fewer than chunkLeast
	moved bool   // see splice
}

// merge takes a chunk with what changes in it.
func (b *chunker) merge(c *chunk, changes []change) {
	at, touched := 0, false
	for _, ch := range changes {
		n, there := c.find(ch.id)
		if ch.put == nil && !there || there && ch.put != nil && Equal(*c.channels[n], *ch.put) {
			continue
		}
		touched = true
		for ; at < n; at++ {
			b.items = append(b.items, item{c.channels[at], c, at})
		}
		was := ""
		if there {
			was = c.channels[n].Site
			at++
		}
		b.put(ch.put, was)
	}
	if !touched && len(b.items) == 0 {
		b.done = append(b.done, c)
		return
	}
	for ; at < len(c.channels); at++ {
		b.items = append(b.items, item{c.channels[at], c, at})
	}
	if len(b.items) >= chunkLeast {
		b.flush()
	}
}

// put takes what becomes of a channel that was in the given site, if it was anywhere.
func (b *chunker) put(ch *Channel, was string) {
	if ch == nil {
		b.moved = true
		return
	}
	b.moved = b.moved || ch.Site != was
	kept := *ch
	b.items = append(b.items, item{ch: &kept})
}

// end makes a chunk of what is left.
func (b *chunker) end() {
	if n := len(b.done); n > 0 && len(b.items) > 0 && len(b.items) < chunkLeast {
		b.items = append(b.done[n-1].items(nil), b.items...)
		b.done = b.done[:n-1]
	}
	b.flush()
}

// flush makes chunks of the items, of about the same size.
func (b *chunker) flush() {
	n := 1
	if len(b.items) > chunkMost {
		n = (len(b.items) + chunkFill - 1) / chunkFill
	}
	for ; n > 0 && len(b.items) > 0; n-- {
		size := (len(b.items) + n - 1) / n
		b.done = append(b.done, b.s.newChunk(b.items[:size]))
		b.items = b.items[size:]
	}
	b.items = b.items[:0]
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
