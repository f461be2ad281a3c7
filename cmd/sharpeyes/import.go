package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sharpeyes/registry"
)

type channelsImport struct {
	File        string `arg:"" help:"The file; - is standard input."`
	Format      string `enum:"csv,ndjson,auto" default:"auto" help:"csv, or ndjson (a JSON object a line); auto goes by the file's name."`
	DryRun      bool   `help:"Say what would be done, and do nothing."`
	Prune       bool   `help:"Delete the channels that aren't in the file; on a terminal it asks first."`
	Yes         bool   `short:"y" help:"Don't ask."`
	Encoding    string `enum:"utf-8,gb18030" default:"utf-8" help:"Of the text: ${enum}."`
	Coordinates string `enum:"wgs84,gcj02" default:"wgs84" help:"What lon and lat are in: ${enum}; gcj02 is converted."`
}

// imported is what the gateway says of an import.
type imported struct {
	registry.Counts
	Warnings []registry.Warning `json:"warnings"`
	Changes  registry.Changes   `json:"changes"` // of a dry run
}

// Run sends the file and tells what it changed, or every value that can't be taken.
func (i channelsImport) Run(ctx context.Context, con console, c *channels) error {
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	if i.Prune && !i.DryRun && !i.Yes && i.File != "-" && con.interactive() {
		if err := i.confirm(ctx, con, c); err != nil {
			return err
		}
	}
	raw, err := i.send(ctx, con, c)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	return i.tell(con, raw)
}

// send sends the file.
func (i channelsImport) send(ctx context.Context, con console, c *channels) ([]byte, error) {
	in, size := con.in, int64(-1)
	if i.File != "-" {
		f, err := os.Open(i.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = f
	}
	bar := con.progress(size, "importing")
	defer bar.Close()
	resp, err := c.do(ctx, request{
		method: http.MethodPost, path: "/channels:import", query: i.query(),
		body: io.TeeReader(in, bar), size: size, contentType: i.contentType(),
		header: http.Header{"Expect": {"100-continue"}}, // who may not import needn't send the file
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return raw, nil
}

// confirm asks whether the channels that aren't in the file may be deleted, if there are any.
func (i channelsImport) confirm(ctx context.Context, con console, c *channels) error {
	i.DryRun = true
	raw, err := i.send(ctx, con, c)
	if err != nil {
		return err
	}
	var plan imported
	if err := json.Unmarshal(raw, &plan); err != nil {
		return fmt.Errorf("reading what the import would do: %w", err)
	}
	if plan.Deleted == 0 {
		return nil
	}
	return con.agree(fmt.Sprintf("%d channels aren't in %s and will be deleted. Go on? [y/N] ", plan.Deleted, i.File))
}

func (i channelsImport) tell(con console, raw []byte) error {
	var done imported
	if err := json.Unmarshal(raw, &done); err != nil {
		return fmt.Errorf("reading what the import did: %w", err)
	}
	for _, w := range done.Warnings {
		rows := fmt.Sprintf("%d rows, the first in line %d", w.Count, w.Row)
		if w.Count == 1 {
			rows = fmt.Sprintf("line %d", w.Row)
		}
		column := w.Column
		if w.Value != "" {
			column += fmt.Sprintf(" %q", w.Value)
		}
		fmt.Fprintf(con.err, "%s: %s: %s\n", rows, column, printable(w.Message))
	}
	if i.DryRun {
		fmt.Fprintln(con.out, "Nothing was changed; it would be:")
	}
	_, err := fmt.Fprintf(con.out, "created %d, updated %d, unchanged %d, deleted %d\n",
		done.Created, done.Updated, done.Unchanged, done.Deleted)
	if err != nil || !i.DryRun {
		return err
	}
	return tellChanges(con.out, done)
}

// tellChanges writes a line for each channel that would be changed.
func tellChanges(w io.Writer, plan imported) error {
	var b strings.Builder
	more := func(all, told int) {
		if all > told {
			fmt.Fprintf(&b, "… and %d more\n", all-told)
		}
	}
	for _, id := range plan.Changes.Created {
		fmt.Fprintf(&b, "create %s\n", printable(id))
	}
	more(plan.Created, len(plan.Changes.Created))
	for _, c := range plan.Changes.Updated {
		fmt.Fprintf(&b, "update %s: %s\n", printable(c.ID), changedFields(c.Fields))
	}
	more(plan.Updated, len(plan.Changes.Updated))
	for _, id := range plan.Changes.Deleted {
		fmt.Fprintf(&b, "delete %s\n", printable(id))
	}
	more(plan.Deleted, len(plan.Changes.Deleted))
	_, err := io.WriteString(w, b.String())
	return err
}

func (i channelsImport) query() url.Values {
	v := url.Values{"format": {i.format()}, "encoding": {i.Encoding}, "coordinates": {i.Coordinates}}
	if i.DryRun {
		v.Set("dry_run", "true")
	}
	if i.Prune {
		v.Set("prune", "true")
	}
	return v
}

func (i channelsImport) format() string {
	if i.Format != "auto" {
		return i.Format
	}
	switch filepath.Ext(i.File) {
	case ".ndjson", ".jsonl":
		return "ndjson"
	}
	return "csv"
}

func (i channelsImport) contentType() string {
	if i.format() == "ndjson" {
		return "application/x-ndjson"
	}
	return "text/csv"
}
