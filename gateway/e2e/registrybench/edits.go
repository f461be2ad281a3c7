package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// edits measures a single edit: until it is acknowledged, and until another gateway on the same
// NATS answers with it.
func (b *bench) edits(ctx context.Context, g *gateway, l *lite, c *cityFile) error {
	const count = 200
	second, err := b.secondGateway(ctx, g)
	if err != nil {
		return fmt.Errorf("a second gateway: %w", err)
	}
	defer second.kill()
	acknowledged, seen := make([]time.Duration, count), make([]time.Duration, count)
	for i := range count {
		id := c.channels[i*307%len(c.channels)].ID
		name := fmt.Sprintf("edited %d", i)
		body, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			return err
		}
		began := time.Now()
		if err := g.ask(ctx, http.MethodPatch, "/api/v1/channels/"+id, strings.NewReader(string(body)), nil); err != nil {
			return err
		}
		acknowledged[i] = time.Since(began)
		for {
			var ch struct{ Name string }
			if err := second.ask(ctx, http.MethodGet, "/api/v1/channels/"+id, nil, &ch); err != nil {
				return err
			}
			if ch.Name == name {
				break
			}
			if time.Since(began) > patience {
				return errors.New("the second gateway never saw an edit")
			}
		}
		seen[i] = time.Since(began)
	}
	lites := make([]time.Duration, count)
	for i := range count {
		ch := c.channels[i*307%len(c.channels)]
		for _, name := range []string{fmt.Sprintf("edited %d", i), ch.Name} { // and back, for what comes after
			began := time.Now()
			if _, err := l.db.ExecContext(ctx, `UPDATE channels SET name = ? WHERE id = ?`, name, ch.ID); err != nil {
				return fmt.Errorf("SQLite: %w", err)
			}
			lites[i] = time.Since(began)
		}
	}
	lite50, _ := quantiles(lites)
	p50, p99 := quantiles(acknowledged)
	const bar = 5 * time.Millisecond
	b.table.Add(benchtable.Row{
		What: "one edit over HTTP, acknowledged as durable", Measured: benchtable.Show(p50) + ", p99 " + benchtable.Show(p99), Bar: "p50 < 5.0 ms",
		Other: benchtable.Show(lite50), Ratio: float64(lite50) / float64(p50), Missed: p50 >= bar,
	})
	p50, p99 = quantiles(seen)
	const seenBar = 50 * time.Millisecond
	b.table.Add(benchtable.Row{
		What: "sent until a second gateway answers with it", Measured: benchtable.Show(p50) + ", p99 " + benchtable.Show(p99), Bar: "p99 < 50 ms",
		Missed: p99 >= seenBar,
	})
	return nil
}

// secondGateway starts a gateway on the NATS of the first, with the same key.
func (b *bench) secondGateway(ctx context.Context, g *gateway) (*gateway, error) {
	second := &gateway{binary: b.binary, dir: filepath.Join(b.dir, "second"), nats: g.url}
	data := filepath.Join(second.dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(g.dir, "data", "secret.key"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(data, "secret.key"), key, 0o600); err != nil {
		return nil, err
	}
	took, err := second.start(ctx, city)
	if err != nil {
		return nil, err
	}
	benchtable.Progress("second gateway: ready after %v", took)
	return second, nil
}
