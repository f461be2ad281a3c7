package registry

import "log/slog"

// Secret is a camera's password. It can be read from JSON and from a configuration, and prints,
// logs and marshals as nothing, so that it can't slip into an answer, an event or a log.
// Reveal is the one way to it; whether there is one is asked with == "".
type Secret string

const redacted = "[redacted]"

// Reveal returns the password itself, for the dialogue with the camera and for sealing.
func (s Secret) Reveal() string { return string(s) }

// IsZero is always true, which makes an encoder omit the field (omitzero) whatever it holds.
func (s Secret) IsZero() bool { return true }

// String never returns the password.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString never returns the password.
func (s Secret) GoString() string { return s.String() }

// LogValue never returns the password.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText never returns the password; a registry record seals it in a field of its own.
func (s Secret) MarshalText() ([]byte, error) { return nil, nil }

// UnmarshalText takes the password as it is written.
func (s *Secret) UnmarshalText(b []byte) error { *s = Secret(b); return nil }
