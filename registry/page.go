package registry

import (
	"cmp"
	"encoding/base64"
	"fmt"
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

	l := s.look(&q, st)
	found := make([]set, len(s.chunks))
	page := Page{}
	for i, c := range s.chunks {
		found[i] = l.among(c)
		page.Total += found[i].len()
	}
	// One more than the page, to see whether there is a next one.
	hits := s.inOrder(o, found, after, min(limit+1, page.Total))
	if len(hits) > limit {
		hits = hits[:limit]
		page.Next = o.cursor(hits[limit-1])
	}
	page.Items = make([]Channel, len(hits))
	page.Statuses = make([]Status, len(hits))
	for i, h := range hits {
		page.Items[i] = *h.channel()
		page.Statuses[i] = st.of(h.channel())
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

func (o order) of(h hit) place {
	switch o.by {
	case sortName:
		return place{h.chunk.name(h.at), h.channel().ID}
	case sortSite:
		return place{h.channel().Site, h.channel().ID}
	}
	return place{"", h.channel().ID}
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

func (o order) cursor(h hit) string {
	p := o.of(h)
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
