package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/geo"
)

// The bounds of an import.
const (
	importArrivesIn    = 15 * time.Minute
	importSavedWithin  = 2 * time.Minute
	importPieceArrives = 30 * time.Second
)

type importInput struct {
	request
	Format      string `query:"format" doc:"csv or ndjson; left out: what Content-Type says, or else csv" example:"csv"`
	DryRun      string `query:"dry_run" doc:"true: say what would be done, and do nothing" example:"true"`
	Prune       string `query:"prune" doc:"true: delete the channels that aren't in the file" example:"false"`
	Encoding    string `query:"encoding" doc:"utf-8 (the default) or gb18030" example:"utf-8"`
	Coordinates string `query:"coordinates" doc:"wgs84 (the default) or gcj02, which is converted" example:"wgs84"`
}

// Imported is what an import did.
type Imported struct {
	registry.Counts
	Warnings []registry.Warning `json:"warnings,omitempty" doc:"what is missing, or looks wrong, and may be; at most 100"`
	// Changes are only there of a dry run.
	Changes *registry.Changes `json:"changes,omitempty" doc:"what would become of which channel, at most 1000 of each kind; the counts are of all"`
}

type importOutput struct{ Body Imported }

// What an answer tells at most.
const (
	maxWarnings = 100
	maxChanges  = 1000 // of each kind
)

func (a *API) importOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "import-channels", Method: http.MethodPost, Path: prefix + "/channels:import", Tags: []string{"channels"},
		Summary:     "Register the channels of a file, all or none",
		Description: "The same file again changes nothing. A dry run tells what would be created, changed field by field and deleted. When a row can't be taken the answer is 422 with up to 100 of them, and the registry stays as it is.",
	}, a.importFile)
}

func (a *API) importFile(ctx context.Context, in *importInput) (*importOutput, error) {
	format, options, dry, prune, err := importParameters(in.r)
	if err != nil {
		return nil, err
	}
	if in.r.ContentLength > a.o.MaxImport { // told before anything is sent
		return nil, &http.MaxBytesError{Limit: a.o.MaxImport}
	}
	select {
	case a.importing <- struct{}{}:
		defer func() { <-a.importing }()
	default:
		return nil, problem(http.StatusServiceUnavailable, fmt.Sprintf("%d imports are under way: try again soon", importsAtOnce)).with("Retry-After", "5")
	}

	options.Box = a.box()
	channels, warnings, err := a.readFile(in, format, options)
	if err != nil {
		return nil, err
	}
	if prune && len(channels) == 0 && a.o.Catalogue.Snapshot().Len() > 0 {
		return nil, problem(http.StatusUnprocessableEntity, "the file has no channels, and a prune would delete all that are registered: nothing was imported")
	}
	var out importOutput
	out.Body.Warnings = warnings[:min(len(warnings), maxWarnings)]
	if dry {
		var changes registry.Changes
		_, out.Body.Counts, changes = registry.PlanDetailed(a.o.Catalogue.Snapshot(), channels, prune, maxChanges)
		out.Body.Changes = &changes
		return &out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, importSavedWithin)
	defer cancel()
	_ = http.NewResponseController(in.w).SetWriteDeadline(time.Now().Add(importSavedWithin + leaveWithin))
	err = a.update(ctx, "import", func(now *registry.Snapshot) (tx registry.Transaction, _ error) {
		tx, out.Body.Counts = registry.Plan(now, channels, prune)
		return tx, nil
	})
	return &out, err
}

// box is where the city's channels should lie: where most of them do, or else around its centre.
func (a *API) box() *geo.Box {
	if box, ok := a.o.Catalogue.Snapshot().Extent(); ok {
		return &box
	}
	const around = 1.5 // degrees
	lon, lat := a.o.Center[0], a.o.Center[1]
	if lon == 0 && lat == 0 {
		return nil
	}
	return &geo.Box{MinLon: lon - around, MinLat: lat - around, MaxLon: lon + around, MaxLat: lat + around}
}

func importParameters(r *http.Request) (f format, o registry.ImportOptions, dry, prune bool, err error) {
	values := r.URL.Query()
	known := map[string]bool{"format": true, "dry_run": true, "prune": true, "encoding": true, "coordinates": true}
	for name := range values {
		if !known[name] {
			return f, o, false, false, badQuery(name, "", "is unknown here; there are format, dry_run, prune, encoding and coordinates")
		}
	}
	var errs []error
	take := func(err error) { errs = append(errs, err) }
	f, err = formatOf(values.Get("format"), r.Header.Get("Content-Type"))
	take(err)
	o.Encoding, err = oneOf(values.Get("encoding"), "encoding", "utf-8", "gb18030")
	take(err)
	o.Coordinates, err = oneOf(values.Get("coordinates"), "coordinates", "wgs84", "gcj02")
	take(err)
	dry, err = flag(values.Get("dry_run"), "dry_run")
	take(err)
	prune, err = flag(values.Get("prune"), "prune")
	take(err)
	return f, o, dry, prune, errors.Join(errs...)
}

// readFile reads all of a file, or says what can't be taken.
func (a *API) readFile(in *importInput, f format, o registry.ImportOptions) ([]registry.Channel, []registry.Warning, error) {
	rc := http.NewResponseController(in.w)
	start := time.Now()
	_ = rc.SetWriteDeadline(start.Add(importArrivesIn + leaveWithin)) // a writer that has no deadlines is a test's
	body := &patientReader{r: http.MaxBytesReader(in.w, in.r.Body, a.o.MaxImport), rc: rc, until: start.Add(importArrivesIn)}
	channels, rows, warnings, err := f.read(body, o)
	_ = rc.SetReadDeadline(time.Time{}) // else the server would take its passing for the asker's leaving
	switch {
	case body.err != nil: // whatever the reader made of it
		return nil, nil, badBody(body.err)
	case err != nil:
		return nil, nil, rejectedError{detail: err.Error(), rows: rows}
	case len(rows) > 0:
		return nil, nil, rejectedError{detail: fmt.Sprintf("%s can't be taken: nothing was imported", counted(len(rows))), rows: rows}
	}
	return channels, warnings, nil
}

func counted(n int) string {
	switch {
	case n == 1:
		return "one value"
	case n >= 100:
		return "100 values or more"
	default:
		return fmt.Sprintf("%d values", n)
	}
}

// patientReader gives every piece of a long body its own deadline, and remembers what broke it.
type patientReader struct {
	r     io.Reader
	rc    *http.ResponseController
	until time.Time // for all of it
	err   error     // other than io.EOF
}

func (p *patientReader) Read(b []byte) (int, error) {
	piece := time.Now().Add(importPieceArrives)
	if piece.After(p.until) {
		piece = p.until
	}
	_ = p.rc.SetReadDeadline(piece) // a writer that has no deadlines is a test's
	n, err := p.r.Read(b)
	if err != nil && err != io.EOF {
		p.err = err
	}
	return n, err
}

func oneOf(value, parameter, normal, other string) (string, error) {
	switch strings.ToLower(value) {
	case "", normal:
		return normal, nil
	case other:
		return other, nil
	}
	return "", badQuery(parameter, value, "must be "+normal+" or "+other)
}

func flag(value, parameter string) (bool, error) {
	switch value {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	}
	return false, badQuery(parameter, value, "must be true or false")
}
