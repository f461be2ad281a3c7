package registry

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// unknownColumn is said of a field that no channel has.
const unknownColumn = "is no field of a channel: take it out, or mend its name"

// column is one field of a channel in its text and JSON forms.
type column struct {
	name     string
	required bool
	// parse sets the field from text that isn't empty; what it returns is how to mend it, or "".
	parse func(c *Channel, s string) string
	// field is where the field lies, for encoding/json.
	field func(c *Channel) any
	// kind says what encoding/json expects, in words.
	kind string
	// format is the field's text; "" when it is absent. Nil: never written.
	format func(c *Channel) string
}

// columns are all fields, in the order in which an export writes them.
var columns = []column{
	text("id", true, func(c *Channel) *string { return &c.ID }),
	text("name", true, func(c *Channel) *string { return &c.Name }),
	{
		name: "class", required: true, kind: "a number",
		parse: func(c *Channel, s string) string {
			class, ok := parseClass(s)
			if c.Class = class; !ok {
				return mendClass
			}
			return ""
		},
		field:  func(c *Channel) any { c.Class = 0; return &c.Class },
		format: func(c *Channel) string { return strconv.Itoa(int(c.Class)) },
	},
	text("site", true, func(c *Channel) *string { return &c.Site }),
	text("scenario", true, func(c *Channel) *string { return &c.Scenario }),
	{
		name: "tags", kind: "a list of texts",
		parse: func(c *Channel, s string) string {
			for tag := range strings.SplitSeq(s, ";") {
				if tag = strings.TrimSpace(tag); tag != "" {
					c.Tags = append(c.Tags, tag)
				}
			}
			return ""
		},
		field:  func(c *Channel) any { c.Tags = nil; return &c.Tags },
		format: func(c *Channel) string { return strings.Join(c.Tags, ";") },
	},
	degrees("lon", func(c *Channel) **float64 { return &c.Lon }),
	degrees("lat", func(c *Channel) **float64 { return &c.Lat }),
	degrees("heading", func(c *Channel) **float64 { return &c.Heading }),
	text("url", true, func(c *Channel) *string { return &c.URL }),
	text("sub_url", false, func(c *Channel) *string { return &c.SubURL }),
	text("username", false, func(c *Channel) *string { return &c.Username }),
	{
		name: "password", kind: "a text",
		parse: func(c *Channel, s string) string { c.Password = Secret(s); return "" },
		field: func(c *Channel) any { return (*string)(&c.Password) },
	},
	text("transport", false, func(c *Channel) *string { return &c.Transport }),
	text("motion", false, func(c *Channel) *string { return &c.Motion }),
	text("device", false, func(c *Channel) *string { return &c.Device }),
	text("install_time", false, func(c *Channel) *string { return &c.InstallTime }),
	text("contact", false, func(c *Channel) *string { return &c.Contact }),
	{
		name: "record_days", kind: "a whole number",
		parse: func(c *Channel, s string) string {
			n, err := strconv.Atoi(s)
			if c.RecordDays = &n; err != nil {
				return mendDays
			}
			return ""
		},
		field: func(c *Channel) any { c.RecordDays = nil; return &c.RecordDays },
		format: func(c *Channel) string {
			if c.RecordDays == nil {
				return ""
			}
			return strconv.Itoa(*c.RecordDays)
		},
	},
	{
		name: "enabled", kind: "true or false",
		parse: func(c *Channel, s string) string {
			on, err := strconv.ParseBool(strings.ToLower(s))
			if c.Enabled = on; err != nil {
				return "must be true or false"
			}
			return ""
		},
		field:  func(c *Channel) any { c.Enabled = true; return &c.Enabled },
		format: func(c *Channel) string { return strconv.FormatBool(c.Enabled) },
	},
}

// text is a column that is taken as it is written.
func text(name string, required bool, at func(*Channel) *string) column {
	return column{
		name: name, required: required, kind: "a text",
		parse:  func(c *Channel, s string) string { *at(c) = s; return "" },
		field:  func(c *Channel) any { return at(c) },
		format: func(c *Channel) string { return *at(c) },
	}
}

// degrees is a column of a number that may be absent.
func degrees(name string, at func(*Channel) **float64) column {
	return column{
		name: name, kind: "a number of degrees",
		parse: func(c *Channel, s string) string {
			f, err := strconv.ParseFloat(s, 64)
			if *at(c) = &f; err != nil {
				return "must be a number of degrees, with a point: 118.0894"
			}
			return ""
		},
		// A new place for the number: the old one may belong to a snapshot.
		field: func(c *Channel) any { *at(c) = nil; return at(c) },
		format: func(c *Channel) string {
			if *at(c) == nil {
				return ""
			}
			return strconv.FormatFloat(**at(c), 'f', -1, 64)
		},
	}
}

// decode sets the field from JSON; what it returns is how to mend it, or "". Null is the default.
func (col *column) decode(c *Channel, raw json.RawMessage) string {
	if string(raw) == "null" {
		raw = json.RawMessage(`""`)
		if col.kind != "a text" {
			raw = json.RawMessage("null")
		}
	}
	if json.Unmarshal(raw, col.field(c)) != nil {
		return "must be " + col.kind
	}
	return ""
}

// columnIndex is where the named column stands, or -1.
func columnIndex(name string) int {
	return slices.IndexFunc(columns, func(c column) bool { return c.name == name })
}
