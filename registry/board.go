package registry

import "sync/atomic"

// board shows the states of a chunk's channels as sets, so that a query by state takes a few words
// of memory a chunk. Statuses keeps it up to date. A channel is on one board at a time: when an edit
// has made another chunk of its neighbourhood, the first query of that makes another board, and
// the former one is stale.
type board struct {
	of    *Statuses
	stale atomic.Bool
	rows  [boarded][len(set{})]atomic.Uint64 // by state code
}

// move shows another state. A reader between its two steps may see both, but never none.
func (b *board) move(at, old, new int) {
	if old == new {
		return
	}
	word, bit := at>>6, uint64(1)<<(at&63)
	if new < boarded {
		b.rows[new][word].Or(bit)
	}
	if old < boarded {
		b.rows[old][word].And(^bit)
	}
}

// boardOf is the chunk's board, made when there is none that is kept up to date.
func (c *chunk) boardOf(t *Statuses) *board {
	if known := c.board.Load(); known != nil && known.of == t && !known.stale.Load() {
		return known
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if known := c.board.Load(); known != nil && known.of == t && !known.stale.Load() {
		return known
	}
	b := &board{of: t}
	var fresh []cell
	for i, ch := range c.channels {
		v, ok := t.byID.Load(ch.ID)
		if !ok {
			if len(fresh) == 0 {
				fresh = make([]cell, len(c.channels)-i)
			}
			v = &fresh[0]
			fresh = fresh[1:]
			t.byID.Store(ch.ID, v)
		}
		on := v.(*cell)
		if on.board != nil {
			on.board.stale.Store(true)
		}
		on.board, on.at = b, i
		if s := on.status.Load(); s != nil {
			b.move(i, codeUnknown, stateCode(s.State))
		}
	}
	c.board.Store(b)
	return b
}

// states are the channels of the chunk by the code of their state, as Statuses.StatusOf has it.
func (c *chunk) states(t *Statuses) (by [codes]set) {
	on := firstOf(len(c.channels))
	by[codeDisabled] = c.off
	on.drop(&c.off)
	by[codeUnknown] = on
	if t == nil {
		return by
	}
	b := c.boardOf(t)
	for code := range boarded {
		for word := range by[code] {
			by[code][word] = b.rows[code][word].Load() & by[codeUnknown][word]
		}
		by[codeUnknown].drop(&by[code]) // so that each is in one set
	}
	return by
}
