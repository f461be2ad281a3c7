package registry_test

import (
	"fmt"
	"slices"
	"testing"

	"sharpeyes/registry"
)

// cityChannels is the size of the city that the bars are measured on.
const cityChannels = 62283

func ptr[T any](v T) *T { return &v }

// channel is a valid channel with every field set.
func channel(i int) registry.Channel {
	districts := []string{"siming", "huli", "jimei", "haicang", "tongan", "xiangan"}
	scenarios := []string{"campus", "traffic", "hospital", "kitchen", "community", "ecology", "disaster", "municipal", "policing"}
	classes := []registry.Class{registry.PublicPlaces, registry.KeyPlaces, registry.Shared}
	d := i % len(districts)
	return registry.Channel{
		ID:          fmt.Sprintf("350203%02d001320%06d", d, i),
		Name:        fmt.Sprintf("中山路 %d 号 Gate %d", i, i%7),
		Class:       classes[i%len(classes)],
		Site:        fmt.Sprintf("xiamen/%s/street-%d/block_%d", districts[d], i/6%12, i/72%5),
		Scenario:    scenarios[i%len(scenarios)],
		Tags:        []string{"gate", fmt.Sprintf("batch%d", i%10)},
		Lon:         ptr(118.0 + float64(i%1000)/4000),
		Lat:         ptr(24.4 + float64(i/1000)/400),
		Heading:     ptr(float64(i % 360)),
		URL:         fmt.Sprintf("rtsp://10.%d.%d.%d:554/Streaming/Channels/101", i>>16, i>>8&255, i&255),
		SubURL:      fmt.Sprintf("rtsp://10.%d.%d.%d:554/Streaming/Channels/102", i>>16, i>>8&255, i&255),
		Username:    "admin",
		Password:    registry.Secret(fmt.Sprintf("sesame-%d", i)),
		Transport:   "auto",
		Motion:      "auto",
		Device:      fmt.Sprintf("nvr-%d", i/16),
		InstallTime: "2023-04-05",
		Contact:     "Duty room, 0592-1234567",
		RecordDays:  ptr(30),
		Enabled:     i%50 != 0,
	}
}

func channels(n int) []registry.Channel {
	list := make([]registry.Channel, n)
	for i := range list {
		list[i] = channel(i)
	}
	return list
}

// snapshot holds the given channels.
func snapshot(tb testing.TB, list []registry.Channel) *registry.Snapshot {
	tb.Helper()
	return apply(tb, registry.Empty(), registry.Transaction{Put: list})
}

func apply(tb testing.TB, s *registry.Snapshot, tx registry.Transaction) *registry.Snapshot {
	tb.Helper()
	next, err := s.Apply(tx, s.Version()+1)
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

func sameChannels(a, b []registry.Channel) bool { return slices.EqualFunc(a, b, registry.Equal) }

func ids(list []registry.Channel) []string {
	var all []string
	for _, c := range list {
		all = append(all, c.ID)
	}
	return all
}
