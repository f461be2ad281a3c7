package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sharpeyes/registry/event"
)

// churnFor changes SQLite's states as those of the gateway change while its pages are measured, ten
// transactions a second of a connection of their own. stop ends it and says what went wrong.
func (l *lite) churnFor(ctx context.Context, ids []string) (stop func() error, err error) {
	db, err := sql.Open("sqlite", "file:"+l.file+"?"+pragmas)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- churnSQLite(ctx, db, ids) }()
	return func() error {
		cancel()
		err := <-done
		db.Close()
		return err
	}, nil
}

func churnSQLite(ctx context.Context, db *sql.DB, ids []string) error {
	const step = 100 * time.Millisecond
	t := time.NewTicker(step)
	defer t.Stop()
	for done := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
		for range changesASecond / int(time.Second/step) {
			id, state := change(ids, done)
			if _, err := tx.Exec(`UPDATE channels SET state = ? WHERE id = ?`, string(state), id); err != nil {
				_ = tx.Rollback()
				return fmt.Errorf("SQLite: change a state: %w", err)
			}
			done++
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
	}
}

// change is the n-th change of a state: channels all over the city go, and in the next round they
// come back.
func change(ids []string, n int) (id string, s event.State) {
	i := n * 7919 % len(ids)
	s = stateOf(i)
	if n/len(ids)%2 == 0 {
		s = stateOf(i + 1)
	}
	return ids[i], s
}
