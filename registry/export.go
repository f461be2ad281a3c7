package registry

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// WriteCSV writes channels with a header row; passwords are left out. An import of the file changes
// nothing.
func WriteCSV(w io.Writer, channels iter.Seq[Channel]) error {
	out := csv.NewWriter(w)
	row := make([]string, 0, len(columns))
	for i := range columns {
		if columns[i].format != nil {
			row = append(row, columns[i].name)
		}
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for c := range channels {
		row = row[:0]
		for i := range columns {
			if columns[i].format != nil {
				row = append(row, columns[i].format(&c))
			}
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write CSV: channel %s: %w", c.ID, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// WriteNDJSON writes one JSON object a line; passwords are left out. An import of the file changes
// nothing.
func WriteNDJSON(w io.Writer, channels iter.Seq[Channel]) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for c := range channels {
		if err := e.Encode(&c); err != nil {
			return fmt.Errorf("write NDJSON: channel %s: %w", c.ID, err)
		}
	}
	return nil
}
