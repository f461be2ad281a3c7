package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"sharpeyes/gateway/e2e/benchtable"
)

// schema is a table with the indices that the registry has. Those of the filters end with the id,
// so that a page comes in order without sorting.
const schema = `
CREATE TABLE channels (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL, class INTEGER NOT NULL, site TEXT NOT NULL, scenario TEXT NOT NULL, tags TEXT NOT NULL,
	lon REAL, lat REAL, heading REAL,
	url TEXT NOT NULL, sub_url TEXT NOT NULL, username TEXT NOT NULL, password TEXT NOT NULL,
	transport TEXT NOT NULL, motion TEXT NOT NULL,
	install_time TEXT NOT NULL, contact TEXT NOT NULL, record_days INTEGER,
	enabled INTEGER NOT NULL DEFAULT 1,
	state TEXT NOT NULL DEFAULT 'unknown'
);
CREATE INDEX by_class ON channels (class, id);
CREATE INDEX by_site ON channels (site, id);
CREATE INDEX by_scenario ON channels (scenario, id);
CREATE INDEX by_state ON channels (state, id);
CREATE INDEX by_name ON channels (name, id);
CREATE INDEX by_position ON channels (lon, lat);
CREATE TABLE tagged (tag TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (tag, n)) WITHOUT ROWID;
`

// search is what SQLite has to find text and places by, better than the indices of columns.
const search = `
CREATE VIRTUAL TABLE words USING fts5(id, name, tokenize = 'trigram', detail = 'full');
INSERT INTO words (rowid, id, name) SELECT n, id, name FROM channels;
INSERT INTO words (words) VALUES ('optimize');
CREATE VIRTUAL TABLE places USING rtree(n, minlon, maxlon, minlat, maxlat);
INSERT INTO places SELECT n, lon, lon, lat, lat FROM channels WHERE lon IS NOT NULL;
ANALYZE;
`

// columns are those of the file and of a page.
const columns = "id, name, class, site, scenario, tags, lon, lat, heading, url, sub_url, username, password, transport, motion, install_time, contact, record_days"

const put = `INSERT INTO channels (` + columns + `) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (id) DO UPDATE SET
	name = excluded.name, class = excluded.class, site = excluded.site, scenario = excluded.scenario, tags = excluded.tags,
	lon = excluded.lon, lat = excluded.lat, heading = excluded.heading, url = excluded.url, sub_url = excluded.sub_url,
	username = excluded.username, password = excluded.password, transport = excluded.transport, motion = excluded.motion,
	install_time = excluded.install_time, contact = excluded.contact, record_days = excluded.record_days
WHERE (name, class, site, scenario, tags, lon, lat, heading, url, sub_url, username, password, transport, motion, install_time, contact, record_days)
	IS NOT (excluded.name, excluded.class, excluded.site, excluded.scenario, excluded.tags, excluded.lon, excluded.lat, excluded.heading, excluded.url, excluded.sub_url, excluded.username, excluded.password, excluded.transport, excluded.motion, excluded.install_time, excluded.contact, excluded.record_days)
RETURNING n`

// lite is the same city in SQLite.
type lite struct {
	db   *sql.DB
	file string
}

// pragmas let what was acknowledged survive a power cut, as it does in the gateway, and keep all of
// the city in memory.
const pragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-262144)&_pragma=mmap_size(1073741824)"

func openSQLite(ctx context.Context, file string) (*lite, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?"+pragmas)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, strings.ReplaceAll(strings.ReplaceAll(schema, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS"), "CREATE INDEX", "CREATE INDEX IF NOT EXISTS")); err != nil {
		db.Close()
		return nil, fmt.Errorf("make SQLite's tables: %w", err)
	}
	return &lite{db, file}, nil
}

func (l *lite) close() { l.db.Close() }

// importFile puts the rows of a file in one transaction. Its rows aren't validated.
func (l *lite) importFile(ctx context.Context, file string) (took time.Duration, err error) {
	began := time.Now()
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	row, err := tx.PrepareContext(ctx, put)
	if err != nil {
		return 0, fmt.Errorf("SQLite: %w", err)
	}
	defer row.Close()
	tag, err := tx.PrepareContext(ctx, `INSERT INTO tagged (tag, n) VALUES (?, ?) ON CONFLICT DO NOTHING`)
	if err != nil {
		return 0, fmt.Errorf("SQLite: %w", err)
	}
	defer tag.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil { // the header
		return 0, err
	}
	args := make([]any, 18)
	for {
		values, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		for i, v := range values {
			args[i] = v
			if v == "" && columnsOfNumbers[i] {
				args[i] = nil
			}
		}
		var n int64
		switch err := row.QueryRowContext(ctx, args...).Scan(&n); {
		case errors.Is(err, sql.ErrNoRows):
			continue // nothing changed
		case err != nil:
			return 0, fmt.Errorf("SQLite: put %s: %w", values[0], err)
		}
		for t := range strings.SplitSeq(values[5], ";") {
			if t == "" {
				continue
			}
			if _, err := tag.ExecContext(ctx, t, n); err != nil {
				return 0, fmt.Errorf("SQLite: tag %s: %w", values[0], err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("SQLite: commit: %w", err)
	}
	return time.Since(began), nil
}

// columnsOfNumbers are those whose empty text is no number.
var columnsOfNumbers = [18]bool{6: true, 7: true, 8: true, 17: true}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// addSearch gives SQLite its best, outside the measured time.
func (l *lite) addSearch(ctx context.Context) error {
	benchtable.Progress("SQLite: indices of text and place")
	if _, err := l.db.ExecContext(ctx, search); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	return nil
}

// setStates gives each channel the state that the gateway's has.
func (l *lite) setStates(ctx context.Context, c *cityFile) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for i := range c.channels {
		if _, err := tx.ExecContext(ctx, `UPDATE channels SET state = ? WHERE id = ?`, string(stateOf(i)), c.channels[i].ID); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = l.db.ExecContext(ctx, `ANALYZE`)
	return err
}
