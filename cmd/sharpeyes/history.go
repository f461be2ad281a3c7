package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sharpeyes/registry"
)

type channelsHistory struct {
	ID    string `arg:"" help:"Id of the channel; it may be deleted by now."`
	Limit int    `default:"50" help:"How many changes at most, 1 to 1000."`
}

// Run tells who changed what of a channel, newest first.
func (h channelsHistory) Run(ctx context.Context, con console, c *channels) error {
	var answer struct {
		Items []registry.Change `json:"items"`
	}
	raw, err := c.ask(ctx, request{
		method: http.MethodGet, path: channelPath(h.ID) + "/history", query: url.Values{"limit": {strconv.Itoa(h.Limit)}},
	}, &answer)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("VERSION", "AT", "BY", "ACTION", "CHANGE")
	for _, i := range answer.Items {
		what := string(i.Kind)
		if i.Kind == registry.ChangeUpdated {
			what = changedFields(i.Fields)
		}
		t.add(strconv.FormatUint(i.Version, 10), localTime(i.At), i.By, i.Action, what)
	}
	return t.write(con.out)
}

type channelsVersions struct {
	Limit int `default:"50" help:"How many at most, 1 to 1000."`
}

// Run lists the last versions of the registry, newest first.
func (v channelsVersions) Run(ctx context.Context, con console, c *channels) error {
	var answer struct {
		Items []registry.Version `json:"items"`
	}
	raw, err := c.ask(ctx, request{
		method: http.MethodGet, path: "/channels:versions", query: url.Values{"limit": {strconv.Itoa(v.Limit)}},
	}, &answer)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("VERSION", "AT", "BY", "ACTION", "CREATED", "UPDATED", "DELETED")
	for _, i := range answer.Items {
		cells := []string{strconv.FormatUint(i.Version, 10), localTime(i.At), i.By, i.Action}
		if n := i.Counts; n != nil {
			cells = append(cells, strconv.Itoa(n.Created), strconv.Itoa(n.Updated), strconv.Itoa(n.Deleted))
		}
		t.add(cells...)
	}
	return t.write(con.out)
}

// changedFields is one line about what became of a channel's fields.
func changedFields(fields []registry.FieldChange) string {
	var parts []string
	for _, f := range fields {
		if f.Field == "password" {
			parts = append(parts, "password changed")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %q → %q", f.Field, f.Old, f.New))
	}
	return strings.Join(parts, ", ")
}

// localTime is a time for people.
func localTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
