package registry

import "slices"

// hit is one channel of an answer.
type hit struct {
	chunk *chunk
	at    int // index in chunk
}

func (h hit) channel() *Channel { return h.chunk.channels[h.at] }

// inOrder is the first of the channels that were found in each chunk, in the order asked for, from
// what follows the given place on; at most so many.
func (s *Snapshot) inOrder(o order, found []set, after *place, most int) []hit {
	if o.by == sortID {
		return s.byID(o.descending, found, after, most)
	}
	// The chunks are each in order already: what is left is to merge them, and to look no further
	// into them than the page goes.
	heads := make([]run, 0, len(s.chunks))
	for i, c := range s.chunks {
		if found[i] == (set{}) {
			continue
		}
		r := run{order: o, chunk: c, found: &found[i], sorted: c.sorted(o.by)}
		if after != nil {
			r.seek(*after)
		}
		if r.next() {
			heads = append(heads, r)
		}
	}
	h := heap{heads}
	for i := len(heads)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
	hits := make([]hit, 0, most)
	for len(hits) < most && len(h.runs) > 0 {
		first := &h.runs[0]
		hits = append(hits, first.head)
		if !first.next() {
			last := len(h.runs) - 1
			h.runs[0] = h.runs[last]
			h.runs = h.runs[:last]
		}
		h.sink(0)
	}
	return hits
}

// byID needs no merging: chunks follow one another.
func (s *Snapshot) byID(descending bool, found []set, after *place, most int) []hit {
	hits := make([]hit, 0, most)
	first := 0
	if after != nil && len(s.chunks) > 0 {
		first = chunkOf(s.chunks, after.id)
	} else if descending {
		first = len(s.chunks) - 1
	}
	step := 1
	if descending {
		step = -1
	}
	for i := first; i >= 0 && i < len(s.chunks) && len(hits) < most; i += step {
		c := s.chunks[i]
		from := 0
		if descending {
			from = len(c.channels) - 1
		}
		if after != nil && i == first {
			n, there := c.find(after.id)
			switch {
			case descending:
				from = n - 1
			case there:
				from = n + 1
			default:
				from = n
			}
		}
		for j := from; j >= 0 && j < len(c.channels) && len(hits) < most; j += step {
			if found[i].has(j) {
				hits = append(hits, hit{c, j})
			}
		}
	}
	return hits
}

// sorted is the indices of the chunk's channels by name or by site, and then by id.
func (c *chunk) sorted(by string) []uint16 {
	at := &c.byName
	if by == sortSite {
		at = &c.bySite
	}
	if known := at.Load(); known != nil {
		return *known
	}
	o := order{by: by}
	list := make([]uint16, len(c.channels))
	for i := range list {
		list[i] = uint16(i)
	}
	slices.SortFunc(list, func(a, b uint16) int { return o.compare(o.of(hit{c, int(a)}), o.of(hit{c, int(b)})) })
	at.Store(&list)
	return list
}

// run is the hits of one chunk in order.
type run struct {
	order  order
	chunk  *chunk
	found  *set
	sorted []uint16
	seen   int // how many of sorted were looked at, from the end when descending
	head   hit
	place  place // of head
}

func (r *run) index(n int) int {
	if r.order.descending {
		n = len(r.sorted) - 1 - n
	}
	return int(r.sorted[n])
}

// seek moves to what follows the place.
func (r *run) seek(after place) {
	low, high := 0, len(r.sorted)
	for low < high {
		middle := (low + high) / 2
		if r.order.compare(r.order.of(hit{r.chunk, r.index(middle)}), after) > 0 {
			high = middle
		} else {
			low = middle + 1
		}
	}
	r.seen = low
}

// next moves to the next hit; false after the last.
func (r *run) next() bool {
	for r.seen < len(r.sorted) {
		i := r.index(r.seen)
		r.seen++
		if r.found.has(i) {
			r.head = hit{r.chunk, i}
			r.place = r.order.of(r.head)
			return true
		}
	}
	return false
}

// heap holds runs, the one with the first head on top.
type heap struct{ runs []run }

func (h *heap) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.runs); child++ {
			if h.runs[child].order.compare(h.runs[child].place, h.runs[least].place) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		h.runs[i], h.runs[least] = h.runs[least], h.runs[i]
		i = least
	}
}
