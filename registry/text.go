package registry

import "strings"

// textIndex says of groups of three bytes which channels of a chunk have one of the group in id or
// name: to be searched are only those that have all of the text's.
type textIndex [textGroups]set

const textGroups = 256

func textGroup(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 2654435761 >> 24
}

func (c *chunk) textIndex() *textIndex {
	if known := c.index.Load(); known != nil {
		return known
	}
	x := new(textIndex)
	for i := range c.channels {
		both := c.both(i)
		for j := 2; j < len(both); j++ {
			x[textGroup(both[j-2], both[j-1], both[j])].add(i)
		}
	}
	c.index.Store(x)
	return x
}

// recentTexts are the texts that were searched for last in a chunk, with what was found: whoever
// types, sorts or turns pages asks for the same again.
type recentTexts [8]struct {
	text string
	set  set
}

// having is the channels of the chunk among the given ones that have the text, in lower case, in id
// or name.
func (c *chunk) having(text string, among set) set {
	if strings.IndexByte(text, 0) >= 0 {
		return set{}
	}
	known := c.recent.Load()
	if known != nil {
		for i := range known {
			if known[i].text == text {
				among.keep(&known[i].set)
				return among
			}
		}
	}
	// All of the chunk is searched, not only the given ones, for the next who asks.
	found := firstOf(len(c.channels))
	if len(text) >= 3 {
		x := c.textIndex()
		for j := 2; j < len(text); j++ {
			found.keep(&x[textGroup(text[j-2], text[j-1], text[j])])
		}
	}
	if found.len() > len(c.channels)/4 {
		found = c.search(text)
	} else {
		all := found
		all.each(func(i int) bool {
			if !strings.Contains(c.both(i), text) {
				found.remove(i)
			}
			return true
		})
	}
	next := new(recentTexts)
	next[0].text, next[0].set = text, found
	if known != nil {
		copy(next[1:], known[:])
	}
	c.recent.Store(next)
	among.keep(&found)
	return among
}

// search reads the text of the whole chunk.
func (c *chunk) search(text string) set {
	var found set
	at, i := 0, 0
	for {
		n := strings.Index(c.text[at:], text)
		if n < 0 {
			return found
		}
		for int(c.marks[2*i+2]) <= at+n {
			i++
		}
		found.add(i)
		i++
		if i == len(c.channels) {
			return found
		}
		at = int(c.marks[2*i])
	}
}
