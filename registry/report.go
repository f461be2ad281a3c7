package registry

import (
	"encoding/json"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// Missing is a set of what GB/T 28181-2022 asks of a channel's class and the channel doesn't have.
type Missing uint8

// What may be missing: a position of classes 1 and 2, the rest of class 1.
const (
	MissingPosition Missing = 1 << iota
	MissingInstallTime
	MissingContact
	MissingRecordDays
)

// missingNames are the names of the bits, in their order.
var missingNames = [...]string{"position", "install_time", "contact", "record_days"}

// Missing is what the standard asks for and the channel doesn't have.
func (c *Channel) Missing() Missing {
	var m Missing
	if (c.Class == PublicPlaces || c.Class == KeyPlaces) && (c.Lon == nil || c.Lat == nil) {
		m |= MissingPosition
	}
	if c.Class != PublicPlaces {
		return m
	}
	if c.InstallTime == "" {
		m |= MissingInstallTime
	}
	if c.Contact == "" {
		m |= MissingContact
	}
	if c.RecordDays == nil {
		m |= MissingRecordDays
	}
	return m
}

// ParseMissing reads names joined by commas; empty is everything. The error is FieldErrors.
func ParseMissing(s string) (Missing, error) {
	var m Missing
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		i := slices.Index(missingNames[:], name)
		if i < 0 {
			return 0, FieldErrors{{"missing", shorten(name), "must be " + strings.Join(missingNames[:], ", ") + ", or several joined by commas"}}
		}
		m |= 1 << i
	}
	if m == 0 {
		m = 1<<len(missingNames) - 1
	}
	return m, nil
}

// Names are the names of what is in the set: position, install_time, contact, record_days.
func (m Missing) Names() []string {
	names := make([]string, 0, bits.OnesCount8(uint8(m)))
	for i, name := range missingNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// MarshalJSON is the list of names.
func (m Missing) MarshalJSON() ([]byte, error) { return json.Marshal(m.Names()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Missing) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	if *m = 0; len(names) == 0 {
		return nil
	}
	read, err := ParseMissing(strings.Join(names, ","))
	*m = read
	return err
}

// Gaps counts channels, and what is missing of them.
type Gaps struct {
	Channels    int `json:"channels"`
	Incomplete  int `json:"incomplete"` // channels of which something is missing
	Position    int `json:"position"`   // channels without it that should have it, and so on
	InstallTime int `json:"install_time"`
	Contact     int `json:"contact"`
	RecordDays  int `json:"record_days"`
}

func (g *Gaps) add(m Missing) {
	g.Channels++
	if m == 0 {
		return
	}
	g.Incomplete++
	for bit, n := range [...]*int{&g.Position, &g.InstallTime, &g.Contact, &g.RecordDays} {
		if m&(1<<bit) != 0 {
			*n++
		}
	}
}

func (g *Gaps) merge(o *Gaps) {
	g.Channels += o.Channels
	g.Incomplete += o.Incomplete
	g.Position += o.Position
	g.InstallTime += o.InstallTime
	g.Contact += o.Contact
	g.RecordDays += o.RecordDays
}

// ClassGaps are the gaps of one class.
type ClassGaps struct {
	Class Class `json:"class"`
	Gaps
}

// SiteGaps are the gaps of a site and all that lies in it.
type SiteGaps struct {
	Path string `json:"path"`
	Name string `json:"name"`
	Gaps
}

// Report is what GB/T 28181-2022 asks for and isn't there.
type Report struct {
	All     Gaps        `json:"all"`
	Classes []ClassGaps `json:"classes"` // those that have channels
	Sites   []SiteGaps  `json:"sites"`   // those that have incomplete channels, by path
}

// Report counts what is missing of the channels that the query means.
func (s *Snapshot) Report(q Query, st *Statuses) Report {
	r := Report{Classes: []ClassGaps{}, Sites: []SiteGaps{}}
	var byClass [256]Gaps
	bySite := map[string]*Gaps{}
	for c := range s.Matching(q, st) {
		m := c.Missing()
		byClass[c.Class].add(m)
		gaps(bySite, c.Site).add(m)
	}
	for class := range byClass {
		if g := &byClass[class]; g.Channels > 0 {
			r.Classes = append(r.Classes, ClassGaps{Class(class), *g})
			r.All.merge(g)
		}
	}
	places := map[string]*Gaps{}
	for path, g := range bySite {
		for ; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
			gaps(places, path).merge(g)
		}
	}
	for _, site := range s.Sites() {
		if g := places[site.Path]; g != nil && g.Incomplete > 0 {
			r.Sites = append(r.Sites, SiteGaps{site.Path, site.Name, *g})
		}
	}
	return r
}

// gaps are those of the place, which are there from now on.
func gaps(of map[string]*Gaps, place string) *Gaps {
	g := of[place]
	if g == nil {
		g = &Gaps{}
		of[place] = g
	}
	return g
}

// Incomplete is every channel that the query means and of which any of what is missing, by id,
// with all that is missing of it.
func (s *Snapshot) Incomplete(q Query, any Missing, st *Statuses) iter.Seq2[Channel, Missing] {
	return func(yield func(Channel, Missing) bool) {
		for c := range s.Matching(q, st) {
			if m := c.Missing(); m&any != 0 && !yield(c, m) {
				return
			}
		}
	}
}
