// Package levels links a gateway with those above and below it: it keeps what is shared with the level above
// true, and takes over what the levels below share. How it gets there, and how far it was read, is the store's
// to know.
package levels

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Record is a channel as the level above gets it: without the addresses and the credentials of its camera.
type Record struct {
	Channel registry.Channel `json:"channel"`
	Status  registry.Status  `json:"status"`
}

// The names of records.
const (
	ofChannel = "channel."
	ofSite    = "site."
)

// streams stands for the address of a stream that the level above isn't told: there is one.
const stream = "yes"

// shared is the record of a channel.
func shared(c registry.Channel, s registry.Status) Record {
	c.URL = stream
	if c.SubURL != "" {
		c.SubURL = stream
	}
	c.Username, c.Password, c.Device, c.Transport, c.Motion, c.Via = "", "", "", "", "", ""
	return Record{c, s}
}

// taken is the channel as the level above registers it.
func (r Record) taken(via string) (registry.Channel, error) {
	c := r.Channel
	c.URL = "rtsp://" + via + "/" + c.ID
	if c.SubURL != "" {
		c.SubURL = c.URL + "/sub"
	}
	c.Username, c.Password, c.Device, c.Transport, c.Motion, c.Via = "", "", "", "", "", ""
	err := c.Prepare()
	c.Via = via
	return c, err
}

// found is the status as the level above believes it: of words that are known, and of a bounded length.
func (r Record) found() registry.Status {
	s := r.Status
	if !slices.Contains([]event.State{event.Online, event.Degraded, event.Offline, event.Disabled}, s.State) {
		s.State = event.Unknown
	}
	if !slices.Contains(event.Reasons(), s.Reason) {
		s.Reason = ""
	}
	if now := time.Now(); s.Since.After(now) {
		s.Since = now.UTC()
	}
	s.Told, s.Event = "", Cut(s.Event)
	s.Detail, s.Outage = Cut(s.Detail), Cut(s.Outage)
	return s
}

// Cut is a text of a level as it is taken over: valid, and not longer than it need be.
func Cut(s string) string {
	const most = 500
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

// Hello is who is there, on the level below.
type Hello struct {
	Node     string `json:"node"`
	Version  string `json:"version"`
	Channels int    `json:"channels"` // that it shares
	Events   string `json:"events"`   // the place behind the newest
}

// Message is one of a log that is shared.
type Message struct {
	Subject string
	Data    json.RawMessage // none: taken away
}

// Page is a part of a log that is shared.
type Page struct {
	Log      string // another name when it was made anew
	Next     string // the place where it goes on
	Pending  uint64 // messages that come after these
	Again    bool   // the place from which it was read isn't there any more: something comes again
	Lost     uint64 // messages, at most, that weren't kept for long enough
	Messages []Message
}
