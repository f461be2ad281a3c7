package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

// page is one kind of question: the first 100 of all channels that are meant, and how many those
// are.
type page struct {
	name  string
	query registry.Query
	http  string // the same for HTTP
	where string // the same for SQLite
	args  []any
}

// pages are the questions that are measured.
func pages() []page {
	const inSite = `(site = ?1 OR site > ?1 || '/' AND site < ?1 || '0')`
	return []page{
		{
			"class and site", registry.Query{Classes: []registry.Class{registry.PublicPlaces}, Site: "xiamen/siming"},
			"class=1&site=xiamen/siming", inSite + ` AND class = ?2`, []any{"xiamen/siming", 1},
		},
		{
			"state", registry.Query{States: []event.State{event.Offline}},
			"state=offline", `state = ?`, []any{"offline"},
		},
		{
			"state, class and scenario", registry.Query{States: []event.State{event.Offline}, Classes: []registry.Class{registry.PublicPlaces}, Scenarios: []string{"traffic"}},
			"state=offline&class=1&scenario=traffic", `state = ? AND class = ? AND scenario = ?`, []any{"offline", 1, "traffic"},
		},
		{ // two characters: too short for any trigram
			"text of two Chinese characters", registry.Query{Text: "路口"},
			"q=" + url.QueryEscape("路口"), `name LIKE ? OR id LIKE ?`, []any{"%路口%", "%路口%"},
		},
		{
			"text of four Chinese characters", registry.Query{Text: "中华街道"},
			"q=" + url.QueryEscape("中华街道"), `n IN (SELECT rowid FROM words WHERE words MATCH ?)`, []any{`"中华街道"`},
		},
		{
			"part of an id", registry.Query{Text: "1310000012"},
			"q=1310000012", `n IN (SELECT rowid FROM words WHERE words MATCH ?)`, []any{`"1310000012"`},
		},
		{
			"bbox", registry.Query{BBox: &geo.Box{MinLon: 118.08, MinLat: 24.45, MaxLon: 118.1, MaxLat: 24.47}},
			"bbox=118.08,24.45,118.1,24.47",
			`n IN (SELECT n FROM places WHERE minlon >= ? AND maxlon <= ? AND minlat >= ? AND maxlat <= ?)`, []any{118.08, 118.1, 24.45, 24.47},
		},
		{
			"tag", registry.Query{Tags: []string{"indoor"}},
			"tag=indoor", `n IN (SELECT n FROM tagged WHERE tag = ?)`, []any{"indoor"},
		},
	}
}

// changesASecond of states go on while pages are asked for.
const changesASecond = 3000

// churn changes states until ctx ends.
func churn(ctx context.Context, ids []string, set func(id string, s event.State)) {
	const step = time.Millisecond
	t := time.NewTicker(step)
	defer t.Stop()
	began, done := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			for due := int(now.Sub(began).Seconds() * changesASecond); done < due; done++ {
				set(change(ids, done))
			}
		}
	}
}

// pagesInProcess asks for pages one after the other, inside the process.
func (b *bench) pagesInProcess(ctx context.Context, l *lite, c *cityFile) error {
	s, err := registry.Empty().Apply(registry.Transaction{ID: "bench", Put: c.channels}, 1)
	if err != nil {
		return err
	}
	if err := l.setStates(ctx, c); err != nil {
		return err
	}
	var st registry.Statuses
	ids := c.ids()
	for i := range ids {
		st.Set(ids[i], registry.Status{State: stateOf(i), Since: time.Now()})
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, p := range pages() {
		lite50, total, err := l.page(ctx, p, ids)
		if err != nil {
			return err
		}
		churning, still := context.WithCancel(ctx)
		running.Go(func() {
			churn(churning, ids, func(id string, state event.State) {
				st.Set(id, registry.Status{State: state, Since: time.Now()})
			})
		})
		const asked = 3000
		took := make([]time.Duration, asked)
		var found registry.Page
		for i := range took {
			began := time.Now()
			if found, err = s.Query(p.query, &st); err != nil {
				still()
				return err
			}
			took[i] = time.Since(began)
		}
		still()
		running.Wait()
		if len(p.query.States) == 0 && found.Total != total {
			return fmt.Errorf("%s: %d channels, SQLite finds %d", p.name, found.Total, total)
		}
		p50, p99 := quantiles(took)
		b.page("page by "+p.name, p50, p99, time.Millisecond, lite50, 10)
		// Their states are again what they were.
		for i := range ids {
			st.Set(ids[i], registry.Status{State: stateOf(i), Since: time.Now()})
		}
	}
	return nil
}

// page adds the row of a kind of page, which must be at least so many times quicker than SQLite's.
func (b *bench) page(what string, p50, p99, bar, lite50 time.Duration, least float64) {
	f := benchtable.Row{
		What: what, Measured: benchtable.Show(p50) + ", p99 " + benchtable.Show(p99), Bar: "p99 < " + benchtable.Show(bar),
		Other: benchtable.Show(lite50), Ratio: float64(lite50) / float64(p50), Missed: p99 >= bar,
	}
	if least > 0 {
		f.Bar += fmt.Sprintf(", %.0f ×", least)
		f.Missed = f.Missed || f.Ratio < least
	}
	b.table.Add(f)
}

// page asks SQLite for the same, for a while, and returns the median.
func (l *lite) page(ctx context.Context, p page, ids []string) (p50 time.Duration, total int, err error) {
	ask, err := l.prepare(ctx, p)
	if err != nil {
		return 0, 0, err
	}
	defer ask.close()
	if _, total, err = ask.run(ctx); err != nil {
		return 0, 0, err
	}
	still, err := l.churnFor(ctx, ids)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, still()) }()
	var took []time.Duration
	for began := time.Now(); len(took) < 20 || time.Since(began) < time.Second && len(took) < 1000; {
		one := time.Now()
		if _, _, err := ask.run(ctx); err != nil {
			return 0, 0, err
		}
		took = append(took, time.Since(one))
	}
	p50, _ = quantiles(took)
	return p50, total, nil
}

// question is a page that SQLite is ready to answer.
type question struct {
	list, count *sql.Stmt
	args        []any
}

func (l *lite) prepare(ctx context.Context, p page) (*question, error) {
	list, err := l.db.PrepareContext(ctx, `SELECT `+columns+`, state FROM channels WHERE `+p.where+` ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("SQLite: %w", err)
	}
	count, err := l.db.PrepareContext(ctx, `SELECT count(*) FROM channels WHERE `+p.where)
	if err != nil {
		list.Close()
		return nil, fmt.Errorf("SQLite: %w", err)
	}
	return &question{list, count, p.args}, nil
}

func (q *question) close() { q.list.Close(); q.count.Close() }

// run returns the page and how many channels are meant.
func (q *question) run(ctx context.Context) ([]listing, int, error) {
	rows, err := q.list.QueryContext(ctx, q.args...)
	if err != nil {
		return nil, 0, err
	}
	found, err := scan(rows)
	if err != nil {
		return nil, 0, err
	}
	var total int
	return found, total, q.count.QueryRowContext(ctx, q.args...).Scan(&total)
}
