package config

import (
	_ "embed"
	"io"
)

//go:embed default.yaml
var defaultYAML string

// WriteDefault writes a configuration file that holds every key with its default and what it is
// for. Loading it gives Default.
func WriteDefault(w io.Writer) error {
	_, err := io.WriteString(w, defaultYAML)
	return err
}
