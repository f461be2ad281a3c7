package quality

import (
	"slices"
	"time"
)

const (
	refined  = 10   // pictures after a keyframe in which encoders refine it
	enough   = 10   // pictures after those that say whether a GOP is still
	mostKept = 256  // sizes of one GOP
	oneSize  = 0.85 // part of the pictures that are of one size, and that skip everything
	equalFor = 10 * time.Second
	alikeFor = 15 * time.Second
	alikeGOP = 4 // GOPs
)

// pictures follows the pictures of a stream from keyframe to keyframe.
type pictures struct {
	first   time.Time // when the first picture came
	last    time.Time // when the last keyframe came; zero: none did
	longest time.Duration

	key     picture
	n       int   // pictures since the keyframe
	sizes   []int // of those after the refinement
	skipped int   // of those, how many skip everything
	bytes   int   // of all since the keyframe
	before  int   // the same of the GOP before
	damaged bool  // something of the GOP was lost

	// A run of GOPs that are still and alike.
	since  time.Time
	alike  int // pairs of keyframes
	equal  int // of them, to the byte
	misses int // pairs in a row that weren't
}

func (s *pictures) add(p picture, keyframe, damaged bool, at time.Time) {
	if s.first.IsZero() {
		s.first = at
	}
	s.damaged = s.damaged || damaged
	if keyframe {
		s.keyframe(p, at)
		s.damaged = damaged
		return
	}
	s.n++
	s.bytes += p.bytes
	// Before the first keyframe nobody knows which picture after it this is: most aren't of the first.
	if s.n > refined && len(s.sizes) < mostKept {
		s.sizes = append(s.sizes, p.bytes)
		if p.bytes <= p.skipped() {
			s.skipped++
		}
	}
}

// keyframe ends a GOP and begins another.
func (s *pictures) keyframe(p picture, at time.Time) {
	if !s.last.IsZero() && !s.damaged {
		s.longest = max(s.longest, at.Sub(s.last))
		s.pair(p)
	}
	s.before = s.bytes
	s.key, s.last = p, at
	s.n, s.bytes, s.skipped, s.sizes, s.damaged = 0, 0, 0, s.sizes[:0], false
}

// pair compares two keyframes and what came between them.
func (s *pictures) pair(p picture) {
	equal := p.hash == s.key.hash
	off := p.bytes - s.key.bytes
	alike := equal || max(off, -off) <= max(2, p.bytes/500)
	if !alike || !s.still(equal) {
		if s.misses++; s.misses > 1 {
			s.alike, s.equal = 0, 0
		}
		return
	}
	s.misses = 0
	if s.alike == 0 {
		s.since = s.last
	}
	s.alike++
	if equal {
		s.equal++
	}
}

// still reports whether the pictures since the keyframe show that nothing changes. Where GOPs are too
// short to tell, they do if they repeat as well.
func (s *pictures) still(equal bool) bool {
	if len(s.sizes) < enough {
		off := s.bytes - s.before
		return equal && (s.n == 0 || s.before > 0 && 50*max(off, -off) <= s.bytes)
	}
	return s.flat()
}

// flat reports whether the sizes that were kept are those of pictures in which nothing changes.
func (s *pictures) flat() bool {
	n := len(s.sizes)
	if float64(s.skipped) < oneSize*float64(n) {
		return false
	}
	sorted := slices.Clone(s.sizes)
	slices.Sort(sorted)
	most := 0
	for i, k := 0, 0; i < n; i++ { // the widest range of sizes that are as good as one
		for sorted[i]-sorted[k] > 2 {
			k++
		}
		most = max(most, i-k+1)
	}
	return float64(most) >= oneSize*float64(n)
}

// alive reports whether the pictures since the keyframe show that something changes, if only noise.
func (s *pictures) alive() bool { return len(s.sizes) >= enough && !s.flat() }

// quiet reports whether they show that nothing does.
func (s *pictures) quiet() bool { return len(s.sizes) >= enough && s.flat() }

// frozen reports whether the picture has stood still for long enough.
func (s *pictures) frozen() bool {
	d := s.last.Sub(s.since)
	return s.misses == 0 && (s.alike > 1 && s.equal == s.alike && d >= equalFor || s.alike >= alikeGOP && d >= alikeFor)
}

// suspected reports whether it stands still, as far as is known.
func (s *pictures) suspected() bool { return s.alike > 0 }

// glance is frozen for who has only some seconds: keyframes must be equal to the byte.
func (s *pictures) glance() bool { return s.misses == 0 && s.alike > 0 && s.equal == s.alike }
