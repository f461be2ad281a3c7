package rates

import (
	"cmp"
	"slices"
)

// span is a stretch of time, in ms; until isn't in it.
type span struct{ from, until int64 }

// spans are in order and don't touch.
type spans []span

// merged brings spans in order and joins those that overlap or touch.
func merged(all spans) spans {
	all = slices.DeleteFunc(all, func(s span) bool { return s.from >= s.until })
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].until {
			out[n-1].until = max(out[n-1].until, s.until)
			continue
		}
		out = append(out, s)
	}
	return out
}

// clip is the part of the spans that lies in from..until, counted from from.
func (all spans) clip(from, until int64) spans {
	i, _ := slices.BinarySearchFunc(all, from, func(s span, at int64) int { return cmp.Compare(s.until, at+1) })
	var out spans
	for _, s := range all[i:] {
		if s.from >= until {
			break
		}
		if a, b := max(s.from, from), min(s.until, until); a < b {
			out = append(out, span{a - from, b - from})
		}
	}
	return out
}

// without is the spans less what lies in the others.
func (all spans) without(others spans) spans {
	var out spans
	for _, s := range all {
		for _, o := range others {
			if o.until <= s.from {
				continue
			}
			if o.from >= s.until {
				break
			}
			if o.from > s.from {
				out = append(out, span{s.from, o.from})
			}
			s.from = o.until
			if s.from >= s.until {
				break
			}
		}
		if s.from < s.until {
			out = append(out, s)
		}
	}
	return out
}

// within is how much of from..until lies in the spans.
func (all spans) within(from, until int64) (n int64) {
	for _, s := range all {
		if s.from >= until {
			break
		}
		if a, b := max(s.from, from), min(s.until, until); a < b {
			n += b - a
		}
	}
	return n
}
