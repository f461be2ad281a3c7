package registry

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Page is a part of a query's answer.
type Page struct {
	Items    []Channel
	Statuses []Status // of the item at the same index
	Next     string   // cursor of the next page; empty after the last
	Total    int      // of all pages
}

// The orders of a page.
const (
	sortID   = "id"
	sortName = "name"
	sortSite = "site"
)

// Query is one page of the channels that the query means. A cursor is the place after the last item
// of a page, not a number of items: channels that come and go between two pages neither hide
// another nor show one twice. The error is FieldErrors, for a sort or a cursor that isn't one.
func (s *Snapshot) Query(q Query, st *Statuses) (Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	o, err := orderOf(q.Sort)
	if err != nil {
		return Page{}, err
	}
	var after *place
	if q.Cursor != "" {
		p, err := o.parseCursor(q.Cursor)
		if err != nil {
			return Page{}, err
		}
		after = &p
	}

	// One more than the page, to see whether there is a next one.
	best := smallest{order: o, most: limit + 1}
	total := 0
	for _, e := range s.matching(&q, st) {
		total++
		if after == nil || o.compare(o.of(e), *after) > 0 {
			best.offer(e)
		}
	}
	found := best.sorted()
	page := Page{Total: total}
	if len(found) > limit {
		found = found[:limit]
		page.Next = o.cursor(found[limit-1])
	}
	page.Items = make([]Channel, len(found))
	page.Statuses = make([]Status, len(found))
	for i, e := range found {
		page.Items[i] = e.ch
		page.Statuses[i] = st.of(&e.ch)
	}
	return page, nil
}

// order is how a page is sorted.
type order struct {
	by         string
	descending bool
}

func orderOf(sort string) (order, error) {
	by, descending := strings.CutPrefix(sort, "-")
	switch by {
	case "":
		if descending {
			break
		}
		return order{by: sortID}, nil
	case sortID, sortName, sortSite:
		return order{by, descending}, nil
	}
	return order{}, FieldErrors{{"sort", shorten(sort), `must be id, name or site, with "-" before it for descending`}}
}

// place is where a channel stands in an order. Ids are unique, so that no two stand in one place.
type place struct {
	key string
	id  string
}

func (o order) of(e *entry) place {
	switch o.by {
	case sortName:
		return place{e.name, e.ch.ID}
	case sortSite:
		return place{e.ch.Site, e.ch.ID}
	}
	return place{"", e.ch.ID}
}

func (o order) compare(a, b place) int {
	var c int
	if o.by == sortSite {
		c = comparePaths(a.key, b.key)
	} else {
		c = strings.Compare(a.key, b.key)
	}
	c = cmp.Or(c, strings.Compare(a.id, b.id))
	if o.descending {
		return -c
	}
	return c
}

// cursorParts separates the parts of a cursor; no name, path or id holds it.
const cursorParts = "\x00"

func (o order) String() string {
	if o.descending {
		return "-" + o.by
	}
	return o.by
}

func (o order) cursor(e *entry) string {
	p := o.of(e)
	return base64.RawURLEncoding.EncodeToString([]byte(o.String() + cursorParts + p.key + cursorParts + p.id))
}

func (o order) parseCursor(cursor string) (place, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Split(string(b), cursorParts)
	if err != nil || len(parts) != 3 {
		return place{}, FieldErrors{{"cursor", shorten(cursor), `must be "next" of the page before, unchanged`}}
	}
	if parts[0] != o.String() {
		return place{}, FieldErrors{{"cursor", shorten(cursor), fmt.Sprintf("belongs to sort=%s: ask with that, or without cursor", shorten(parts[0]))}}
	}
	return place{key: parts[1], id: parts[2]}, nil
}

// smallest keeps the first entries of an order out of many, without sorting the many: it fills a
// buffer of twice as many, and when that is full keeps the better half.
type smallest struct {
	order order
	most  int
	kept  []*entry
	full  bool  // the buffer has been cut once, and worst is the last that stayed
	worst place // nothing after it is of interest
}

func (s *smallest) offer(e *entry) {
	if s.order.by == sortID && !s.order.descending { // offered in order already
		if len(s.kept) < s.most {
			s.kept = append(s.kept, e)
		}
		return
	}
	if s.full && s.order.compare(s.order.of(e), s.worst) > 0 {
		return
	}
	s.kept = append(s.kept, e)
	if len(s.kept) == 2*s.most {
		s.kept = s.sorted()
		s.full = true
		s.worst = s.order.of(s.kept[s.most-1])
	}
}

func (s *smallest) sorted() []*entry {
	slices.SortFunc(s.kept, func(a, b *entry) int { return s.order.compare(s.order.of(a), s.order.of(b)) })
	return s.kept[:min(len(s.kept), s.most)]
}
