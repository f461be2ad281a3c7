package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// plain is a channel without its methods, as encoding/json sees it.
type plain Channel

// UnmarshalJSON reads a whole channel: what is absent takes its default, transport and motion auto
// and enabled true. Fields that it doesn't know are left out of account; DecodeChannel refuses them.
func (c *Channel) UnmarshalJSON(b []byte) error {
	p := plain{Enabled: true}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*c = Channel(p)
	c.defaults()
	return nil
}

// UnmarshalJSON reads the channel and the status; Channel's own would take them for one.
func (l *Listing) UnmarshalJSON(b []byte) error {
	var s struct {
		Status Status `json:"status"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	l.Status = s.Status
	return l.Channel.UnmarshalJSON(b)
}

// defaults fills what an absent field means.
func (c *Channel) defaults() {
	if c.Transport == "" {
		c.Transport = "auto"
	}
	if c.Motion == "" {
		c.Motion = "auto"
	}
}

// DecodeChannel reads a whole channel strictly, as a person or a program wrote it: fields that a
// channel doesn't have, fields that are there twice and values of another type are FieldErrors, and
// so is what Normalize and Validate refuse. The channel it returns is ready to be put.
func DecodeChannel(b []byte) (Channel, error) {
	c, errs := decodeWhole(b)
	if len(errs) > 0 {
		return Channel{}, errs
	}
	if err := c.Prepare(); err != nil {
		return Channel{}, err
	}
	return c, nil
}

// Patch is the channel changed by a JSON merge patch (RFC 7396): fields that the patch doesn't
// name stay, null takes a field back to its default, and tags are replaced whole. It is as strict
// as DecodeChannel. The id can't be changed.
func (c Channel) Patch(patch []byte) (Channel, error) {
	id := c.ID
	c.Tags = slices.Clone(c.Tags)
	errs := decodeFields(patch, &c)
	if len(errs) == 0 && c.ID != id {
		errs.add("id", c.ID, "can't be changed: put a new channel and delete this one")
	}
	if len(errs) > 0 {
		return Channel{}, errs
	}
	if err := c.Prepare(); err != nil {
		return Channel{}, err
	}
	return c, nil
}

// decodeWhole reads a whole channel as strictly as decodeFields does, in less than half of its time:
// what encoding/json alone reads as it should be takes the short way, and all else the long one,
// which knows what is wrong.
func decodeWhole(b []byte) (Channel, FieldErrors) {
	if onlyColumns(b) {
		p := plain{Enabled: true}
		if json.Unmarshal(b, &p) == nil {
			return Channel(p), nil
		}
	}
	c := Channel{Enabled: true}
	errs := decodeFields(b, &c)
	return c, errs
}

// onlyColumns reports whether every key of what may be a JSON object is a column's name, exactly
// and once; encoding/json takes names in either case, unknown ones, and the last of several. Where
// b is no JSON, its answer has no meaning.
func onlyColumns(b []byte) bool {
	var seen uint64
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			from := i + 1
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			to := min(i, len(b))
			rest := bytes.TrimLeft(b[min(i+1, len(b)):], " \t\r\n")
			if depth != 1 || len(rest) == 0 || rest[0] != ':' {
				continue
			}
			column := columnIndex(string(b[from:to]))
			if column < 0 || seen&(1<<column) != 0 {
				return false
			}
			seen |= 1 << column
		}
	}
	return bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{"))
}

// decodeFields reads the fields of a JSON object into the channel, each by the column it is, and
// leaves the others as they are.
func decodeFields(b []byte, c *Channel) FieldErrors {
	var errs FieldErrors
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		errs.add("", "", "must be one JSON object")
		return errs
	}
	seen := make([]bool, len(columns))
	for d.More() {
		t, err := d.Token()
		if err != nil {
			break
		}
		name := t.(string)
		i := columnIndex(name)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			break
		}
		switch {
		case i < 0:
			errs.add(shorten(name), "", unknownColumn)
		case seen[i]:
			errs.add(name, "", "is there twice: keep one")
		default:
			seen[i] = true
			if message := columns[i].decode(c, raw); message != "" {
				errs.add(name, shownJSON(name, raw), message)
			}
		}
	}
	if err := endOfObject(d); err != nil {
		errs.add("", "", "is no valid JSON: "+err.Error())
	}
	return errs
}

// endOfObject checks that the object is complete and that nothing follows it.
func endOfObject(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	if t != json.Delim('}') {
		return fmt.Errorf("at byte %d: the object doesn't end", d.InputOffset())
	}
	if d.More() {
		return errors.New("something follows the object")
	}
	return nil
}

// shownJSON is a JSON value as an error may show it.
func shownJSON(column string, raw json.RawMessage) string {
	s := string(raw)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		s = text
	}
	return shown(column, s)
}

// shown is a value as an error may show it: nothing of a password, nor of what may hold one.
func shown(column, value string) string {
	switch column {
	case "password":
		return ""
	case "url", "sub_url":
		return shownURL(value)
	}
	return shorten(strings.TrimSpace(value))
}
