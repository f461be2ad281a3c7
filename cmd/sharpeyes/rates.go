package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sharpeyes/registry"
)

// statsRates is the command that accounts for the health of channels.
type statsRates struct {
	By       []string `default:"class" help:"Apart by class, site, scenario; several joined by commas."`
	From     string   `placeholder:"TIME" help:"When the period begins, within the last 90 days, like '2026-05-01 00:00' (this machine's time); a day before its end."`
	Until    string   `placeholder:"TIME" help:"When it ends; now."`
	Channels bool     `help:"List the channels behind the figures, those first that were offline the longest."`
	Limit    int      `default:"100" help:"How many channels to list, up to 1000."`
	CSV      bool     `name:"csv" help:"Write CSV; with --channels, all of them."`
}

// Run tells online rate and intact rate of a period.
func (r statsRates) Run(ctx context.Context, con console, s *stats) error {
	query := s.query()
	for flag, value := range map[string]string{"from": r.From, "until": r.Until} {
		if value == "" {
			continue
		}
		t, err := readTime(flag, value)
		if err != nil {
			return err
		}
		query.Set(flag, t.Format(time.RFC3339Nano))
	}
	path := "/stats/rates"
	if r.Channels {
		path += "/channels"
	} else {
		query.Set("by", strings.Join(r.By, ","))
	}
	ctx, cancel := context.WithTimeout(ctx, 2*dialogue) // a question about the past may take a while
	defer cancel()
	if r.CSV {
		return r.file(ctx, con, s, path, query)
	}
	if r.Channels {
		return r.list(ctx, con, s, path, query)
	}
	var answer registry.Rates
	raw, err := s.ask(ctx, request{method: http.MethodGet, path: path, query: query}, &answer)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	heads := []string{}
	for _, by := range answer.By {
		heads = append(heads, strings.ToUpper(by))
	}
	if len(heads) == 0 {
		heads = []string{""}
	}
	t.add(append(heads[:len(heads):len(heads)], rateHeads()...)...)
	for i := range answer.Groups {
		g := &answer.Groups[i]
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
		t.add(append(cells, rateCells(&g.Rate)...)...)
	}
	last := make([]string, len(heads))
	last[0] = "all"
	t.add(append(last, rateCells(&answer.Total)...)...)
	if err := t.write(con.out); err != nil {
		return err
	}
	fmt.Fprintf(con.err, "from %s until %s\n", localTime(answer.From), localTime(answer.Until))
	return nil
}

func (r statsRates) list(ctx context.Context, con console, s *stats, path string, query url.Values) error {
	query.Set("limit", strconv.Itoa(r.Limit))
	var answer registry.ChannelRates
	raw, err := s.ask(ctx, request{method: http.MethodGet, path: path, query: query}, &answer)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("ID", "NAME", "CLASS", "SITE", "ONLINE RATE", "INTACT RATE", "ONLINE", "DEGRADED", "OFFLINE", "UNKNOWN", "EXCLUDED")
	for i := range answer.Items {
		c := &answer.Items[i]
		t.add(c.ID, c.Name, strconv.Itoa(int(c.Class)), c.Site, optionalPercent(c.OnlineRate), optionalPercent(c.IntactRate),
			howLong(c.Online), howLong(c.Degraded), howLong(c.Offline), howLong(c.Unknown), howLong(c.Excluded))
	}
	if err := t.write(con.out); err != nil {
		return err
	}
	if len(answer.Items) < answer.Total {
		fmt.Fprintf(con.err, "%d of %d; --csv lists all\n", len(answer.Items), answer.Total)
	}
	return nil
}

func (r statsRates) file(ctx context.Context, con console, s *stats, path string, query url.Values) error {
	query.Set("format", "csv")
	resp, err := s.do(ctx, request{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(con.out, resp.Body); err != nil {
		return fmt.Errorf("the file isn't whole: %w", err)
	}
	return nil
}

func rateHeads() []string {
	return []string{"CHANNELS", "ONLINE RATE", "TARGET", "INTACT RATE", "UNKNOWN", "OFFLINE", "DEGRADED"}
}

func rateCells(r *registry.Rate) []string {
	target := ""
	if r.Target != nil {
		target = percent(*r.Target)
		if r.Met != nil && !*r.Met {
			target += " missed"
		}
	}
	return []string{
		strconv.Itoa(r.Channels), optionalPercent(r.OnlineRate), target, optionalPercent(r.IntactRate),
		percent(r.UnknownShare), howLong(r.Offline), howLong(r.Degraded),
	}
}

func optionalPercent(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return percent(*rate)
}

// howLong is a time in seconds for people.
func howLong(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
