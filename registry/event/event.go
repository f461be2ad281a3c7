// Package event names what happens in the city: the kinds of events, their payloads, the subjects
// that they are published on, and their form on the wire, a CloudEvents 1.0 JSON object in
// structured mode. It knows subjects, since subscribers depend on them, but no message bus.
package event

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Kind is the family of an event, the third token of its subject.
type Kind string

// The kinds of events.
const (
	KindHealth Kind = "health"
	KindMotion Kind = "motion"
	KindSite   Kind = "site"
	KindAlert  Kind = "alert"
	KindStream Kind = "stream"
	KindAudit  Kind = "audit"
	// KindGateway is of a gateway itself.
	KindGateway Kind = "gateway"
)

// Type is the CloudEvents type of an event.
type Type string

// The types of events.
const (
	HealthChanged Type = "sharpeyes.health.changed"
	MotionStarted Type = "sharpeyes.motion.started"
	MotionEnded   Type = "sharpeyes.motion.ended"
	StreamStarted Type = "sharpeyes.stream.started"
	StreamStopped Type = "sharpeyes.stream.stopped"
	StreamFailed  Type = "sharpeyes.stream.failed"
	SiteOutage    Type = "sharpeyes.site.outage"
	SiteRestored  Type = "sharpeyes.site.restored"
	// GatewayIsolated says that the gateway has lost its own network, so that it can't tell how its
	// channels are.
	GatewayIsolated Type = "sharpeyes.gateway.isolated"
	// GatewayReconnected ends what GatewayIsolated began.
	GatewayReconnected Type = "sharpeyes.gateway.reconnected"
	// LevelLost says that a level below can't be reached, so that what is known of its channels is from before.
	LevelLost Type = "sharpeyes.gateway.level_lost"
	// LevelBack ends what LevelLost began.
	LevelBack Type = "sharpeyes.gateway.level_back"
)

// Prefix begins the subject of every event.
const Prefix = "sharpeyes.event."

// Payload is the data of one kind of event.
type Payload interface {
	// Kind is the family that the payload belongs to.
	Kind() Kind
	// about is what the event speaks of: a channel's id, a site's path, a node's name.
	about() string
	// topic is what follows the kind in the subject.
	topic() string
}

// Event is one CloudEvents 1.0 event.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            Type      `json:"type"`
	Subject         string    `json:"subject"` // id of the channel, path of the site or name of the node
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Payload   `json:"data"`
}

// New makes an event of the given gateway node. Its id is a version 7 UUID, so that ids sort by time.
func New(node string, t Type, at time.Time, data Payload) Event {
	return Event{
		SpecVersion:     "1.0",
		ID:              uuid.Must(uuid.NewV7()).String(),
		Source:          "/sharpeyes/" + node,
		Type:            t,
		Subject:         data.about(),
		Time:            at.UTC(),
		DataContentType: "application/json",
		Data:            data,
	}
}

// Topic is the subject that the event is published on: sharpeyes.event.KIND.CLASS.SCENARIO.SITE….ID
// of a channel, sharpeyes.event.site.SITE… of a site, sharpeyes.event.gateway.NODE of a gateway.
func (e Event) Topic() string {
	return Prefix + string(e.Data.Kind()) + "." + e.Data.topic()
}

// Channel is what an event tells of the channel it speaks of.
type Channel struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Class    int      `json:"class"`
	Site     string   `json:"site"`
	Scenario string   `json:"scenario"`
	Lon      *float64 `json:"lon,omitempty"` // degrees, WGS-84
	Lat      *float64 `json:"lat,omitempty"`
}

// Topic is the subject of events of a kind that speak of the channel.
func (c Channel) Topic(k Kind) string { return Prefix + string(k) + "." + c.topic() }

func (c Channel) about() string { return c.ID }

func (c Channel) topic() string {
	var b strings.Builder
	b.Grow(len(c.Site) + len(c.ID) + 32)
	b.WriteByte('c')
	b.WriteString(strconv.Itoa(c.Class))
	b.WriteByte('.')
	b.WriteString(c.Scenario)
	b.WriteByte('.')
	b.WriteString(siteTokens(c.Site))
	b.WriteByte('.')
	b.WriteString(c.ID)
	return b.String()
}

// siteTokens is the path of a site as tokens of a subject.
func siteTokens(path string) string { return strings.ReplaceAll(path, "/", ".") }
