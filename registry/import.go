package registry

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"sharpeyes/registry/geo"
)

// ImportOptions says how a file is to be read.
type ImportOptions struct {
	Encoding    string // utf-8 (default) or gb18030
	Coordinates string // wgs84 (default) or gcj02, which is converted
	MaxRowBytes int    // bound of one row; 0 means 1 MiB
	// Box is where the city lies, in WGS-84; a position outside it is a warning. Nil: no such
	// warnings. Snapshot.Extent guesses it.
	Box *geo.Box
}

// RowError is one value of a file that can't be taken.
type RowError struct {
	Row int `json:"row"` // line of the file, the first being 1; 0 when the whole file is meant
	FieldError
}

// Error is the row and what is wrong in it.
func (e RowError) Error() string { return fmt.Sprintf("row %d: %s", e.Row, e.FieldError.Error()) }

// Warning is something that is missing or looks wrong in one row or in many, and is no reason to
// refuse them.
type Warning struct {
	Column  string `json:"column"`
	Count   int    `json:"count"`           // of rows
	Row     int    `json:"row"`             // the first of them
	Value   string `json:"value,omitempty"` // in that row
	Message string `json:"message"`
}

// MaxRowErrors is how many errors are reported of one file; reading ends with the last of them.
const MaxRowErrors = 100

const defaultRowBytes = 1 << 20

func (o ImportOptions) maxRowBytes() int {
	if o.MaxRowBytes > 0 {
		return o.MaxRowBytes
	}
	return defaultRowBytes
}

// Validate reports options that don't exist, as FieldErrors.
func (o ImportOptions) Validate() error {
	var errs FieldErrors
	switch o.Encoding {
	case "", "utf-8", "gb18030":
	default:
		errs.add("encoding", o.Encoding, "must be utf-8 or gb18030")
	}
	switch o.Coordinates {
	case "", "wgs84", "gcj02":
	default:
		errs.add("coordinates", o.Coordinates, "must be wgs84 or gcj02")
	}
	return errs.err()
}

// intake gathers the rows of a file: good channels, and all that is wrong or missing.
type intake struct {
	opts     ImportOptions
	channels []Channel
	rows     map[string]int // by id
	words    repeated
	errs     []RowError
	warnings []Warning // by column, in the order of standardColumns
	doubts   doubts
}

// errEnough ends reading: no more errors would be reported, or what follows has no meaning.
var errEnough = errors.New("enough errors")

// read opens the file, lets rows take it in, and makes of everything what ReadCSV returns.
func read(r io.Reader, opts ImportOptions, rows func(*intake, *lines) error) ([]Channel, []RowError, []Warning, error) {
	if err := opts.Validate(); err != nil {
		return nil, nil, nil, fmt.Errorf("import: %w", err)
	}
	in := &intake{opts: opts, rows: map[string]int{}, words: repeated{}}
	l, err := openLines(r, opts)
	if err == nil {
		err = rows(in, l)
	}
	if text, ok := errors.AsType[*textError](err); ok {
		// It explains whatever was wrong in the rows before it.
		return nil, []RowError{{text.row, FieldError{Message: text.message}}}, nil, nil
	}
	if err != nil && !errors.Is(err, errEnough) {
		return nil, nil, nil, fmt.Errorf("import: %w", err)
	}
	if len(in.errs) > 0 {
		return nil, in.errs, nil, nil
	}
	return in.channels, nil, append(in.warnings, in.doubts.warnings()...), nil
}

// refuse adds what is wrong with a row; it returns errEnough when there is room for no more.
func (in *intake) refuse(row int, errs FieldErrors) error {
	for _, e := range errs {
		if in.errs = append(in.errs, RowError{row, e}); len(in.errs) >= MaxRowErrors {
			return errEnough
		}
	}
	return nil
}

// take checks the channel of a row, with what was wrong already when it was read.
func (in *intake) take(row int, c Channel, errs FieldErrors) error {
	if in.opts.Coordinates == "gcj02" {
		toWGS84(&c)
	}
	if err := c.Prepare(); err != nil {
		var more FieldErrors
		if !errors.As(err, &more) {
			return fmt.Errorf("row %d: %w", row, err)
		}
		for _, e := range more {
			if !errs.has(e.Column) { // one that couldn't be read is wrong only once
				errs = append(errs, e)
			}
		}
	}
	if first, ok := in.rows[c.ID]; ok && c.ID != "" {
		errs.add("id", c.ID, "is there twice: in rows "+strconv.Itoa(first)+" and "+strconv.Itoa(row))
	} else {
		in.rows[c.ID] = row
	}
	if len(errs) > 0 {
		return in.refuse(row, errs)
	}
	in.words.share(&c)
	if n := len(in.channels); n == cap(in.channels) {
		in.channels = slices.Grow(in.channels, max(n, 256)) // fewer and larger steps than append's
	}
	in.channels = append(in.channels, c)
	in.warn(row, &c)
	in.doubts.look(row, &c, in.opts.Box)
	return nil
}

// standardColumns are what GB/T 28181-2022 asks of channels, by the classes it asks it of.
var standardColumns = []struct {
	column  string
	classes []Class
	missing func(c *Channel) bool
	message string
}{
	{"lon", []Class{PublicPlaces, KeyPlaces}, func(c *Channel) bool { return c.Lon == nil }, "GB/T 28181-2022 asks for the position of channels of classes 1 and 2"},
	{"install_time", []Class{PublicPlaces}, func(c *Channel) bool { return c.InstallTime == "" }, "GB/T 28181-2022 asks for it in class 1"},
	{"contact", []Class{PublicPlaces}, func(c *Channel) bool { return c.Contact == "" }, "GB/T 28181-2022 asks for it in class 1"},
	{"record_days", []Class{PublicPlaces}, func(c *Channel) bool { return c.RecordDays == nil }, "GB/T 28181-2022 asks for it in class 1"},
}

// warn counts what the standard asks for and the channel doesn't have.
func (in *intake) warn(row int, c *Channel) {
	for _, s := range standardColumns {
		asked := false
		for _, class := range s.classes {
			asked = asked || class == c.Class
		}
		if !asked || !s.missing(c) {
			continue
		}
		i := 0
		for i < len(in.warnings) && in.warnings[i].Column != s.column {
			i++
		}
		if i == len(in.warnings) {
			in.warnings = append(in.warnings, Warning{Column: s.column, Row: row, Message: s.message})
		}
		in.warnings[i].Count++
	}
}

// has reports whether something is wrong with the column.
func (es FieldErrors) has(column string) bool {
	for _, e := range es {
		if e.Column == column {
			return true
		}
	}
	return false
}

// toWGS84 converts the position, to the 1e-7 degrees (1 cm) that the conversion is good for.
func toWGS84(c *Channel) {
	if c.Lon == nil || c.Lat == nil {
		return
	}
	p := geo.GCJ02ToWGS84(geo.Point{Lon: *c.Lon, Lat: *c.Lat})
	lon, lat := math.Round(p.Lon*1e7)/1e7, math.Round(p.Lat*1e7)/1e7
	c.Lon, c.Lat = &lon, &lat
}
