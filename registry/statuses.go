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
	byID       sync.Map // string → Status
	generation atomic.Uint64
}

// Get returns the status of the channel; its state is unknown when nothing was heard of it.
func (t *Statuses) Get(id string) Status {
	if v, ok := t.byID.Load(id); ok {
		return v.(Status)
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
	t.byID.Store(id, s)
	t.generation.Add(1)
}

// Generation is another number after every change of any status: what was made of the statuses
// stays true as long as it is the same, before and after.
func (t *Statuses) Generation() uint64 { return t.generation.Load() }

// Delete forgets the channel.
func (t *Statuses) Delete(id string) {
	t.byID.Delete(id)
	t.generation.Add(1)
}

// Range is every channel that something is known of, in no order.
func (t *Statuses) Range() iter.Seq2[string, Status] {
	return func(yield func(string, Status) bool) {
		t.byID.Range(func(k, v any) bool { return yield(k.(string), v.(Status)) })
	}
}
