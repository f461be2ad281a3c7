package api

import (
	"math"
	"strconv"
	"unicode/utf8"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// appendFeature writes a channel that has a position as a GeoJSON feature. It is written by hand:
// a map asks for a whole city at once, and reflection would take most of the answer's time.
func appendFeature(b []byte, c *registry.Channel, state event.State) []byte {
	b = append(b, `{"type":"Feature","id":`...)
	b = appendText(b, c.ID)
	b = append(b, `,"geometry":{"type":"Point","coordinates":[`...)
	b = appendDegrees(b, *c.Lon)
	b = append(b, ',')
	b = appendDegrees(b, *c.Lat)
	b = append(b, `]},"properties":{"id":`...)
	b = appendText(b, c.ID)
	b = append(b, `,"name":`...)
	b = appendText(b, c.Name)
	b = append(b, `,"class":`...)
	b = strconv.AppendUint(b, uint64(c.Class), 10)
	b = append(b, `,"state":`...)
	b = appendText(b, string(state))
	b = append(b, `,"scenario":`...)
	b = appendText(b, c.Scenario)
	b = append(b, `,"site":`...)
	b = appendText(b, c.Site)
	return append(b, `}}`...)
}

// appendDegrees writes degrees to six decimals, which is 11 cm on the ground, without the zeros at
// the end.
func appendDegrees(b []byte, degrees float64) []byte {
	millionths := int64(math.Round(degrees * 1e6))
	if millionths < 0 {
		b = append(b, '-')
		millionths = -millionths
	}
	b = strconv.AppendInt(b, millionths/1e6, 10)
	rest := millionths % 1e6
	if rest == 0 {
		return b
	}
	b = append(b, '.')
	for unit := int64(1e5); rest > 0; unit /= 10 {
		b = append(b, byte('0'+rest/unit))
		rest %= unit
	}
	return b
}

// appendText writes a JSON text.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			const hex = "0123456789abcdef"
			b = append(append(b, s[from:i]...), `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
			from = i + 1
		}
		i++
	}
	return append(append(b, s[from:]...), '"')
}
