package registry

import (
	"errors"
	"io"
)

// ReadNDJSON is ReadCSV for one JSON object a line.
func ReadNDJSON(r io.Reader, opts ImportOptions) ([]Channel, []RowError, []Warning, error) {
	return read(r, opts, func(in *intake, l *lines) error {
		for {
			err := l.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			c, errs := decodeWhole(l.line)
			if errs.has("") { // no JSON object at all
				if !l.ended {
					return &textError{l.number, "the file is cut short: its last row is no complete JSON object"}
				}
				err = in.refuse(l.number, errs)
			} else {
				err = in.take(l.number, c, errs)
			}
			if err != nil {
				return err
			}
		}
	})
}
