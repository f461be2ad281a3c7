package registry

import "strings"

// FieldChange is one field of a channel before and after a change.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"` // as CSV has it; empty when it was absent
	New   string `json:"new"` // empty when it is absent
}

// passwordChanged stands in the place of a password, old and new.
const passwordChanged = "changed"

// Diff is what differs between two states of a channel, field by field in the order of the columns.
// Of a password it tells only that it changed.
func Diff(old, new Channel) []FieldChange {
	changes := []FieldChange{}
	for i := range columns {
		col := &columns[i]
		if col.format == nil {
			if old.Password != new.Password {
				changes = append(changes, FieldChange{Field: col.name, New: passwordChanged})
			}
			continue
		}
		if a, b := col.format(&old), col.format(&new); a != b {
			changes = append(changes, FieldChange{col.name, strings.Clone(a), strings.Clone(b)})
		}
	}
	return changes
}
