package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"sharpeyes/registry"
)

// stats is the commands that count channels, now and over time.
type stats struct {
	client
	filters
	Now   statsNow   `cmd:"" default:"withargs" help:"Count channels by state."`
	Rates statsRates `cmd:"" help:"Tell how much of a period channels were online, and intact."`
}

type statsNow struct {
	By []string `default:"class" help:"Count apart by class, site, scenario; several joined by commas."`
}

// Run counts channels by state.
func (n statsNow) Run(ctx context.Context, con console, s *stats) error {
	query := s.query()
	query.Set("by", strings.Join(n.By, ","))
	var answer registry.Stats
	raw, err := s.ask(ctx, request{method: http.MethodGet, path: "/stats", query: query}, &answer)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	var heads []string
	for _, by := range answer.By {
		heads = append(heads, strings.ToUpper(by))
	}
	if len(heads) == 0 {
		heads = []string{""}
	}
	t.add(append(heads[:len(heads):len(heads)], tallyHeads()...)...)
	for _, g := range answer.Groups {
		var cells []string
		for _, by := range answer.By {
			switch by {
			case "class":
				cells = append(cells, strconv.Itoa(int(g.Class)))
			case "site":
				cells = append(cells, g.Site)
			case "scenario":
				cells = append(cells, g.Scenario)
			}
		}
		t.add(append(cells, tallyCells(g.Tally)...)...)
	}
	last := make([]string, len(heads))
	last[0] = "all"
	t.add(append(last, tallyCells(answer.Total)...)...)
	return t.write(con.out)
}

func tallyHeads() []string {
	return []string{"TOTAL", "ONLINE", "DEGRADED", "OFFLINE", "UNKNOWN", "DISABLED", "ONLINE RATE"}
}

func tallyCells(t registry.Tally) []string {
	var cells []string
	for _, n := range []int{t.Total, t.Online, t.Degraded, t.Offline, t.Unknown, t.Disabled} {
		cells = append(cells, strconv.Itoa(n))
	}
	return append(cells, percent(t.OnlineRate))
}
