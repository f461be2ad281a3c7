package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sharpeyes/registry/alert"
)

// alertCommands is the commands on alerts.
type alertCommands struct {
	client
	List   alertsList   `cmd:"" help:"List alerts, newest first."`
	Show   alertsShow   `cmd:"" help:"Tell all of one alert."`
	Ack    alertsAck    `cmd:"" help:"Say that you look after alerts."`
	Close  alertsClose  `cmd:"" help:"Say that alerts are done with."`
	Snooze alertsSnooze `cmd:"" help:"Have alerts raised again later."`
}

type alertsList struct {
	State    []string `placeholder:"S" help:"States: open, acknowledged, closed; all but closed."`
	All      bool     `help:"Closed ones too."`
	Severity []string `placeholder:"S" help:"Severities: info, warning, critical."`
	Rule     []string `placeholder:"NAME" help:"Rules."`
	Class    []string `placeholder:"N" help:"Classes: 1, 2, 3, 9."`
	Scenario []string `placeholder:"S" help:"Scenarios, like campus,traffic."`
	Site     string   `placeholder:"PATH" help:"Site, and all that lies in it."`
	Channel  string   `placeholder:"ID" help:"One channel."`
	Limit    int      `default:"100" help:"How many at most."`
}

// Run lists alerts.
func (l alertsList) Run(ctx context.Context, con console, c *alertCommands) error {
	if len(l.State) == 0 && !l.All {
		l.State = []string{string(alert.Open), string(alert.Acknowledged)}
	}
	query := url.Values{"limit": {strconv.Itoa(l.Limit)}}
	for name, value := range map[string]string{
		"state": strings.Join(l.State, ","), "severity": strings.Join(l.Severity, ","), "rule": strings.Join(l.Rule, ","),
		"class": strings.Join(l.Class, ","), "scenario": strings.Join(l.Scenario, ","), "site": l.Site, "channel": l.Channel,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var page struct {
		Items []alert.Alert
		Total int
	}
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/alerts", query: query}, &page)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("ID", "RAISED", "SEVERITY", "STATE", "EVENTS", "TITLE")
	for _, a := range page.Items {
		t.add(a.ID, localTime(a.Raised), string(a.Severity), string(a.State), strconv.Itoa(a.Count), a.Title)
	}
	if err := t.write(con.out); err != nil {
		return err
	}
	if n := page.Total - len(page.Items); n > 0 {
		fmt.Fprintf(con.err, "and %d more; --limit tells more of them\n", n)
	}
	return nil
}

type alertsShow struct {
	ID string `arg:"" help:"Id of the alert."`
}

// Run tells all of one alert.
func (s alertsShow) Run(ctx context.Context, con console, c *alertCommands) error {
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/alerts/" + url.PathEscape(s.ID)}, nil)
	if err != nil {
		return err
	}
	return writeJSON(con.out, raw)
}

// alertIDs are those that something is done with.
type alertIDs struct {
	ID      []string `arg:"" help:"Ids of the alerts."`
	Comment string   `short:"m" placeholder:"TEXT" help:"What is to be known of it."`
}

// act does something with alerts, one after the other.
func (i alertIDs) act(ctx context.Context, con console, c *alertCommands, verb string, body map[string]any) error {
	if i.Comment != "" {
		body["comment"] = i.Comment
	}
	var failed error
	for _, id := range i.ID {
		raw, err := c.send(ctx, request{method: http.MethodPost, path: "/alerts/" + url.PathEscape(id) + ":" + verb}, body)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		var a alert.Alert
		if err := json.Unmarshal(raw, &a); err != nil {
			return fmt.Errorf("the gateway's answer isn't an alert: %w", err)
		}
		fmt.Fprintf(con.out, "%s is %s: %s\n", a.ID, a.State, printable(a.Title))
	}
	return failed
}

type alertsAck struct{ alertIDs }

// Run acknowledges alerts.
func (a alertsAck) Run(ctx context.Context, con console, c *alertCommands) error {
	return a.act(ctx, con, c, "ack", map[string]any{})
}

type alertsClose struct{ alertIDs }

// Run closes alerts.
func (a alertsClose) Run(ctx context.Context, con console, c *alertCommands) error {
	return a.act(ctx, con, c, "close", map[string]any{})
}

type alertsSnooze struct {
	alertIDs
	For time.Duration `required:"" placeholder:"DURATION" help:"How long they are to be quiet, like 2h."`
}

// Run has alerts raised again later.
func (a alertsSnooze) Run(ctx context.Context, con console, c *alertCommands) error {
	return a.act(ctx, con, c, "snooze", map[string]any{"until": time.Now().Add(a.For).UTC()})
}
