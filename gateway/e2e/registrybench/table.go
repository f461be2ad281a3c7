package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// table is what was measured.
type table struct{ rows []figure }

// figure is one row of the table.
type figure struct {
	what     string
	measured string
	bar      string
	sqlite   string // empty where SQLite has nothing to compare
	ratio    float64
	missed   bool
}

// add adds a row.
func (t *table) add(f figure) {
	t.rows = append(t.rows, f)
	mark := ""
	if f.missed {
		mark = "  MISSED"
	}
	progress("%s: %s (bar %s, SQLite %s)%s", f.what, f.measured, f.bar, f.sqlite, mark)
}

// duration adds a row of one duration that must be below a bar; 0 as a bar is none. lite is
// SQLite's, 0 for nothing.
func (t *table) duration(what string, took, bar, lite time.Duration) {
	f := figure{what: what, measured: show(took), missed: bar > 0 && took >= bar}
	if bar > 0 {
		f.bar = "< " + show(bar)
	}
	if lite > 0 {
		f.sqlite, f.ratio = show(lite), float64(lite)/float64(took)
	}
	t.add(f)
}

// write prints the table and returns how many bars were missed.
func (t *table) write(w io.Writer) (missed int, err error) {
	lines := [][]string{{"what", "measured", "bar", "SQLite", "ratio", ""}}
	for _, f := range t.rows {
		line := []string{f.what, f.measured, f.bar, f.sqlite, "", ""}
		if f.ratio > 0 {
			line[4] = fmt.Sprintf("%.1f ×", f.ratio)
		}
		if f.missed {
			line[5] = "missed"
			missed++
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
	}
	lines = slices.Insert(lines, 1, rule)
	for _, line := range lines {
		for i, cell := range line {
			line[i] = cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | ")); err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// show is a duration with about three digits.
func show(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	}
}

// quantiles are the median and the 99th percentile.
func quantiles(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[min(len(all)*99/100, len(all)-1)]
}
