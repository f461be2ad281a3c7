package api

import (
	"io"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// page is a List that isn't made: it goes from the registry to the wire by hand. Operators ask for
// pages all day, and reflection, with the garbage that it leaves, would take most of each answer's
// time.
type page struct {
	registry.Page
	api  *API
	host string
	of   *registry.Snapshot
}

// Schema is a List's.
func (page) Schema(r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[List](), true, "") }

// MarshalJSON writes a List.
func (p page) MarshalJSON() ([]byte, error) { return p.append(nil), nil }

func (p page) append(b []byte) []byte {
	now := time.Now()
	b = append(b, `{"items":[`...)
	for i := range p.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.api.appendView(b, p.host, p.of, &p.Items[i], &p.Statuses[i], now)
	}
	b = append(b, `],"next":`...)
	b = appendText(b, p.Next)
	b = append(b, `,"total":`...)
	b = strconv.AppendInt(b, int64(p.Total), 10)
	return append(b, '}')
}

// appendView writes what view makes.
func (a *API) appendView(b []byte, host string, s *registry.Snapshot, c *registry.Channel, st *registry.Status, now time.Time) []byte {
	b = append(b, '{')
	b = appendChannel(b, c)
	b = append(b, `,"status":{"state":`...)
	b = appendText(b, string(st.State))
	b = appendOptional(b, "reason", string(st.Reason))
	b = appendOptional(b, "detail", st.Detail)
	if !st.Since.IsZero() {
		b = appendTime(append(b, `,"since":`...), st.Since)
	}
	b = appendOptional(b, "told", string(st.Told))
	b = appendOptional(b, "outage", st.Outage)
	b = appendOptional(b, "event", st.Event)
	b = append(b, `},"rtsp_url":`...)
	b = appendText(b, a.o.RTSPURL(host, c.ID, streams.Main))
	if c.SubURL != "" {
		b = appendOptional(b, "rtsp_sub_url", a.o.RTSPURL(host, c.ID, streams.Sub))
	}
	if m, open := s.InMaintenance(*c, now); open {
		b = append(b, `,"maintenance":{"id":`...)
		b = appendText(b, m.ID)
		b = appendOptional(b, "site", m.Site)
		b = appendOptional(b, "channel", m.Channel)
		b = appendTime(append(b, `,"from":`...), m.From)
		b = appendTime(append(b, `,"until":`...), m.Until)
		b = appendText(append(b, `,"why":`...), m.Why)
		b = appendOptional(b, "by", m.By)
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendChannel writes a channel's fields, without the password and without the braces.
func appendChannel(b []byte, c *registry.Channel) []byte {
	b = appendText(append(b, `"id":`...), c.ID)
	b = appendText(append(b, `,"name":`...), c.Name)
	b = strconv.AppendUint(append(b, `,"class":`...), uint64(c.Class), 10)
	b = appendText(append(b, `,"site":`...), c.Site)
	b = appendText(append(b, `,"scenario":`...), c.Scenario)
	for i, tag := range c.Tags {
		if i == 0 {
			b = append(b, `,"tags":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, tag)
	}
	if len(c.Tags) > 0 {
		b = append(b, ']')
	}
	b = appendNumber(b, "lon", c.Lon)
	b = appendNumber(b, "lat", c.Lat)
	b = appendNumber(b, "heading", c.Heading)
	b = appendText(append(b, `,"url":`...), c.URL)
	b = appendOptional(b, "sub_url", c.SubURL)
	b = appendOptional(b, "username", c.Username)
	b = appendText(append(b, `,"transport":`...), c.Transport)
	b = appendText(append(b, `,"motion":`...), c.Motion)
	b = appendOptional(b, "device", c.Device)
	b = appendOptional(b, "install_time", c.InstallTime)
	b = appendOptional(b, "contact", c.Contact)
	if c.RecordDays != nil {
		b = strconv.AppendInt(append(b, `,"record_days":`...), int64(*c.RecordDays), 10)
	}
	b = strconv.AppendBool(append(b, `,"enabled":`...), c.Enabled)
	return appendOptional(b, "via", c.Via)
}

// appendOptional writes a field after others, unless it is empty.
func appendOptional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(appendName(b, name), value)
}

func appendNumber(b []byte, name string, value *float64) []byte {
	if value == nil {
		return b
	}
	return strconv.AppendFloat(appendName(b, name), *value, 'f', -1, 64)
}

// appendName writes the name of a field that follows another.
func appendName(b []byte, name string) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	return append(b, `":`...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// jsonFormat is huma's, but for pages.
func jsonFormat() huma.Format {
	f := huma.DefaultJSONFormat
	plain := f.Marshal
	var spare sync.Pool // of *[]byte
	f.Marshal = func(w io.Writer, v any) error {
		p, ok := v.(page)
		if !ok {
			return plain(w, v)
		}
		b, _ := spare.Get().(*[]byte)
		if b == nil {
			b = new([]byte)
		}
		*b = append(p.append((*b)[:0]), '\n')
		_, err := w.Write(*b)
		if cap(*b) <= largestHeld {
			spare.Put(b)
		}
		return err
	}
	return f
}
