package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

func BenchmarkImport(b *testing.B) {
	s := snapshot(b, channels(cityChannels))
	var asCSV, asJSON bytes.Buffer
	if err := registry.WriteCSV(&asCSV, s.All()); err != nil {
		b.Fatal(err)
	}
	if err := registry.WriteNDJSON(&asJSON, s.All()); err != nil {
		b.Fatal(err)
	}
	run := func(name string, text []byte, read func(io.Reader, registry.ImportOptions) ([]registry.Channel, []registry.RowError, []registry.Warning, error)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				list, errs, _, err := read(bytes.NewReader(text), registry.ImportOptions{})
				if err != nil || len(errs) > 0 || len(list) != cityChannels {
					b.Fatal(err, errs)
				}
			}
		})
	}
	run("csv", asCSV.Bytes(), registry.ReadCSV)
	run("ndjson", asJSON.Bytes(), registry.ReadNDJSON)
}

func BenchmarkPlan(b *testing.B) {
	list := channels(cityChannels)
	s := snapshot(b, list)
	for b.Loop() {
		if tx, _ := registry.Plan(s, list, true); !tx.Empty() {
			b.Fatal("changes")
		}
	}
}

func BenchmarkApply(b *testing.B) {
	list := channels(cityChannels)
	run := func(name string, s *registry.Snapshot, tx registry.Transaction) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Apply(tx, 99); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	full := snapshot(b, list)
	edited := channel(30000)
	edited.Name = "edited"
	run("edit", full, registry.Transaction{Put: []registry.Channel{edited}})
	moved := channel(30000)
	moved.Site = "quite/elsewhere"
	run("new-site", full, registry.Transaction{Put: []registry.Channel{moved}})
	run("all", registry.Empty(), registry.Transaction{Put: list})
}

func BenchmarkGet(b *testing.B) {
	s := snapshot(b, channels(cityChannels))
	id := channel(31234).ID
	for b.Loop() {
		if _, ok := s.Get(id); !ok {
			b.Fatal("not there")
		}
	}
}

func BenchmarkQuery(b *testing.B) {
	list := channels(cityChannels)
	s, st := snapshot(b, list), someStatuses(list)
	for _, q := range []struct {
		name string
		q    registry.Query
	}{
		{"all", registry.Query{}},
		{"class", registry.Query{Classes: []registry.Class{1}}},
		{"site", registry.Query{Site: "xiamen/siming"}},
		{"site-scenario", registry.Query{Site: "xiamen/siming", Scenarios: []string{"campus"}}},
		{"bbox", registry.Query{BBox: &geo.Box{MinLon: 118.05, MinLat: 24.45, MaxLon: 118.1, MaxLat: 24.5}}},
		{"text", registry.Query{Text: "gate 3"}},
		{"state", registry.Query{States: []event.State{event.Offline}}},
		{"by-name", registry.Query{Sort: "name"}},
		{"by-name-desc-1000", registry.Query{Sort: "-name", Limit: 1000}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				if page, err := s.Query(q.q, st); err != nil || page.Total == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}

// Texts that nobody asked for lately.
func BenchmarkText(b *testing.B) {
	list := channels(cityChannels)
	s, st := snapshot(b, list), someStatuses(list)
	if _, err := s.Query(registry.Query{Text: "abc"}, st); err != nil { // the first builds what the others use
		b.Fatal(err)
	}
	for _, form := range []string{"%05d", "路 %d 号", "Gate %d", "%d"} {
		b.Run(form, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				if _, err := s.Query(registry.Query{Text: fmt.Sprintf(form, n%cityChannels)}, st); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStats(b *testing.B) {
	list := channels(cityChannels)
	s, st := snapshot(b, list), someStatuses(list)
	b.Run("class", func(b *testing.B) {
		for b.Loop() {
			s.Stats([]string{"class"}, registry.Query{}, st)
		}
	})
	b.Run("class-site-scenario", func(b *testing.B) {
		for b.Loop() {
			s.Stats([]string{"class", "site", "scenario"}, registry.Query{}, st)
		}
	})
	b.Run("sites", func(b *testing.B) {
		for b.Loop() {
			s.SiteTallies(registry.Query{}, st)
		}
	})
}

func BenchmarkTransaction(b *testing.B) {
	tx := registry.Transaction{ID: "t", Put: channels(cityChannels)}
	sealer := testSealer(1)
	text, err := registry.EncodeTransaction(tx, sealer)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := registry.EncodeTransaction(tx, sealer); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := registry.DecodeTransaction(text, sealer); err != nil {
				b.Fatal(err)
			}
		}
	})
}
