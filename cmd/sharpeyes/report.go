package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sharpeyes/registry"
)

type channelsReport struct {
	filters
	Missing []string `placeholder:"FIELD" help:"List channels without any of these: position, install_time, contact, record_days."`
	Limit   int      `default:"20" help:"How many channels to list, up to 1000; 0 for the counts alone."`
	Depth   int      `default:"3" help:"Count by sites of at most so many tokens."`
	CSV     bool     `help:"Write all of the channels as CSV, without counts."`
}

// Run tells what GB/T 28181-2022 asks for and is missing.
func (r channelsReport) Run(ctx context.Context, con console, c *channels) error {
	query := r.query()
	if len(r.Missing) > 0 {
		query.Set("missing", strings.Join(r.Missing, ","))
	}
	if r.CSV {
		return r.file(ctx, con, c, query)
	}
	query.Set("limit", strconv.Itoa(max(r.Limit, 1)))
	var answer struct {
		registry.Report
		Items []struct {
			ID, Name, Site string
			Class          int
			Missing        []string
		}
		Total int
	}
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/channels:report", query: query}, &answer)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("CLASS OR SITE", "CHANNELS", "INCOMPLETE", "NO POSITION", "NO INSTALL TIME", "NO CONTACT", "NO RECORD DAYS")
	for _, g := range answer.Classes {
		t.add(gapCells("class "+strconv.Itoa(int(g.Class)), g.Gaps)...)
	}
	for _, g := range answer.Sites {
		if strings.Count(g.Path, "/") < r.Depth {
			t.add(gapCells(g.Path, g.Gaps)...)
		}
	}
	t.add(gapCells("all", answer.All)...)
	if err := t.write(con.out); err != nil {
		return err
	}
	if r.Limit == 0 || len(answer.Items) == 0 {
		return nil
	}
	t = table{}
	t.add("ID", "NAME", "CLASS", "SITE", "MISSING")
	for _, i := range answer.Items {
		t.add(i.ID, i.Name, strconv.Itoa(i.Class), i.Site, strings.Join(i.Missing, " "))
	}
	fmt.Fprintln(con.out)
	if err := t.write(con.out); err != nil {
		return err
	}
	if len(answer.Items) < answer.Total {
		fmt.Fprintf(con.err, "%d of %d; --csv lists all\n", len(answer.Items), answer.Total)
	}
	return nil
}

func (r channelsReport) file(ctx context.Context, con console, c *channels, query url.Values) error {
	query.Set("format", "csv")
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	resp, err := c.do(ctx, request{method: http.MethodGet, path: "/channels:report", query: query})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(con.out, resp.Body); err != nil {
		return fmt.Errorf("the report isn't whole: %w", err)
	}
	return nil
}

func gapCells(of string, g registry.Gaps) []string {
	cells := []string{of}
	for _, n := range []int{g.Channels, g.Incomplete, g.Position, g.InstallTime, g.Contact, g.RecordDays} {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}
