package main

import (
	"slices"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// duration adds a row of one duration that must be below a bar; 0 as a bar is none. lite is
// SQLite's, 0 for nothing.
func (b *bench) duration(what string, took, bar, lite time.Duration) {
	row := benchtable.Row{What: what, Measured: benchtable.Show(took), Missed: bar > 0 && took >= bar}
	if bar > 0 {
		row.Bar = "< " + benchtable.Show(bar)
	}
	if lite > 0 {
		row.Other, row.Ratio = benchtable.Show(lite), float64(lite)/float64(took)
	}
	b.table.Add(row)
}

// quantiles are the median and the 99th percentile.
func quantiles(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[min(len(all)*99/100, len(all)-1)]
}
