package registry

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ReadCSV reads a list of channels: a header row that names the columns, in any order, then one row
// a channel, on one line. The channels are ready to be put. Everything that is wrong is reported,
// up to MaxRowErrors, and then there are no channels: a file is taken whole or not at all. A file
// in another encoding, one that is cut short and a row that is too long end the reading with an
// error that says so. The last result is an error of reading r, or of the options (FieldErrors).
func ReadCSV(r io.Reader, opts ImportOptions) ([]Channel, []RowError, []Warning, error) {
	return read(r, opts, func(in *intake, l *lines) error {
		f := csvFile{in: in, lines: l}
		f.csv = csv.NewReader(&f.feed)
		f.csv.ReuseRecord = true
		f.csv.FieldsPerRecord = -1 // checked here, where the error can say more
		return f.read()
	})
}

// csvFile is the state of reading one file.
type csvFile struct {
	in      *intake
	lines   *lines
	feed    feed
	csv     *csv.Reader
	columns []int // index in columns of each value of a row
}

func (f *csvFile) read() error {
	names, err := f.next()
	if errors.Is(err, io.EOF) {
		return &textError{0, "the file is empty: its first row must name the columns"}
	}
	if err != nil {
		return err
	}
	if names == nil || !f.readHeader(names) {
		return errEnough // without a header, nothing else has a meaning
	}
	for {
		values, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && values != nil {
			err = f.readRow(values)
		}
		if err != nil {
			return err
		}
	}
}

// next is the next row; nil when it is no CSV, which is reported.
func (f *csvFile) next() ([]string, error) {
	if err := f.lines.next(); err != nil {
		return nil, err
	}
	f.feed.line = append(append(f.feed.line[:0], f.lines.line...), '\n')
	f.feed.rest = f.feed.line
	values, err := f.csv.Read()
	bad, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return values, err
	}
	f.feed.rest = nil
	message := `has a quotation mark (") in the wrong place: put the whole value in quotation marks, and write "" for one in it`
	if bad.Column > len(f.lines.line) || errors.Is(bad.Err, csv.ErrQuote) && f.feed.asked {
		message = `opens a quotation mark (") and doesn't close it in the same line`
		if !f.lines.ended {
			return nil, &textError{f.lines.number, "the file is cut short: its last row ends within quotation marks"}
		}
	}
	return nil, f.in.refuse(f.lines.number, FieldErrors{{Message: message}})
}

// readHeader finds out which column is which, and reports whether all is well.
func (f *csvFile) readHeader(names []string) bool {
	f.columns = make([]int, len(names))
	seen := make([]bool, len(columns))
	var errs FieldErrors
	for i, name := range names {
		name = strings.TrimSpace(name)
		at := columnIndex(name)
		f.columns[i] = at
		switch {
		case name == "":
			errs.add("", "", "column "+strconv.Itoa(i+1)+" has no name: name it, or take it out")
		case at < 0:
			errs.add(shorten(name), "", unknownColumn)
		case seen[at]:
			errs.add(name, "", "is there twice: keep one")
		default:
			seen[at] = true
		}
	}
	for i := range columns {
		if columns[i].required && !seen[i] {
			errs.add(columns[i].name, "", "is missing: every channel needs it")
		}
	}
	return f.in.refuse(f.lines.number, errs) == nil && len(errs) == 0
}

func (f *csvFile) readRow(values []string) error {
	if len(values) != len(f.columns) {
		if !f.lines.ended && len(values) < len(f.columns) {
			return &textError{f.lines.number, fmt.Sprintf("the file is cut short: its last row has %d of %d values, and no end of line", len(values), len(f.columns))}
		}
		return f.in.refuse(f.lines.number, FieldErrors{{Message: fmt.Sprintf("has %d values, but the header names %d columns: a value with a comma in it must be in quotation marks", len(values), len(f.columns))}})
	}
	c := Channel{Enabled: true}
	var errs FieldErrors
	for i, value := range values {
		col := &columns[f.columns[i]]
		if col.name != "password" {
			value = strings.TrimSpace(value)
		}
		if value == "" {
			continue // absent; what must be there, Validate asks for
		}
		if message := col.parse(&c, strings.Clone(value)); message != "" {
			errs.add(col.name, shown(col.name, value), message)
		}
	}
	return f.in.take(f.lines.number, c, errs)
}

// feed gives a csv.Reader one line, and then the end, until it is filled again: a quotation mark
// that isn't closed then costs a row and not the rest of the file.
type feed struct {
	line, rest []byte
	asked      bool // for more than the line
}

func (f *feed) Read(p []byte) (int, error) {
	f.asked = len(f.rest) == 0
	if f.asked {
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}
