package api

import (
	"io"
	"iter"
	"mime"

	"sharpeyes/registry"
)

// format is a form of a file of channels.
type format struct {
	name      string
	mediaType string
	read      func(io.Reader, registry.ImportOptions) ([]registry.Channel, []registry.RowError, []registry.Warning, error)
	write     func(io.Writer, iter.Seq[registry.Channel]) error
}

// formatOf finds a format by its name, or else by the media type of a body; CSV when neither says.
func formatOf(name, contentType string) (format, error) {
	csv := format{"csv", "text/csv; charset=utf-8", registry.ReadCSV, registry.WriteCSV}
	ndjson := format{"ndjson", "application/x-ndjson", registry.ReadNDJSON, registry.WriteNDJSON}
	switch name {
	case "csv":
		return csv, nil
	case "ndjson":
		return ndjson, nil
	case "":
		if t, _, err := mime.ParseMediaType(contentType); err == nil && (t == "application/x-ndjson" || t == "application/jsonl") {
			return ndjson, nil
		}
		return csv, nil
	}
	return format{}, badQuery("format", name, "must be csv or ndjson")
}
