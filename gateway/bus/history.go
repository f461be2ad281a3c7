package bus

import (
	"context"
	"errors"

	"sharpeyes/registry"
)

// History is what became of a channel, newest first, at most limit changes. A channel that never
// was is a registry.NotFoundError. Passwords show only as changed.
func (r *Registry) History(ctx context.Context, id string, limit int) ([]registry.Change, error) {
	return nil, errors.ErrUnsupported
}

// Versions are the last versions of the registry, newest first, at most limit.
func (r *Registry) Versions(ctx context.Context, limit int) ([]registry.Version, error) {
	return nil, errors.ErrUnsupported
}

// At is the registry as it was at an earlier version, read again from the log. A version that isn't
// reached yet is a registry.NotFoundError. One caller at a time is served.
func (r *Registry) At(ctx context.Context, version uint64) (*registry.Snapshot, error) {
	return nil, errors.ErrUnsupported
}
