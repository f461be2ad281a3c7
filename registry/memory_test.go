package registry_test

import (
	"runtime"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// A registry with everything that queries make of it, in less than 1.2 KiB a channel.
func TestMemoryOfAChannel(t *testing.T) {
	const many = 20000
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	// As the log is read: the list is decoded, not shared.
	b, err := registry.EncodeTransaction(registry.Transaction{ID: "t", Put: channels(many)}, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	load := func() *registry.Snapshot {
		tx, err := registry.DecodeTransaction(b, testSealer(1))
		if err != nil {
			t.Fatal(err)
		}
		return snapshot(t, tx.Put)
	}
	s, st := load(), &registry.Statuses{}
	bare := heap()
	for _, q := range []registry.Query{
		{Text: "gate 3"}, {Tags: []string{"gate"}}, {States: []event.State{event.Online}}, {Sort: "name"}, {Sort: "site"},
	} {
		if _, err := s.Query(q, st); err != nil {
			t.Fatal(err)
		}
	}
	s.Stats([]string{"site"}, registry.Query{}, st)
	full := heap()
	runtime.KeepAlive(b)
	per := float64(full-before) / many
	t.Logf("%.0f bytes a channel, %.0f of them for what queries make", per, float64(full-bare)/many)
	if per > 1.2*1024 {
		t.Errorf("%.0f bytes a channel are more than 1.2 KiB", per)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(st)
}
