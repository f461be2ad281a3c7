package main

import (
	"encoding/csv"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/sim"
)

// cityFile is a city and the CSV file of it.
type cityFile struct {
	channels []registry.Channel
	file     string
}

// newCity writes the file of a city with n cameras that nobody has built: whoever asks for one is
// refused at once. Every camera has a password of its own.
func newCity(n int, file string) (*cityFile, error) {
	channels, _ := sim.City(n, func(i int, p streams.Profile) string {
		a := netip.AddrFrom4([4]byte{127, 1 + byte(i>>16), byte(i >> 8), byte(i)})
		return "rtsp://" + netip.AddrPortFrom(a, 9).String() + "/" + string(p)
	})
	for i := range channels {
		channels[i].Username = "operator"
		channels[i].Password = registry.Secret(fmt.Sprintf("camera-%08x", uint32(i)*2654435761))
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"id", "name", "class", "site", "scenario", "tags", "lon", "lat", "heading", "url", "sub_url",
		"username", "password", "transport", "motion", "install_time", "contact", "record_days"})
	for i := range channels {
		c := &channels[i]
		days := ""
		if c.RecordDays != nil {
			days = strconv.Itoa(*c.RecordDays)
		}
		_ = w.Write([]string{c.ID, c.Name, strconv.Itoa(int(c.Class)), c.Site, c.Scenario, strings.Join(c.Tags, ";"),
			degrees(c.Lon), degrees(c.Lat), degrees(c.Heading), c.URL, c.SubURL, c.Username, c.Password.Reveal(),
			c.Transport, c.Motion, c.InstallTime, c.Contact, days})
	}
	w.Flush() // its error is that of the first write that failed
	if err := w.Error(); err != nil {
		f.Close()
		return nil, fmt.Errorf("write %s: %w", file, err)
	}
	return &cityFile{channels, file}, f.Close()
}

// ids are those of the channels, in the order of their cameras.
func (c *cityFile) ids() []string {
	ids := make([]string, len(c.channels))
	for i := range c.channels {
		ids[i] = c.channels[i].ID
	}
	return ids
}

func degrees(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

// stateOf is the state of the channel at i when nothing has changed yet: one in 20 is offline and
// one in 50 degraded.
func stateOf(i int) event.State {
	switch {
	case i%20 == 7:
		return event.Offline
	case i%50 == 3:
		return event.Degraded
	}
	return event.Online
}
