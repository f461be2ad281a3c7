package streams

import (
	"fmt"

	"sharpeyes/registry"
)

// ofDevice are the pulls of one recorder but for one of them.
func (h *Hub) ofDevice(device string, but *Pull) []*Pull {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sharing(device, but)
}

// sharing is ofDevice with the lock held.
func (h *Hub) sharing(device string, but *Pull) []*Pull {
	var all []*Pull
	for _, p := range h.pulls {
		if p != but && p.device == device {
			all = append(all, p)
		}
	}
	return all
}

// budget decides whether a recorder may be asked for one more stream. When it may not, a pull of it
// that nobody watches is given up, and returned: it must be gone first. The lock is held.
func (h *Hub) budget(ch registry.Channel) (ending *Pull, err error) {
	if h.o.MaxPerDevice <= 0 {
		return nil, nil
	}
	all := h.sharing(ch.DeviceKey(), nil)
	if len(all) < h.o.MaxPerDevice {
		return nil, nil
	}
	if p := spare(all); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: %d streams of %s are open, as many as streams.max_pulls_per_device allows", ErrQuota, len(all), ch.DeviceKey())
}

// makeRoom gives up a pull of the recorder that nobody watches, if there is one.
func (h *Hub) makeRoom(device string, but *Pull) *Pull { return spare(h.ofDevice(device, but)) }

// spare ends the pull that has lingered, or is just ending.
func spare(all []*Pull) *Pull {
	for _, p := range all {
		p.mu.Lock()
		ending := p.ending || p.giveUp()
		p.mu.Unlock()
		if ending {
			return p
		}
	}
	return nil
}
