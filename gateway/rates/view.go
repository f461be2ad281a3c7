package rates

import (
	"slices"
	"strings"

	"sharpeyes/registry"
)

// view is what the registry says of the channels of the book: the maintenance to cut out.
type view struct {
	version uint64
	known   int              // channels of the book
	cuts    []*cut           // by channel; nil for none
	prints  map[int64]uint64 // of the days that were looked at
}

// cut is the maintenance of one channel, or of all channels of a site.
type cut struct{ spans spans }

// viewOf is the view of the snapshot. The caller is the only one that asks.
func (r *Recorder) viewOf(s *registry.Snapshot) *view {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k := r.book
	if v := r.view; v != nil && v.version == s.Version() && v.known == len(k.names) {
		return v
	}
	v := &view{version: s.Version(), known: len(k.names), prints: make(map[int64]uint64)}
	r.view = v
	all := s.Maintenances()
	if len(all) == 0 {
		return v
	}
	v.cuts = make([]*cut, v.known)
	windows := windowsOf(all)
	for ch := range s.All() {
		if n, ok := k.ids[ch.ID]; ok {
			v.cuts[n] = windows.of(ch)
		}
	}
	return v
}

// windows are all windows of maintenance.
type windows struct {
	sites, channels map[string]spans
	known           map[string]*cut // of whole sites
}

func windowsOf(all []registry.Maintenance) *windows {
	w := &windows{sites: make(map[string]spans), channels: make(map[string]spans), known: make(map[string]*cut)}
	for _, m := range all {
		s := span{m.From.UnixMilli(), m.Until.UnixMilli()}
		if m.Site != "" {
			w.sites[m.Site] = append(w.sites[m.Site], s)
		} else {
			w.channels[m.Channel] = append(w.channels[m.Channel], s)
		}
	}
	return w
}

// of is the maintenance of the channel; nil for none.
func (w *windows) of(ch registry.Channel) *cut {
	site, known := w.known[ch.Site]
	if !known {
		var all spans
		for path := ch.Site; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
			all = append(all, w.sites[path]...)
		}
		if all = merged(all); len(all) > 0 {
			site = &cut{all}
		}
		w.known[ch.Site] = site
	}
	own := w.channels[ch.ID]
	switch {
	case len(own) == 0:
		return site
	case site != nil:
		own = append(slices.Clone(own), site.spans...)
	}
	return &cut{merged(slices.Clone(own))}
}

// on is the maintenance of a channel in a day.
func (v *view) on(channel uint32) *cut {
	if int(channel) < len(v.cuts) {
		return v.cuts[channel]
	}
	return nil
}

// print is a number that is another when the maintenance of any channel in the day is.
func (v *view) print(number int64) uint64 {
	if v.cuts == nil {
		return 0
	}
	if p, ok := v.prints[number]; ok {
		return p
	}
	mix := func(h, x uint64) uint64 {
		h = (h ^ x) * 0x9e3779b97f4a7c15
		return h ^ h>>29
	}
	of := make(map[*cut]uint64)
	begin := number * dayLength
	var p uint64
	for n, c := range v.cuts {
		if c == nil {
			continue
		}
		h, ok := of[c]
		if !ok {
			for _, s := range c.spans.clip(begin, begin+dayLength) {
				h = mix(mix(h+1, uint64(s.from)), uint64(s.until))
			}
			of[c] = h
		}
		if h != 0 {
			p = mix(mix(p+1, uint64(n)), h)
		}
	}
	v.prints[number] = p
	return p
}

// scopes are what counts of one stretch of a day, for each kind of maintenance.
type scopes struct {
	begin, lo, hi int64 // the day begins at begin; from there lo..hi counts
	gaps          spans
	plain         *scope
	with          map[*cut]*scope
}

func newScopes(number, lo, hi int64, gaps spans) *scopes {
	return &scopes{begin: number * dayLength, lo: lo, hi: hi, gaps: gaps, plain: scopeOf(lo, hi, gaps, nil), with: make(map[*cut]*scope)}
}

func (s *scopes) of(c *cut) *scope {
	if c == nil {
		return s.plain
	}
	known, ok := s.with[c]
	if !ok {
		known = s.plain
		if cuts := c.spans.clip(s.begin, s.begin+dayLength); len(cuts) > 0 {
			known = scopeOf(s.lo, s.hi, s.gaps, cuts)
		}
		s.with[c] = known
	}
	return known
}
