package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

type channelsExport struct {
	filters
	Format  string `enum:"csv,ndjson" default:"csv" help:"The form: ${enum}."`
	Version uint64 `placeholder:"N" help:"The registry as it was then; see versions."`
}

// Run writes the channels to standard output. Passwords aren't among them; an import of the file
// keeps those that the gateway has.
func (e channelsExport) Run(ctx context.Context, con console, c *channels) error {
	query := e.query()
	query.Set("format", e.Format)
	if e.Version > 0 {
		query.Set("version", strconv.FormatUint(e.Version, 10))
	}
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	resp, err := c.do(ctx, request{method: http.MethodGet, path: "/channels:export", query: query})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	bar := con.progress(resp.ContentLength, "exporting")
	defer bar.Close()
	if _, err := io.Copy(io.MultiWriter(con.out, bar), resp.Body); err != nil {
		return fmt.Errorf("the export isn't whole: %w", err)
	}
	return nil
}
