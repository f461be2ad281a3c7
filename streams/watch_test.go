package streams_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

func TestWatchNeitherOpensNorHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		var seen []*streams.Unit
		begin := func(d *streams.Description) func(*streams.Unit) {
			if len(d.Medias) == 0 {
				t.Error("nothing is described")
			}
			return func(u *streams.Unit) { seen = append(seen, u) }
		}
		if _, ok := h.Watch(key, begin); ok {
			t.Fatal("watched a pull that isn't there")
		}
		r, _ := join(t.Context(), h, key)
		first := c.send(true, 10)
		if _, ok := h.Watch(key, func(*streams.Description) func(*streams.Unit) { return nil }); ok {
			t.Fatal("watched by nobody")
		}
		w, ok := h.Watch(key, begin)
		if !ok {
			t.Fatal("no watch")
		}
		second := c.send(false, 10)
		if len(seen) != 2 || seen[0] != first || seen[1] != second {
			t.Fatalf("saw %d units, want the one of the cache and the next", len(seen))
		}
		other, _ := h.Watch(key, begin)
		other.Close()
		other.Close()
		c.send(false, 10)
		if len(seen) != 5 { // two out of the cache
			t.Fatalf("saw %d units after the other was closed, want 5", len(seen))
		}
		r.Close()
		time.Sleep(16 * time.Second)
		select {
		case <-w.Ended():
		default:
			t.Fatal("the watch kept the pull open")
		}
		w.Close()
		h.Close()
	})
}

// Units that only a watch has seen are free to be used again.
func TestWatchKeepsNoUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		defer h.Close()
		r, _ := join(t.Context(), h, key)
		defer r.Close()
		w, _ := h.Watch(key, func(*streams.Description) func(*streams.Unit) { return func(*streams.Unit) {} })
		defer w.Close()
		_, loan := c.lend(true, 1)
		c.send(true, 10)
		if !loan.Returned() {
			t.Fatal("it is still held")
		}
	})
}
