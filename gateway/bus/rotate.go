package bus

import (
	"context"
	"errors"
)

// Rotation is what RotateKey did.
type Rotation struct {
	Key      string `json:"key"`      // id of the key that seals from now on
	Resealed int    `json:"resealed"` // passwords
	Version  uint64 `json:"version"`  // of the registry
}

// RotateKey makes a new key for the cameras' passwords, and seals all of them with it.
func (r *Registry) RotateKey(ctx context.Context, by string) (Rotation, error) {
	return Rotation{}, errors.ErrUnsupported
}
