package event

import (
	"strings"
	"time"
)

// MostNamed is how many channels a Site names.
const MostNamed = 100

// Site says that most channels of a site went offline together, or that they are back.
type Site struct {
	Site string `json:"site"`
	// Device is the recorder that all these channels are behind, where it is that which failed; Site
	// is then what their sites have in common, empty when nothing.
	Device  string    `json:"device,omitempty"`
	Offline int       `json:"offline"` // channels, at the time of the event
	Total   int       `json:"total"`   // channels that are watched there
	Since   time.Time `json:"since"`   // when the first of them went
	// Channels are the first MostNamed of those that went, by id; of a restoration, those that didn't
	// come back.
	Channels []string `json:"channels"`
}

// Kind is KindSite.
func (Site) Kind() Kind      { return KindSite }
func (s Site) about() string { return s.Site }
func (s Site) topic() string {
	if s.Site == "" {
		return nowhere
	}
	return siteTokens(s.Site)
}

// nowhere stands for a site in the subject of what has none. No site is called so.
const nowhere = "-"

// Gateway says that a gateway has lost its own network, or has it again, or that a level below can't be reached,
// or is again.
type Gateway struct {
	Node   string    `json:"node"`   // or the name of the level
	Detail string    `json:"detail"` // a sentence for an operator
	Since  time.Time `json:"since"`  // since when it is so, or was
}

// Kind is KindGateway.
func (Gateway) Kind() Kind      { return KindGateway }
func (g Gateway) about() string { return g.Node }

// topic is the node's name as one token.
func (g Gateway) topic() string { return strings.ReplaceAll(g.Node, ".", "_") }
