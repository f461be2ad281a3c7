package registry

import (
	"slices"
	"strings"
	"time"
)

// Maintenance is a window of time in which a site with all that lies in it, or one channel, is
// worked on: what health tells of it then is expected.
type Maintenance struct {
	ID      string    `json:"id"`
	Site    string    `json:"site,omitempty"`    // a path; either this
	Channel string    `json:"channel,omitempty"` // or the id of a channel
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"` // not included
	Why     string    `json:"why"`
	By      string    `json:"by,omitempty"` // user
}

// The bounds of maintenance.
const (
	maxWindow = 366 * 24 * time.Hour
	// forgetWindow is how long after its end a window is kept in the list; the log keeps it for ever.
	forgetWindow = 90 * 24 * time.Hour
)

// Validate reports everything that is wrong with a window, as FieldErrors.
func (m Maintenance) Validate() error {
	var errs FieldErrors
	if !idForm.MatchString(m.ID) {
		errs.add("id", m.ID, "must be 1 to 64 of A-Z, a-z, 0-9, _ and -")
	}
	switch {
	case m.Site == "" && m.Channel == "":
		errs.add("site", "", "must be there, or else channel")
	case m.Site != "" && m.Channel != "":
		errs.add("channel", m.Channel, "can't be there together with site: make two windows")
	case m.Site != "" && !isSite(m.Site):
		errs.add("site", m.Site, mendSite)
	case m.Channel != "" && !idForm.MatchString(m.Channel):
		errs.add("channel", m.Channel, "must be the id of a channel")
	}
	switch {
	case m.From.IsZero():
		errs.add("from", "", "must be a time, as in 2024-05-31T22:00:00+08:00")
	case m.Until.IsZero():
		errs.add("until", "", "must be a time, as in 2024-06-01T06:00:00+08:00")
	case !m.From.Before(m.Until):
		errs.add("until", m.Until.Format(time.RFC3339), "must be later than from")
	case m.Until.Sub(m.From) > maxWindow:
		errs.add("until", m.Until.Format(time.RFC3339), "must be at most 366 days after from: disable the channels instead")
	}
	if strings.TrimSpace(m.Why) == "" {
		errs.add("why", "", "must be there")
	}
	validateText("why", m.Why, &errs)
	return errs.err()
}

// Covers reports whether the window is open at the time; what it is of, it doesn't ask.
func (m Maintenance) Covers(at time.Time) bool { return !at.Before(m.From) && at.Before(m.Until) }

// windows are the windows of maintenance. Nobody changes them once they are in a snapshot.
type windows struct {
	list     []Maintenance // by id
	sites    map[string][]int
	channels map[string][]int
}

// Maintenances is every window that is kept, past and future, by id.
func (s *Snapshot) Maintenances() []Maintenance {
	if s.windows == nil {
		return nil
	}
	return slices.Clone(s.windows.list)
}

// Maintenance returns the window with the id.
func (s *Snapshot) Maintenance(id string) (Maintenance, bool) {
	if s.windows == nil {
		return Maintenance{}, false
	}
	i, ok := findWindow(s.windows.list, id)
	if !ok {
		return Maintenance{}, false
	}
	return s.windows.list[i], true
}

// InMaintenance returns the window that covers the channel at the time: its own, or else one of the
// sites it lies in, the nearest first. Of several the one that ends last.
func (s *Snapshot) InMaintenance(ch Channel, at time.Time) (Maintenance, bool) {
	if s.windows == nil {
		return Maintenance{}, false
	}
	if m, ok := s.windows.open(s.windows.channels[ch.ID], at); ok {
		return m, true
	}
	return s.SiteInMaintenance(ch.Site, at)
}

// SiteInMaintenance is InMaintenance for a whole site.
func (s *Snapshot) SiteInMaintenance(path string, at time.Time) (Maintenance, bool) {
	if s.windows == nil {
		return Maintenance{}, false
	}
	for ; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
		if m, ok := s.windows.open(s.windows.sites[path], at); ok {
			return m, true
		}
	}
	return Maintenance{}, false
}

// maintained is the channels of each chunk that a window is open for at the time; nil when none is.
func (s *Snapshot) maintained(at time.Time) []set {
	if s.windows == nil || !slices.ContainsFunc(s.windows.list, func(m Maintenance) bool { return m.Covers(at) }) {
		return nil
	}
	sites := make([]bool, len(s.sites.list))
	for i, path := range s.sites.list {
		_, sites[i] = s.SiteInMaintenance(path, at)
	}
	all := make([]set, len(s.chunks))
	for n, c := range s.chunks {
		for i := range c.facets {
			if sites[c.facets[i].site] {
				all[n].add(i)
			}
		}
	}
	for id, of := range s.windows.channels {
		if _, open := s.windows.open(of, at); !open || len(s.chunks) == 0 {
			continue
		}
		n := chunkOf(s.chunks, id)
		if i, ok := s.chunks[n].find(id); ok {
			all[n].add(i)
		}
	}
	return all
}

// open is the window among the given ones that is open at the time and ends last.
func (w *windows) open(of []int, at time.Time) (m Maintenance, ok bool) {
	for _, i := range of {
		if c := &w.list[i]; c.Covers(at) && (!ok || c.Until.After(m.Until)) {
			m, ok = *c, true
		}
	}
	return m, ok
}

// plan is the windows after the transaction. Those that ended long before it are forgotten when it
// puts another, so that the list can't grow for ever.
func (w *windows) plan(tx Transaction) *windows {
	if len(tx.Maintenance)+len(tx.DeleteMaintenance) == 0 {
		return w
	}
	var list []Maintenance
	if w != nil {
		list = slices.Clone(w.list)
	}
	for _, id := range tx.DeleteMaintenance {
		if i, ok := findWindow(list, id); ok {
			list = slices.Delete(list, i, i+1)
		}
	}
	if len(tx.Maintenance) > 0 && !tx.At.IsZero() {
		list = slices.DeleteFunc(list, func(m Maintenance) bool { return tx.At.Sub(m.Until) > forgetWindow })
	}
	for _, m := range tx.Maintenance {
		if i, ok := findWindow(list, m.ID); ok {
			list[i] = m
		} else {
			list = slices.Insert(list, i, m)
		}
	}
	if len(list) == 0 {
		return nil
	}
	next := &windows{list: list, sites: map[string][]int{}, channels: map[string][]int{}}
	for i, m := range list {
		if m.Site != "" {
			next.sites[m.Site] = append(next.sites[m.Site], i)
		} else {
			next.channels[m.Channel] = append(next.channels[m.Channel], i)
		}
	}
	return next
}

func findWindow(list []Maintenance, id string) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(m Maintenance, id string) int { return strings.Compare(m.ID, id) })
}
