package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"sharpeyes/registry/alert"
)

// rules is the commands on the rules for alerts.
type rules struct {
	client
	List   rulesList   `cmd:"" help:"List the rules."`
	Show   rulesShow   `cmd:"" help:"Write a rule as YAML."`
	Set    rulesSet    `cmd:"" help:"Make or replace the rules of a file, YAML or JSON."`
	Delete rulesDelete `cmd:"" help:"Delete rules; their alerts stay."`
	Test   rulesTest   `cmd:"" help:"Tell which alerts the rules of a file would have raised."`
}

type rulesList struct{}

// Run lists the rules.
func (rulesList) Run(ctx context.Context, con console, c *rules) error {
	var all struct{ Items []alert.Rule }
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/rules"}, &all)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("NAME", "ENABLED", "SEVERITY", "TITLE")
	for _, r := range all.Items {
		t.add(r.Name, map[bool]string{true: "yes", false: "no"}[r.Enabled], string(r.Severity), r.Title)
	}
	return t.write(con.out)
}

type rulesShow struct {
	Name string `arg:"" help:"Name of the rule."`
}

// Run writes a rule.
func (s rulesShow) Run(ctx context.Context, con console, c *rules) error {
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/rules/" + url.PathEscape(s.Name)}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	text, err := yaml.JSONToYAML(raw)
	if err != nil {
		return fmt.Errorf("the gateway's answer isn't a rule: %w", err)
	}
	_, err = con.out.Write(text)
	return err
}

// readRules reads a file of rules: one, or several in documents of their own. Each is JSON then.
func readRules(con console, name string) ([]json.RawMessage, error) {
	in := con.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	var all []json.RawMessage
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var doc any
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b, err := json.Marshal(doc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, b)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: there is no rule in it", name)
	}
	return all, nil
}

type rulesSet struct {
	File string `arg:"" help:"File of rules, or - for standard input."`
}

// Run makes rules, one after the other.
func (s rulesSet) Run(ctx context.Context, con console, c *rules) error {
	all, err := readRules(con, s.File)
	if err != nil {
		return err
	}
	for _, b := range all {
		var r struct{ Name string }
		if err := json.Unmarshal(b, &r); err != nil || r.Name == "" {
			return fmt.Errorf("%s: a rule has no name", s.File)
		}
		if _, err := c.send(ctx, request{method: http.MethodPut, path: "/rules/" + url.PathEscape(r.Name)}, b); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		fmt.Fprintf(con.out, "set %s\n", r.Name)
	}
	return nil
}

type rulesDelete struct {
	Name []string `arg:"" help:"Names of the rules."`
}

// Run deletes rules.
func (d rulesDelete) Run(ctx context.Context, con console, c *rules) error {
	var failed error
	for _, name := range d.Name {
		if _, err := c.ask(ctx, request{method: http.MethodDelete, path: "/rules/" + url.PathEscape(name)}, nil); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Fprintf(con.out, "deleted %s\n", name)
	}
	return failed
}

type rulesTest struct {
	File  string        `arg:"" help:"File of rules, or - for standard input."`
	Since time.Duration `default:"24h" help:"How far back."`
}

// Run tells what rules would have done.
func (s rulesTest) Run(ctx context.Context, con console, c *rules) error {
	all, err := readRules(con, s.File)
	if err != nil {
		return err
	}
	until := time.Now().UTC()
	for _, b := range all {
		raw, err := c.send(ctx, request{method: http.MethodPost, path: "/rules:test"}, map[string]any{
			"rule": b, "since": until.Add(-s.Since), "until": until,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			if err := writeJSON(con.out, raw); err != nil {
				return err
			}
			continue
		}
		var t alert.Trial
		if err := json.Unmarshal(raw, &t); err != nil {
			return fmt.Errorf("the gateway's answer isn't a trial: %w", err)
		}
		fmt.Fprintf(con.out, "%d alerts of %d events\n", t.Raised, t.Events)
		var tab table
		tab.add("RAISED", "STATE", "EVENTS", "TITLE")
		for _, a := range t.Alerts {
			tab.add(localTime(a.Raised), string(a.State), strconv.Itoa(a.Count), a.Title)
		}
		if len(t.Alerts) > 0 {
			if err := tab.write(con.out); err != nil {
				return err
			}
		}
	}
	return nil
}
