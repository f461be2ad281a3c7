package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"sharpeyes/registry"
)

// decodeStrictly reads a body that is one small JSON object with no field that v doesn't have.
func decodeStrictly(in request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(in.w, in.r.Body, maxEdit))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("something follows the object")
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return registry.FieldErrors{{Message: "the body must be one JSON object: " + err.Error()}}
}
