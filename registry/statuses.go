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
	writing    sync.Mutex // held by those who change a cell or a board
	generation atomic.Uint64
}

// cell is where the status of one channel lies.
type cell struct {
	status atomic.Pointer[Status] // nil: nothing is known
	// The board that shows the state, and where; nil for none. Of those who write.
	board *board
	at    int
}

// The states as boards and counts have them. Unknown is what is neither of the others.
const (
	codeOnline = iota
	codeDegraded
	codeOffline
	codeUnknown
	codeDisabled
	codes // how many

	boarded = codeUnknown // codes below it have a row on a board
)

func stateCode(s event.State) int {
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
	was := c.status.Load()
	if was != nil && *was == s {
		return
	}
	c.status.Store(&s)
	if c.board != nil {
		old := codeUnknown
		if was != nil {
			old = stateCode(was.State)
		}
		c.board.move(c.at, old, stateCode(s.State))
	}
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
	if c.board != nil {
		c.board.stale.Store(true) // should the channel still be there, the next board has a new cell
	}
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
