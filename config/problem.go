package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Where  string // "gateway.yaml:3:11", or the name of the environment variable; empty when neither set it
	Key    string // "streams.linger"; empty when the whole file can't be read
	Value  string // as it was written; empty for keys that may hold a password
	Mend   string // what is wrong and what to write
	Source string // the line of the file, for people to see
}

// String is the problem in one line, and the line of the file below it where there is one.
func (p Problem) String() string {
	var b strings.Builder
	for _, s := range []string{p.Where, p.Key} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	if p.Value != "" {
		fmt.Fprintf(&b, "%q ", shorten(p.Value))
	}
	b.WriteString(p.Mend)
	if p.Source != "" {
		b.WriteString("\n    " + p.Source)
	}
	return b.String()
}

// Problems is every problem of a configuration, in the order of the file.
type Problems []Problem

// Error is all problems, one after the other.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// err is nil when there are none: an empty Problems in an error wouldn't be.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// shorten keeps a value that was pasted by mistake from filling the screen.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// discreet is a value as a problem may tell it: nothing when it may hold a password, such as
// nats://user:password@host.
func discreet(key, value string) string {
	if key == "nats.url" || strings.HasPrefix(key, "nats.leaf_remotes") || strings.Contains(value, "@") {
		return ""
	}
	return value
}
