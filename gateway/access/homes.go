package access

import (
	"net/netip"
	"sync"
)

// home is from where a user has signed in.
type home struct {
	user string
	from netip.Prefix
}

// homes remembers, up to a bound, from where users have signed in since the start.
type homes struct {
	most int

	mu  sync.Mutex
	all map[home]struct{}
}

func newHomes(most int) *homes { return &homes{most: most, all: map[home]struct{}{}} }

func (h *homes) has(one home) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.all[one]
	return ok
}

func (h *homes) add(one home) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.all[one]; !ok && len(h.all) >= h.most {
		for old := range h.all { // any
			delete(h.all, old)
			break
		}
	}
	h.all[one] = struct{}{}
}
