package registry

import (
	"time"

	"sharpeyes/registry/event"
)

// Rate is how much of a period channels were well. Times are in seconds, whole milliseconds, added up
// over the channels.
type Rate struct {
	Channels int     `json:"channels"`
	Online   float64 `json:"online"`
	Degraded float64 `json:"degraded"`
	Offline  float64 `json:"offline"`
	// Unknown is time of which nothing is known, such as when the gateway itself was down.
	Unknown float64 `json:"unknown"`
	// Excluded is the rest of the period: maintenance, disabled, or not registered.
	Excluded float64 `json:"excluded"`
	// OnlineRate is (online + degraded) / (online + degraded + offline), 0 to 1; absent when nothing is known.
	OnlineRate *float64 `json:"online_rate,omitempty"`
	// IntactRate is online / (online + degraded + offline), 0 to 1.
	IntactRate *float64 `json:"intact_rate,omitempty"`
	// UnknownShare is unknown / (online + degraded + offline + unknown), 0 to 1.
	UnknownShare float64 `json:"unknown_share"`
	// Target is what OnlineRate ought to be; absent where the channels have none in common.
	Target *float64 `json:"target,omitempty"`
	Met    *bool    `json:"met,omitempty"`
}

// RateGroup is the rate of the channels that have the same values of what was grouped by.
type RateGroup struct {
	Class    Class  `json:"class,omitempty"`
	Site     string `json:"site,omitempty"`
	Scenario string `json:"scenario,omitempty"`
	Rate
}

// Rates are the rates of a city over a period. Channels belong to the groups that they belong to now.
type Rates struct {
	From   time.Time   `json:"from"`
	Until  time.Time   `json:"until"` // not included
	By     []string    `json:"by"`
	Groups []RateGroup `json:"groups"` // by class, then site, then scenario
	Total  Rate        `json:"total"`
}

// ChannelRate is the rate of one channel.
type ChannelRate struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Class    Class  `json:"class"`
	Site     string `json:"site"`
	Scenario string `json:"scenario"`
	Rate
}

// ChannelRates is a page of channels, those first that were offline the longest, then degraded.
type ChannelRates struct {
	From  time.Time     `json:"from"`
	Until time.Time     `json:"until"`
	Items []ChannelRate `json:"items"`
	Next  string        `json:"next"`
	Total int           `json:"total"` // of all pages
}

// StateSpan is a stretch of time in which a channel was in one state.
type StateSpan struct {
	State  event.State  `json:"state"` // unknown where nothing is known
	Reason event.Reason `json:"reason,omitempty"`
	From   time.Time    `json:"from"`
	Until  time.Time    `json:"until"` // not included
	// Maintenance says that a window of maintenance was open, so that it isn't counted.
	Maintenance bool `json:"maintenance,omitempty"`
}
