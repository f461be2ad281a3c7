package registry

import "time"

// ChangeKind is what became of a channel.
type ChangeKind string

// The kinds of changes.
const (
	ChangeCreated ChangeKind = "created"
	ChangeUpdated ChangeKind = "updated"
	ChangeDeleted ChangeKind = "deleted"
)

// Change is one change of one channel, as the history tells it.
type Change struct {
	Version uint64        `json:"version"` // of the registry, that the change made
	At      time.Time     `json:"at"`
	By      string        `json:"by"`     // user
	Action  string        `json:"action"` // import, edit …
	Kind    ChangeKind    `json:"kind"`
	Fields  []FieldChange `json:"fields"` // of a created channel all that it has, of a deleted one all that it had
}

// Version is one version of the registry and the transaction that made it.
type Version struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`     // user
	Action  string    `json:"action"` // import, edit …
	// Counts is nil when the transaction was written by a program that didn't note them.
	Counts *Counts `json:"counts,omitempty"`
}

// ChannelChange is one channel that an import would change.
type ChannelChange struct {
	ID     string        `json:"id"`
	Fields []FieldChange `json:"fields"`
}

// Changes is what an import would do, channel by channel. The lists are bounded; Counts says how
// many there are.
type Changes struct {
	Created []string        `json:"created"` // ids
	Updated []ChannelChange `json:"updated"`
	Deleted []string        `json:"deleted"` // ids
}
