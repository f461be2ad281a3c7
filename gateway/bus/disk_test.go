package bus

import "testing"

// The store is opened anew as often as it has failed, and is the same each time.
func TestStoreIsOpenedAnew(t *testing.T) {
	b := open(t, options(t.TempDir()))
	was := b.Registry().Snapshot().Version()
	for n := range 3 {
		b.disk().failed.Store(true)
		waking := make(chan struct{})
		if !b.disk().works(waking) { // until watch has seen to it
			t.Fatal("it gives up")
		}
		s, err := b.js.Stream(t.Context(), registryStream)
		if err != nil {
			t.Fatalf("the %dth time: %v", n+1, err)
		}
		if s.CachedInfo().State.LastSeq != was {
			t.Errorf("the %dth time: the log ends at %d, was %d", n+1, s.CachedInfo().State.LastSeq, was)
		}
	}
}
