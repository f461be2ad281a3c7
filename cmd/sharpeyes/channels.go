package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// channels is the commands on channels.
type channels struct {
	client
	Import   channelsImport   `cmd:"" help:"Register the channels of a file: all of them, or none."`
	Export   channelsExport   `cmd:"" help:"Write all channels as a file that import takes."`
	List     channelsList     `cmd:"" help:"List channels."`
	Show     channelsShow     `cmd:"" help:"Show one channel."`
	Set      channelsSet      `cmd:"" help:"Change fields of a channel, or register a new one."`
	Delete   channelsDelete   `cmd:"" help:"Delete channels."`
	History  channelsHistory  `cmd:"" help:"Tell who changed what of a channel, and when."`
	Versions channelsVersions `cmd:"" help:"List the last versions of the registry, which export can write."`
	Report   channelsReport   `cmd:"" help:"Tell what GB/T 28181-2022 asks for and is missing."`
}

type channelsList struct {
	filters
	Sort  string `placeholder:"FIELD" help:"id, name or site; with a dash before it, descending."`
	Limit int    `default:"100" help:"How many at most; 0 for all."`
}

// page is a page of channels: what a table needs of each, and the whole of each.
type page struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
	Total int               `json:"total"`
}

// Run lists channels, page by page.
func (l channelsList) Run(ctx context.Context, con console, c *channels) error {
	if l.Limit < 0 {
		return usageError{fmt.Errorf("--limit=%d is negative", l.Limit)}
	}
	const largest = 1000 // that the API gives in one page
	all := page{Items: []json.RawMessage{}}
	query := l.query()
	if l.Sort != "" {
		query.Set("sort", l.Sort)
	}
	for {
		size := largest
		if l.Limit > 0 {
			size = min(size, l.Limit-len(all.Items))
		}
		query.Set("limit", strconv.Itoa(size))
		var p page
		if _, err := c.ask(ctx, request{method: http.MethodGet, path: "/channels", query: query}, &p); err != nil {
			return err
		}
		all.Items, all.Next, all.Total = append(all.Items, p.Items...), p.Next, p.Total
		if p.Next == "" || len(p.Items) == 0 || l.Limit > 0 && len(all.Items) >= l.Limit {
			break
		}
		query.Set("cursor", p.Next)
	}
	if c.JSON {
		raw, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
		return writeJSON(con.out, raw)
	}
	return l.table(con, all)
}

func (l channelsList) table(con console, all page) error {
	var t table
	t.add("ID", "NAME", "CLASS", "SITE", "SCENARIO", "STATE", "REASON")
	for _, raw := range all.Items {
		var ch struct {
			ID, Name, Site, Scenario string
			Class                    int
			Status                   struct{ State, Reason string }
		}
		if err := json.Unmarshal(raw, &ch); err != nil {
			return fmt.Errorf("reading the list: %w", err)
		}
		t.add(ch.ID, ch.Name, strconv.Itoa(ch.Class), ch.Site, ch.Scenario, ch.Status.State, ch.Status.Reason)
	}
	if err := t.write(con.out); err != nil {
		return err
	}
	if len(all.Items) < all.Total {
		fmt.Fprintf(con.err, "%d of %d; --limit=0 lists all\n", len(all.Items), all.Total)
	}
	return nil
}

type channelsDelete struct {
	ID []string `arg:"" help:"Ids of the channels."`
}

// Run deletes channels, one after the other.
func (d channelsDelete) Run(ctx context.Context, con console, c *channels) error {
	for _, id := range d.ID {
		if _, err := c.ask(ctx, request{method: http.MethodDelete, path: channelPath(id)}, nil); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		fmt.Fprintf(con.out, "deleted %s\n", id)
	}
	return nil
}

func channelPath(id string) string { return "/channels/" + url.PathEscape(id) }
