package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"sharpeyes/registry"
)

// maintenance is the commands on windows of maintenance.
type maintenance struct {
	client
	List   maintenanceList   `cmd:"" help:"List windows, past and future."`
	Add    maintenanceAdd    `cmd:"" help:"Say that a site or a channel is worked on for a time."`
	Delete maintenanceDelete `cmd:"" help:"Take windows away."`
}

type maintenanceList struct {
	Site    string `placeholder:"PATH" help:"Windows of this site, of what lies in it and of what it lies in."`
	Channel string `placeholder:"ID" help:"Windows that cover this channel."`
	Open    bool   `help:"Only those that are open now."`
}

// Run lists windows.
func (l maintenanceList) Run(ctx context.Context, con console, m *maintenance) error {
	query := url.Values{}
	for name, value := range map[string]string{"site": l.Site, "channel": l.Channel} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if l.Open {
		query.Set("open", "true")
	}
	var answer struct {
		Items []registry.Maintenance `json:"items"`
	}
	raw, err := m.ask(ctx, request{method: http.MethodGet, path: "/maintenance", query: query}, &answer)
	if err != nil {
		return err
	}
	if m.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("ID", "SITE OR CHANNEL", "FROM", "UNTIL", "BY", "WHY")
	for _, w := range answer.Items {
		t.add(w.ID, w.Site+w.Channel, localTime(w.From), localTime(w.Until), w.By, w.Why)
	}
	return t.write(con.out)
}

type maintenanceAdd struct {
	Site    string        `placeholder:"PATH" xor:"what" required:"" help:"The site, with all that lies in it; or else --channel."`
	Channel string        `placeholder:"ID" xor:"what" required:"" help:"The channel; or else --site."`
	From    string        `placeholder:"TIME" help:"When it begins, like '2026-05-01 22:00' (this machine's time) or 2026-05-01T22:00:00+08:00; now."`
	Until   string        `placeholder:"TIME" xor:"end" required:"" help:"When it ends; or else --for."`
	For     time.Duration `placeholder:"DURATION" xor:"end" required:"" help:"How long it takes, like 2h30m; or else --until."`
	Why     string        `required:"" placeholder:"TEXT" help:"What is done there."`
}

// Run adds a window.
func (a maintenanceAdd) Run(ctx context.Context, con console, m *maintenance) error {
	from := time.Now().Truncate(time.Second)
	var err error
	if a.From != "" {
		if from, err = readTime("from", a.From); err != nil {
			return err
		}
	}
	until := from.Add(a.For)
	if a.Until != "" {
		if until, err = readTime("until", a.Until); err != nil {
			return err
		}
	}
	body := map[string]any{"from": from, "until": until, "why": a.Why}
	if a.Site != "" {
		body["site"] = a.Site
	} else {
		body["channel"] = a.Channel
	}
	raw, err := m.send(ctx, request{method: http.MethodPost, path: "/maintenance"}, body)
	if err != nil {
		return err
	}
	if m.JSON {
		return writeJSON(con.out, raw)
	}
	var made registry.Maintenance
	if err := json.Unmarshal(raw, &made); err != nil {
		return fmt.Errorf("reading the window: %w", err)
	}
	_, err = fmt.Fprintf(con.out, "added %s: %s from %s until %s\n", made.ID, made.Site+made.Channel, localTime(made.From), localTime(made.Until))
	return err
}

// readTime reads a time with its zone, or one of this machine's.
func readTime(flag, s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("--%s=%s isn't a time; write one like '2026-05-01 22:00' or 2026-05-01T22:00:00+08:00", flag, s)}
}

type maintenanceDelete struct {
	ID []string `arg:"" help:"Ids of the windows."`
}

// Run takes windows away, one after the other.
func (d maintenanceDelete) Run(ctx context.Context, con console, m *maintenance) error {
	var failed error
	for _, id := range d.ID {
		if _, err := m.ask(ctx, request{method: http.MethodDelete, path: "/maintenance/" + url.PathEscape(id)}, nil); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		fmt.Fprintf(con.out, "deleted %s\n", id)
	}
	return failed
}
