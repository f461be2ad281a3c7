package registry

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"
)

// A snapshot holds its channels in chunks of some hundreds, in the order of ids. An edit makes one
// chunk anew, and the snapshots before and after it share all others, with everything that was
// found out about them: the order of their names, their text, where their statuses lie.
const (
	chunkMost  = 512 // channels, and bits of a set
	chunkFill  = 448 // where many come at once: leaves room
	chunkLeast = 128 // smaller ones are joined with a neighbour
)

// chunk is a stretch of the registry. Nobody changes what it holds; what is atomic is found out
// when it is first asked for, and is the same whoever finds it out.
type chunk struct {
	first    string // id
	channels []*Channel
	facets   []facet // of the channel at the same index
	// text is the ids and names in lower case, each followed by a zero byte, which neither holds.
	text  string
	marks []uint32 // where in text the id and the name of each channel begin, and the end
	off   set      // not enabled
	// classes are the channels by class.
	classes []classSet

	index  atomic.Pointer[textIndex]
	recent atomic.Pointer[recentTexts]
	tags   atomic.Pointer[map[string]set]
	board  atomic.Pointer[board]
	byName atomic.Pointer[[]uint16]
	bySite atomic.Pointer[[]uint16]
}

// facet is the part of a channel that nearly every query asks for, small and side by side, so that
// a scan of the city reads one megabyte of memory and follows no pointer.
type facet struct {
	lon, lat float32 // rounded: good for a first look only; NaN without a position
	site     uint32  // index in the snapshot's sites
	scenario uint32  // index in its scenarios
	class    Class
}

// classSet is the channels of one class.
type classSet struct {
	class Class
	of    set
}

// item is what a chunk is made of: a channel that a chunk had before, or a new one.
type item struct {
	ch   *Channel
	from *chunk // nil: new
	at   int    // index in from
}

// newChunk is a chunk of the items; the snapshot gives new sites and scenarios their numbers.
func (s *Snapshot) newChunk(items []item) *chunk {
	c := &chunk{
		first:    items[0].ch.ID,
		channels: make([]*Channel, len(items)),
		facets:   make([]facet, len(items)),
		marks:    make([]uint32, 0, 2*len(items)+1),
	}
	var text strings.Builder
	room := 0
	for _, it := range items {
		room += len(it.ch.ID) + len(it.ch.Name) + 2
	}
	text.Grow(room)
	for i, it := range items {
		c.channels[i] = it.ch
		if !it.ch.Enabled {
			c.off.add(i)
		}
		c.classify(i, it.ch.Class)
		id, name := "", ""
		if it.from != nil {
			c.facets[i] = it.from.facets[it.at]
			id, name = it.from.id(it.at), it.from.name(it.at)
		} else {
			c.facets[i] = s.facetOf(it.ch)
			id, name = strings.ToLower(it.ch.ID), strings.ToLower(it.ch.Name)
		}
		c.marks = append(c.marks, uint32(text.Len()))
		text.WriteString(id)
		text.WriteByte(0)
		c.marks = append(c.marks, uint32(text.Len()))
		text.WriteString(name)
		text.WriteByte(0)
	}
	c.marks = append(c.marks, uint32(text.Len()))
	c.text = text.String()
	return c
}

func (c *chunk) classify(i int, class Class) {
	n := 0
	for n < len(c.classes) && c.classes[n].class != class {
		n++
	}
	if n == len(c.classes) {
		c.classes = append(c.classes, classSet{class: class})
	}
	c.classes[n].of.add(i)
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

// items are all of the chunk.
func (c *chunk) items(into []item) []item {
	for i, ch := range c.channels {
		into = append(into, item{ch, c, i})
	}
	return into
}

// id is the id in lower case.
func (c *chunk) id(i int) string { return c.text[c.marks[2*i] : c.marks[2*i+1]-1] }

// name is the name in lower case.
func (c *chunk) name(i int) string { return c.text[c.marks[2*i+1] : c.marks[2*i+2]-1] }

// both is the id and the name, with a zero byte between.
func (c *chunk) both(i int) string { return c.text[c.marks[2*i]:c.marks[2*i+2]] }

// find is where the id stands or would stand.
func (c *chunk) find(id string) (int, bool) {
	return slices.BinarySearchFunc(c.channels, id, func(ch *Channel, id string) int { return strings.Compare(ch.ID, id) })
}

// chunkOf is the index of the chunk that the id stands in, if it is there at all.
func chunkOf(chunks []*chunk, id string) int {
	n, exact := slices.BinarySearchFunc(chunks, id, func(c *chunk, id string) int { return strings.Compare(c.first, id) })
	if exact {
		return n
	}
	return max(n-1, 0)
}

// tagged is the set of channels with each tag.
func (c *chunk) tagged() map[string]set {
	if known := c.tags.Load(); known != nil {
		return *known
	}
	tags := map[string]set{}
	for i, ch := range c.channels {
		for _, tag := range ch.Tags {
			with := tags[tag]
			with.add(i)
			tags[tag] = with
		}
	}
	c.tags.Store(&tags)
	return tags
}
