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

	"sharpeyes/registry"
)

type channelsImport struct {
	File        string `arg:"" help:"The file; - is standard input."`
	Format      string `enum:"csv,ndjson,auto" default:"auto" help:"csv, or ndjson (a JSON object a line); auto goes by the file's name."`
	DryRun      bool   `help:"Say what would be done, and do nothing."`
	Prune       bool   `help:"Delete the channels that aren't in the file."`
	Encoding    string `enum:"utf-8,gb18030" default:"utf-8" help:"Of the text: ${enum}."`
	Coordinates string `enum:"wgs84,gcj02" default:"wgs84" help:"What lon and lat are in: ${enum}; gcj02 is converted."`
}

// Run sends the file and tells what it changed, or every value that can't be taken.
func (i channelsImport) Run(ctx context.Context, con console, c *channels) error {
	in, size := con.in, int64(-1)
	if i.File != "-" {
		f, err := os.Open(i.File)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = f
	}
	bar := con.progress(size, "importing")
	defer bar.Close()

	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	resp, err := c.do(ctx, request{
		method: http.MethodPost, path: "/channels:import", query: i.query(),
		body: io.TeeReader(in, bar), size: size, contentType: i.contentType(),
		header: http.Header{"Expect": {"100-continue"}}, // who may not import needn't send the file
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	_ = bar.Close()
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	return i.tell(con, raw)
}

func (i channelsImport) tell(con console, raw []byte) error {
	var done struct {
		registry.Counts
		Warnings []registry.Warning `json:"warnings"`
	}
	if err := json.Unmarshal(raw, &done); err != nil {
		return fmt.Errorf("reading what the import did: %w", err)
	}
	for _, w := range done.Warnings {
		fmt.Fprintf(con.err, "%d rows, the first in line %d: %s: %s\n", w.Count, w.Row, w.Column, w.Message)
	}
	if i.DryRun {
		fmt.Fprintln(con.out, "Nothing was changed; it would be:")
	}
	_, err := fmt.Fprintf(con.out, "created %d, updated %d, unchanged %d, deleted %d\n",
		done.Created, done.Updated, done.Unchanged, done.Deleted)
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
