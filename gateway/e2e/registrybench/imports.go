package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// imports measures an import, the same file again, and restarts.
func (b *bench) imports(ctx context.Context, g *gateway, l *lite, c *cityFile, liteImported time.Duration) error {
	benchtable.Progress("gateway: import")
	took, err := g.imports(ctx, c.file, city)
	if err != nil {
		return err
	}
	benchtable.Progress("the gateway has used %v of processor time", g.cpu())
	b.duration(fmt.Sprintf("import of %d rows", city), took, 3*time.Second, liteImported)
	if !b.only.MatchString("import") {
		return nil
	}
	liteAgain, err := l.importFile(ctx, c.file)
	if err != nil {
		return err
	}
	var again time.Duration
	for range 3 {
		took, err := g.imports(ctx, c.file, city)
		if err != nil {
			return err
		}
		again = max(again, took)
	}
	b.duration("the same file again (the slowest of 3)", again, time.Second, liteAgain)

	reopened, err := l.reopen(ctx)
	if err != nil {
		return err
	}
	var killed, stopped time.Duration
	for range 3 {
		g.kill()
		took, err := g.start(ctx, city)
		if err != nil {
			return err
		}
		killed = max(killed, took)
	}
	for range 3 {
		g.stop()
		took, err := g.start(ctx, city)
		if err != nil {
			return err
		}
		stopped = max(stopped, took)
	}
	b.duration("restart with them after kill -9 (the slowest of 3)", killed, 1500*time.Millisecond, reopened)
	b.duration("restart with them in good order (the slowest of 3)", stopped, 1500*time.Millisecond, reopened)
	return nil
}

// reopen measures the opening of the database by a process that comes to it fresh, until a query
// has read all channels, as the gateway has then.
func (l *lite) reopen(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	again, err := openSQLite(ctx, l.file)
	if err != nil {
		return 0, err
	}
	defer again.close()
	rows, err := again.db.QueryContext(ctx, `SELECT `+columns+`, state FROM channels ORDER BY id`)
	if err != nil {
		return 0, err
	}
	n, err := scanAll(rows)
	if err == nil && n != city {
		err = fmt.Errorf("SQLite has %d channels, want %d", n, city)
	}
	return time.Since(began), err
}

// growth measures restarts with ever more channels.
func (b *bench) growth(ctx context.Context) error {
	const most = 12 * time.Second // for the largest
	const slack = 1.2             // larger tables have more misses of the caches, and clocks differ
	var first float64             // seconds a channel, of the quicker of two restarts
	for i, n := range b.sizes {
		c, err := newCity(n, filepath.Join(b.dir, "growth.csv"))
		if err != nil {
			return err
		}
		c.channels = nil
		g := &gateway{binary: b.binary, dir: filepath.Join(b.dir, fmt.Sprintf("growth-%d", n))}
		imported, restart, quick, err := g.importAndRestart(ctx, c.file, n)
		if err != nil {
			return err
		}
		each := quick.Seconds() / float64(n)
		f := benchtable.Row{What: fmt.Sprintf("restart with %d channels", n), Measured: benchtable.Show(restart)}
		switch {
		case i == 0:
			first = each
		case i == len(b.sizes)-1 && n >= 500000:
			f.Bar = fmt.Sprintf("< %s, linear", benchtable.Show(most))
			f.Missed = restart >= most || each > slack*first
		default:
			f.Bar = "linear"
			f.Missed = each > slack*first
		}
		f.Measured += fmt.Sprintf(", from %.1f µs each on (import %s)", each*1e6, benchtable.Show(imported))
		b.table.Add(f)
	}
	return nil
}

// importAndRestart returns how long an import took, and the slower and the quicker of a restart right
// after it, from the log, and of one in good order, from the snapshot.
func (g *gateway) importAndRestart(ctx context.Context, file string, n int) (imported, slow, quick time.Duration, err error) {
	defer g.kill()
	if _, err = g.start(ctx, 0); err != nil {
		return 0, 0, 0, err
	}
	if imported, err = g.imports(ctx, file, n); err != nil {
		return 0, 0, 0, err
	}
	for _, end := range []func(){g.kill, g.stop} {
		end()
		took, err := g.start(ctx, n)
		if err != nil {
			return 0, 0, 0, err
		}
		benchtable.Progress("%d channels: ready after %v, %v of processor time, %d MiB resident", n, took, g.cpu(), g.resident()>>20)
		slow = max(slow, took)
		if quick == 0 || took < quick {
			quick = took
		}
	}
	return imported, slow, quick, nil
}
