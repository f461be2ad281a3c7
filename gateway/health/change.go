package health

import (
	"time"

	"sharpeyes/registry/event"
)

// Change is a change of what is kept of a channel, told in an event or not.
type Change struct {
	ID     string
	From   event.State
	To     event.State // empty: the channel was deleted
	Reason event.Reason
	// At is when it began, as far as is known: when the first of the probes that agree on it was made.
	At          time.Time
	Maintenance bool // a window of maintenance was open when it was believed
}
