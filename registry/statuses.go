package registry

import (
	"iter"
	"sync"
	"sync/atomic"

	"sharpeyes/registry/event"
)

// Statuses is the last known status of each channel. It changes far more often than the registry
// and stands beside it. Its zero value is ready; all methods may be called at the same time, and
// reading takes no lock.
type Statuses struct {
	byID       sync.Map   // string → *cell
	writing    sync.Mutex // held by those who change a cell
	generation atomic.Uint64
}

// cell is where the status of one channel lies. Snapshots know the cells of their channels, so that
// a query by state reads them one after another and looks nothing up.
type cell struct {
	state  atomic.Uint32          // stateCode of status
	status atomic.Pointer[Status] // nil: nothing is known
}

// The states as a cell has them.
const (
	codeUnknown = iota
	codeOnline
	codeDegraded
	codeOffline
	codeDisabled
	codeGone // the cell was taken out: look the channel up again
)

func stateCode(s event.State) uint32 {
	switch s {
	case event.Online:
		return codeOnline
	case event.Degraded:
		return codeDegraded
	case event.Offline:
		return codeOffline
	case event.Disabled:
		return codeDisabled
	}
	return codeUnknown
}

// Get returns the status of the channel; its state is unknown when nothing was heard of it.
func (t *Statuses) Get(id string) Status {
	if v, ok := t.byID.Load(id); ok {
		if s := v.(*cell).status.Load(); s != nil {
			return *s
		}
	}
	return Status{State: event.Unknown}
}

// StatusOf is Get, but a disabled channel is disabled whatever was last heard of it.
func (t *Statuses) StatusOf(c Channel) Status { return t.of(&c) }

// of is StatusOf without the copy; a nil table knows nothing.
func (t *Statuses) of(c *Channel) Status {
	s := Status{State: event.Unknown}
	if t != nil {
		s = t.Get(c.ID)
	}
	switch {
	case c.Enabled && s.State == event.Disabled: // enabled again, and not yet probed
		return Status{State: event.Unknown, Since: s.Since}
	case !c.Enabled && s.State != event.Disabled:
		return Status{State: event.Disabled}
	}
	return s
}

// Set keeps the status of the channel.
func (t *Statuses) Set(id string, s Status) {
	t.writing.Lock()
	defer t.writing.Unlock()
	v, ok := t.byID.Load(id)
	if !ok {
		v, _ = t.byID.LoadOrStore(id, new(cell)) // a reader may make one meanwhile
	}
	c := v.(*cell)
	if was := c.status.Load(); was != nil && *was == s {
		return
	}
	c.status.Store(&s)
	c.state.Store(stateCode(s.State))
	t.generation.Add(1)
}

// Delete forgets the channel.
func (t *Statuses) Delete(id string) {
	t.writing.Lock()
	defer t.writing.Unlock()
	v, ok := t.byID.LoadAndDelete(id)
	if !ok {
		return
	}
	c := v.(*cell)
	c.status.Store(nil)
	c.state.Store(codeGone)
	t.generation.Add(1)
}

// Generation is another number after every change of any status: what was made of the statuses
// stays true as long as it is the same, before and after.
func (t *Statuses) Generation() uint64 { return t.generation.Load() }

// Range is every channel that something is known of, in no order.
func (t *Statuses) Range() iter.Seq2[string, Status] {
	return func(yield func(string, Status) bool) {
		t.byID.Range(func(k, v any) bool {
			s := v.(*cell).status.Load()
			return s == nil || yield(k.(string), *s)
		})
	}
}

// cells are where the statuses of a chunk's channels lie.
type cells struct {
	of   *Statuses
	list []*cell
}

// cellsOf finds the cells of the chunk's channels, and makes those that aren't there.
func (c *chunk) cellsOf(t *Statuses) []*cell {
	if known := c.cells.Load(); known != nil && known.of == t {
		return known.list
	}
	list := make([]*cell, len(c.channels))
	var fresh []cell
	for i, ch := range c.channels {
		if v, ok := t.byID.Load(ch.ID); ok {
			list[i] = v.(*cell)
			continue
		}
		if len(fresh) == 0 {
			fresh = make([]cell, len(list)-i)
		}
		v, there := t.byID.LoadOrStore(ch.ID, &fresh[0])
		if list[i] = v.(*cell); !there {
			fresh = fresh[1:]
		}
	}
	c.cells.Store(&cells{t, list})
	return list
}

// states are the codes of the states of a chunk's channels.
type states struct {
	chunk *chunk
	of    *Statuses
	cells []*cell // nil when there are no statuses
}

func (c *chunk) states(t *Statuses) states {
	if t == nil {
		return states{chunk: c}
	}
	return states{c, t, c.cellsOf(t)}
}

// at is the code of the state of the channel at the index, as Statuses.StatusOf has it.
func (s *states) at(i int) uint32 {
	if !s.chunk.facets[i].off && s.cells != nil {
		if code := s.cells[i].state.Load(); code < codeDisabled {
			return code
		}
	}
	return s.rare(i)
}

// rare is at for a channel that is disabled, or was, or has no cell.
func (s *states) rare(i int) uint32 {
	if s.chunk.facets[i].off {
		return codeDisabled
	}
	if s.cells == nil || s.cells[i].state.Load() != codeGone {
		return codeUnknown // for disabled, too: it is enabled again, and not yet probed
	}
	// Forgotten, and perhaps heard of again.
	if code := stateCode(s.of.Get(s.chunk.channels[i].ID).State); code != codeDisabled {
		return code
	}
	return codeUnknown
}
