package bus

import (
	"context"
	"errors"
	"fmt"

	"sharpeyes/registry"
)

// ErrRotate says that the key can't be rotated like this; the error says what to do instead.
var ErrRotate = errors.New("the key can't be rotated")

// Rotation is what RotateKey did.
type Rotation struct {
	Key      string `json:"key"`      // short name of the key that seals from now on; says nothing of it
	Resealed int    `json:"resealed"` // passwords
	Version  uint64 `json:"version"`  // of the registry
}

// RotateKey seals all cameras' passwords with another key. With a server of its own and
// no other gateway on it, the gateway makes the key, and writes it into its file as the first, before
// anything is sealed with it. Where others may follow the same log, or where the key comes from the
// environment, they must all know the key before it is used: it is then taken to be the first of
// those that this gateway was started with, and with a single one the error is ErrRotate, which says
// what to do. The former
// keys stay in the file: earlier versions in the log need them. RotateKey may be repeated after any
// failure. by is the user.
func (r *Registry) RotateKey(ctx context.Context, by string) (Rotation, error) {
	keys, ok := r.sealer.(*Keys)
	if !ok {
		return Rotation{}, fmt.Errorf("%w: the gateway wasn't started with keys", ErrRotate)
	}
	select {
	case r.rotating <- struct{}{}:
		defer func() { <-r.rotating }()
	default:
		return Rotation{}, fmt.Errorf("%w: it is being rotated just now", ErrRotate)
	}
	switch {
	case keys.path != "" && r.alone():
		if err := keys.add(); err != nil {
			return Rotation{}, fmt.Errorf("making a new key: %w", err)
		}
	case len(keys.ring.Load().keys) < 2:
		return Rotation{}, fmt.Errorf("%w: every gateway of this registry must know the new key before it is used. "+
			"Add one (openssl rand -base64 32) as the last in the key file (or %s) of each and restart them; "+
			"then make it the first in each and restart them again; then repeat this", ErrRotate, KeyVariable)
	}
	return r.reseal(ctx, keys, by)
}

// reseal puts all channels with a password as they are, sealed anew, and then a snapshot object, so
// that the next start needs nothing that was sealed before.
func (r *Registry) reseal(ctx context.Context, keys *Keys, by string) (Rotation, error) {
	var done Rotation
	now, err := r.Update(ctx, by, "rotate-key", func(now *registry.Snapshot) (registry.Transaction, error) {
		done.Key, done.Resealed = keys.first(), 0
		var tx registry.Transaction
		for c := range now.All() {
			if c.Password != "" {
				tx.Put = append(tx.Put, c)
			}
		}
		done.Resealed = len(tx.Put)
		return tx, nil
	})
	if err != nil {
		return Rotation{}, fmt.Errorf("sealing the passwords anew: %w", err)
	}
	done.Version = now.Version()
	if err := r.writeSnapshot(ctx); err != nil {
		return Rotation{}, fmt.Errorf("the passwords are sealed anew, but no snapshot of them could be written: %w", err)
	}
	return done, nil
}
