//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// matrix is how often what was true was reported as what.
type matrix struct {
	truths []string
	counts map[string]map[string]int
}

func (m *matrix) add(truth, reported string) {
	if m.counts == nil {
		m.counts = map[string]map[string]int{}
	}
	if m.counts[truth] == nil {
		m.truths = append(m.truths, truth)
		m.counts[truth] = map[string]int{}
	}
	m.counts[truth][reported]++
}

// write prints it, the truths as rows.
func (m *matrix) write(w io.Writer) {
	if len(m.truths) == 0 {
		return
	}
	seen := map[string]bool{}
	for _, row := range m.counts {
		for reported := range row {
			seen[reported] = true
		}
	}
	columns := make([]string, 0, len(seen))
	for r := range seen {
		columns = append(columns, r)
	}
	slices.Sort(columns)
	wide := utf8.RuneCountInString("truth \\ reported")
	for _, t := range m.truths {
		wide = max(wide, utf8.RuneCountInString(t))
	}
	cell := func(s string, n int) string { return s + strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0)) }
	fmt.Fprintf(w, "| %s |", cell("truth \\ reported", wide))
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", c)
	}
	fmt.Fprintf(w, "\n| %s |", strings.Repeat("-", wide))
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", strings.Repeat("-", len(c)))
	}
	fmt.Fprintln(w)
	for _, t := range m.truths {
		fmt.Fprintf(w, "| %s |", cell(t, wide))
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", cell(fmt.Sprint(m.counts[t][c]), len(c)))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}
