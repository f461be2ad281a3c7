// Package registry is the list of the city's cameras: channels and sites, the immutable snapshot
// that queries run on, transactions that make the next snapshot, and their CSV and NDJSON forms.
package registry

import (
	"time"

	"sharpeyes/registry/event"
)

// Class is the PointType of GB/T 28181-2022.
type Class uint8

// The classes of channels.
const (
	PublicPlaces Class = 1 // built by government
	KeyPlaces    Class = 2 // of trades and institutions
	Shared       Class = 3 // by shops, homes, villages
	OtherClass   Class = 9
)

// Channel is one camera view, as registered. It is passed by value, and what its pointers and
// slices refer to is never changed once it is in a snapshot.
type Channel struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Class       Class    `json:"class"`
	Site        string   `json:"site"` // 1 to 6 tokens joined by "/"
	Scenario    string   `json:"scenario"`
	Tags        []string `json:"tags,omitempty"`
	Lon         *float64 `json:"lon,omitempty"` // degrees, WGS-84; both or neither
	Lat         *float64 `json:"lat,omitempty"`
	Heading     *float64 `json:"heading,omitempty"` // degrees clockwise from north
	URL         string   `json:"url"`               // rtsp or rtsps, never with user info
	SubURL      string   `json:"sub_url,omitempty"`
	Username    string   `json:"username,omitempty"`
	Password    Secret   `json:"password,omitzero"`      // write-only: read from JSON, never written to it
	Transport   string   `json:"transport"`              // auto, tcp or udp
	Motion      string   `json:"motion"`                 // auto, always or off
	Device      string   `json:"device,omitempty"`       // recorder shared by several channels; DeviceKey gives the default
	InstallTime string   `json:"install_time,omitempty"` // date, 2006-01-02
	Contact     string   `json:"contact,omitempty"`
	RecordDays  *int     `json:"record_days,omitempty"`
	Enabled     bool     `json:"enabled"`
	// Via is the level below that the channel belongs to, which probes it and serves its streams; empty: this one.
	Via string `json:"via,omitempty"`
}

// Site is a place described by the operator. Places that a channel names and no one described
// exist by themselves.
type Site struct {
	Path string   `json:"path"`
	Name string   `json:"name"`
	Lon  *float64 `json:"lon,omitempty"`
	Lat  *float64 `json:"lat,omitempty"`
}

// Status is what is known of a channel's health now.
type Status struct {
	State  event.State  `json:"state"`
	Reason event.Reason `json:"reason,omitempty"`
	Detail string       `json:"detail,omitempty"`
	Since  time.Time    `json:"since,omitzero"`
	// Told is the state last told in an event, where that is another one: what changes in maintenance
	// is kept and not told, and what is left of it afterwards is.
	Told event.State `json:"told,omitempty"`
	// Outage is what the channel's being offline is part of: the path of a site, or "device:" and the key
	// of a recorder. Its own event was not told then.
	Outage string `json:"outage,omitempty"`
	// Event is the id of the event that last told the state; empty before the first. Whoever has this
	// status has heard that event, and all of the channel's that came before it.
	Event string `json:"event,omitempty"`
}

// Listing is a channel with its status, as an answer lists it.
type Listing struct {
	Channel
	Status Status `json:"status"`
}

// Event is what an event tells of the channel.
func (c Channel) Event() event.Channel {
	return event.Channel{ID: c.ID, Name: c.Name, Class: int(c.Class), Site: c.Site, Scenario: c.Scenario, Lon: c.Lon, Lat: c.Lat}
}
