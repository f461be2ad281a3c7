package registry

import "math/bits"

// set is a set of the channels of a chunk, by their index.
type set [chunkMost / 64]uint64

// firstOf is the set of the first n.
func firstOf(n int) set {
	var s set
	for i := range s {
		switch {
		case n >= 64*(i+1):
			s[i] = ^uint64(0)
		case n > 64*i:
			s[i] = 1<<(n-64*i) - 1
		}
	}
	return s
}

func (s *set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *set) remove(i int)   { s[i>>6] &^= 1 << (i & 63) }
func (s *set) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

func (s *set) len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// keep leaves what is in the other set too.
func (s *set) keep(o *set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// join adds what is in the other set.
func (s *set) join(o *set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// drop takes out what is in the other set.
func (s *set) drop(o *set) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// each calls f for each member, in their order, until f returns false.
func (s *set) each(f func(i int) bool) bool {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			if !f(w<<6 + bits.TrailingZeros64(word)) {
				return false
			}
		}
	}
	return true
}
