// Package benchtable prints what the project's benchmark programs measured: one table, a row a
// figure, each beside its bar and beside what another program needs for the same.
package benchtable

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is what was measured. It isn't for concurrent use.
type Table struct {
	Other string // who is measured beside us; the title of a column
	Rows  []Row
}

// Row is one figure.
type Row struct {
	What     string
	Measured string
	Bar      string  // empty for none
	Other    string  // the other program's figure; empty where it has nothing to compare
	Ratio    float64 // between the two, whichever way the benchmark says; 0 for none
	Missed   bool    // the bar
}

// Add adds a row, and tells it on standard error.
func (t *Table) Add(r Row) {
	t.Rows = append(t.Rows, r)
	mark := ""
	if r.Missed {
		mark = "  MISSED"
	}
	Progress("%s: %s (bar %s, %s %s)%s", r.What, r.Measured, r.Bar, t.Other, r.Other, mark)
}

// Write prints the table and returns how many bars were missed.
func (t *Table) Write(w io.Writer) (missed int, err error) {
	lines := [][]string{{"what", "measured", "bar", t.Other, "ratio", ""}}
	for _, r := range t.Rows {
		line := []string{r.What, r.Measured, r.Bar, r.Other, "", ""}
		if r.Ratio > 0 {
			line[4] = ratio(r.Ratio)
		}
		if r.Missed {
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

// ratio has two digits behind the point where one would hide what a bar is about.
func ratio(r float64) string {
	if r < 3 {
		return fmt.Sprintf("%.2f ×", r)
	}
	return fmt.Sprintf("%.1f ×", r)
}

// Show is a duration with about three digits.
func Show(d time.Duration) string {
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

// Progress says on standard error what is being done; the table alone goes to standard output.
func Progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}
