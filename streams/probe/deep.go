package probe

import (
	"context"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Deep looks at the stream of the channel itself. It says nothing yet.
func (p *Prober) Deep(context.Context, registry.Channel) Result {
	return Result{State: event.Unknown, Detail: "the stream isn't looked at yet"}
}
