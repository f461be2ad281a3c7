package registry

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// What may go wrong with a change of the registry, whoever asks for it.
var (
	// ErrNotFound says that a channel, a site or a user isn't there.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that what a change was planned on has changed since.
	ErrConflict = errors.New("changed meanwhile")
	// ErrNoRoom says that a change isn't taken since there is no room to store it.
	ErrNoRoom = errors.New("there is no room to store it")
)

// NotFoundError names what isn't there. It wraps ErrNotFound.
type NotFoundError struct {
	What string // channel, site
	ID   string
}

// Error names what isn't there.
func (e *NotFoundError) Error() string { return "no " + e.What + " " + e.ID }

// Unwrap is ErrNotFound.
func (e *NotFoundError) Unwrap() error { return ErrNotFound }

// ConflictError names what changed under the hands of a writer. It wraps ErrConflict.
type ConflictError struct {
	What     string // a channel's id, or registry
	Expected string // version or tag that the writer had seen
	Actual   string // what it is now
	// Channel is the id when What is a channel; empty otherwise.
	Channel string
	// Changes are the last ones of the channel, newest first; none when they aren't known.
	Changes []Change
	// Version is what someone else made of the registry, when What isn't a channel and it is known.
	Version *Version
}

// Error names what changed, and who changed it, as far as that is known.
func (e *ConflictError) Error() string {
	who := "someone else"
	switch {
	case len(e.Changes) > 0:
		c := e.Changes[0]
		fields := make([]string, len(c.Fields))
		for i, f := range c.Fields {
			fields[i] = f.Field
		}
		who = fmt.Sprintf("%s at %s (%s, version %d: %s)", c.By, c.At.Format(time.RFC3339), c.Kind, c.Version, strings.Join(fields, ", "))
	case e.Version != nil:
		who = fmt.Sprintf("%s at %s (%s, version %d)", e.Version.By, e.Version.At.Format(time.RFC3339), e.Version.Action, e.Version.Version)
	}
	return fmt.Sprintf("%s was changed by %s (expected version %s, is %s): read it again and repeat the change", e.What, who, e.Expected, e.Actual)
}

// Unwrap is ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// FieldError is one value that can't be taken, with how to mend it.
type FieldError struct {
	Column  string `json:"column"` // the field of the channel, or the query's parameter
	Value   string `json:"value"`  // at most 80 characters; empty where it might hold a credential
	Message string `json:"message"`
}

// Error is the column, the value and the message.
func (e FieldError) Error() string {
	if e.Value == "" {
		return e.Column + ": " + e.Message
	}
	return fmt.Sprintf("%s %q: %s", e.Column, e.Value, e.Message)
}

// FieldErrors are all that is wrong with one channel, site or query.
type FieldErrors []FieldError

// Error is all of them, in one line.
func (es FieldErrors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// add appends an error; the value is shortened to what a person can read.
func (es *FieldErrors) add(column, value, message string) {
	*es = append(*es, FieldError{Column: column, Value: shorten(value), Message: message})
}

// err is nil when nothing is wrong; a nil FieldErrors in an error wouldn't be.
func (es FieldErrors) err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// shorten cuts a value to 80 runes and makes it valid UTF-8.
func shorten(s string) string {
	const most = 80
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == most {
			return s[:i] + "…"
		}
	}
	return s
}
