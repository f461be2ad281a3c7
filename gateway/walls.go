package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
)

// walls keeps the walls of each user, a record each.
type walls struct{ *bus.Bucket }

// openWalls opens them.
func (g *gateway) openWalls(ctx context.Context) error {
	kept, err := g.bus.Walls(ctx)
	if err != nil {
		return err
	}
	g.closes("the walls", kept.Close)
	g.walls = walls{kept}
	return nil
}

// wallOf is the record of a wall. Names are of any characters, and those of records aren't.
func wallOf(user, name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(user)) + "." + base64.RawURLEncoding.EncodeToString([]byte(name))
}

// Walls are those of a user, by name.
func (w walls) Walls(user string) ([]api.Wall, error) {
	records, err := w.List(context.Background()) // from memory
	if err != nil {
		return nil, err
	}
	var all []api.Wall
	for _, record := range records {
		if !strings.HasPrefix(record, wallOf(user, "")) {
			continue
		}
		b, ok, err := w.Get(context.Background(), record)
		if err != nil {
			return nil, err
		}
		var one api.Wall
		if ok {
			if err := json.Unmarshal(b, &one); err != nil {
				return nil, fmt.Errorf("reading a wall: %w", err)
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b api.Wall) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// PutWall keeps one.
func (w walls) PutWall(ctx context.Context, user string, wall api.Wall) error {
	b, err := json.Marshal(wall)
	if err != nil {
		return err
	}
	return w.Put(ctx, wallOf(user, wall.Name), b)
}

// DeleteWall takes one away.
func (w walls) DeleteWall(ctx context.Context, user, name string) error {
	return w.Delete(ctx, wallOf(user, name))
}

// forget takes all walls of a user away.
func (w walls) forget(ctx context.Context, user string) error {
	all, err := w.Walls(user)
	for _, one := range all {
		if err == nil {
			err = w.DeleteWall(ctx, user, one.Name)
		}
	}
	return err
}
