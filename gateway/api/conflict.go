package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sharpeyes/registry"
)

// The bounds of what a refused change tells of those that came between, and of the time that
// finding it may take: the refusal itself doesn't wait for it any longer.
const (
	changesTold    = 10
	changesSearch  = 50
	changesWithin  = 3 * time.Second
	fieldsInDetail = 8
)

// explained adds to an If-Match that doesn't hold what was changed of the channel since the asker
// has seen it. Where the log can't tell, the error stays as it is.
func (a *API) explained(ctx context.Context, err error) error {
	unmet, ok := errors.AsType[preconditionError](err)
	if !ok || unmet.channel == "" {
		return err
	}
	conflict, ok := errors.AsType[*registry.ConflictError](unmet.error)
	if !ok {
		return err
	}
	conflict.Changes, conflict.Version = nil, nil // what the store knows isn't of the tag
	ctx, cancel := context.WithTimeout(ctx, changesWithin)
	defer cancel()
	changes, failed := a.o.Catalogue.History(ctx, unmet.channel, changesSearch)
	if failed != nil {
		return err
	}
	now, _ := a.o.Catalogue.Snapshot().Get(unmet.channel)
	conflict.Changes = since(now, conflict.Expected, changes)
	return err
}

// since are those of the changes, newest first, that came after the state that one of the tags
// names; the last ones when none of them leads there.
func since(now registry.Channel, tags string, changes []registry.Change) []registry.Change {
	state, known := now, true
	for i, change := range changes {
		if known && i > 0 && names(tags, registered(state)) {
			return changes[:min(i, changesTold)]
		}
		if change.Kind != registry.ChangeUpdated {
			known = false // what was before it is another channel of the same id
			continue
		}
		if known {
			state, known = undo(state, change.Fields)
		}
	}
	if known && names(tags, registered(state)) {
		return changes[:min(len(changes), changesTold)]
	}
	return changes[:min(len(changes), 1)]
}

// undo is the channel before the change.
func undo(c registry.Channel, fields []registry.FieldChange) (registry.Channel, bool) {
	patch := map[string]any{}
	for _, f := range fields {
		switch f.Field {
		case "password": // isn't part of a tag
			continue
		case "class", "lon", "lat", "heading", "record_days", "enabled":
			patch[f.Field] = json.RawMessage(f.Old)
		case "tags":
			patch[f.Field] = strings.Split(f.Old, ";")
		default:
			patch[f.Field] = f.Old
		}
		if f.Old == "" {
			patch[f.Field] = nil
		}
	}
	b, err := json.Marshal(patch)
	if err != nil {
		return c, false
	}
	before, err := c.Patch(b)
	return before, err == nil
}

// conflictProblem says what came between: to people in the detail, to programs in changes.
func conflictProblem(status int, c *registry.ConflictError) *Problem {
	p := problem(status, c.Error())
	p.Changes, p.Version = c.Changes, c.Version
	var told []string
	for _, change := range c.Changes {
		told = append(told, tellChange(change))
	}
	if len(told) == 0 && c.Version != nil {
		v := c.Version
		told = append(told, fmt.Sprintf("%s by %s at %s (version %d)", v.Action, v.By, v.At.Format(time.RFC3339), v.Version))
	}
	if len(told) > 0 {
		what := strings.ToUpper(c.What[:1]) + c.What[1:]
		p.Detail = what + " was changed meanwhile: " + strings.Join(told, "; ") + ". Read it again and repeat the change."
	}
	return p
}

func tellChange(c registry.Change) string {
	what := string(c.Kind)
	if c.Kind == registry.ChangeUpdated {
		var fields []string
		for i, f := range c.Fields {
			if i == fieldsInDetail {
				fields = append(fields, "…")
				break
			}
			fields = append(fields, f.Field)
		}
		what = strings.Join(fields, ", ")
	}
	return fmt.Sprintf("%s by %s at %s (version %d)", what, c.By, c.At.Format(time.RFC3339), c.Version)
}

// unmetProblem is a precondition that doesn't hold.
func unmetProblem(err error) *Problem {
	if c, ok := errors.AsType[*registry.ConflictError](err); ok {
		return conflictProblem(http.StatusPreconditionFailed, c)
	}
	return problem(http.StatusPreconditionFailed, err.Error())
}
