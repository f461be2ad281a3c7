package api

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"unicode/utf8"

	"sharpeyes/registry"
)

func FuzzParameters(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"id":"x"}`, `{"class":[1,2],"q":null,"limit":5}`, `{"a":{"b":1}}`, `[1]`, `{"id":35020301001311000001}`, `{"x":true}{`, `null`, `nope`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := parameters(data)
		if err != nil {
			return
		}
		for name, list := range values {
			if len(list) != 1 {
				t.Errorf("%q has %d values", name, len(list))
			}
		}
		_, _ = registry.ParseQuery(values)
	})
}

// What readObject makes of a channel's body is the same channel.
func FuzzReadObject(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `{"id":"a"}`, `{"name":"n","status":{"state":"online"}}`, `{"a":1,"a":2}`, `{"a":1} {}`, `{"a":`, `[]`, `{"status":1}`,
		`{"id":"a","name":"n","class":1,"site":"x","scenario":"y","url":"rtsp://h/","rtsp_url":"rtsp://g/a"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxEdit {
			return
		}
		in := request{r: httptest.NewRequest("PUT", "/", bytes.NewReader(data)), w: httptest.NewRecorder()}
		body, err := readObject(in, map[string]any{"id": "a"})
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(body) && !json.Valid(data) {
			t.Errorf("%q was mended to %q", data, body)
		}
		want, before := registry.DecodeChannel(data)
		got, after := registry.DecodeChannel(body)
		if before == nil && (after != nil || !registry.Equal(want, got)) {
			t.Errorf("%q gave %+v, and %q %+v, %v", data, want, body, got, after)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add(`"a", "b"`, `"b"`)
	f.Add(`*`, `"b"`)
	f.Add(`W/"b"`, `"b"`)
	f.Add(``, ``)
	f.Fuzz(func(t *testing.T, list, tag string) {
		if names(list, "") {
			t.Error("nothing has a name")
		}
		_ = names(list, tag)
	})
}

// Whatever is asked of a report, its pages come to an end.
func FuzzParseReport(f *testing.F) {
	for _, s := range []string{"", "missing=contact,position&limit=5", "cursor=YQ", "cursor=*", "missing=hat", "sort=name", "class=1&site=xiamen%2Fsiming", "limit=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := parseReport(values)
		if err == nil && (q.Limit < 1 || q.Limit > registry.MaxLimit || q.missing == 0) {
			t.Errorf("%q gives %+v", query, q)
		}
	})
}

// Any text is JSON, and the same text again where it was UTF-8.
func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"", "演武小学", `a"b\c`, "\x00\x1f\x7f", "\xff\xc0", "\u2028<>&", "\xe6\xbc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var back string
		b := appendText(nil, text)
		if err := json.Unmarshal(b, &back); err != nil || utf8.ValidString(text) && back != text {
			t.Errorf("%q is written as %s, %v", text, b, err)
		}
	})
}

func FuzzAppendDegrees(f *testing.F) {
	for _, d := range []float64{0, 118.09, -24.480001, 180, -180, 1e-7, -0.0000004, 99.9999999} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, degrees float64) {
		if math.IsNaN(degrees) || math.Abs(degrees) > 180 {
			return
		}
		b := appendDegrees(nil, degrees)
		got, err := strconv.ParseFloat(string(b), 64)
		if err != nil || !json.Valid(b) || math.Abs(got-degrees) > 0.5000001e-6 {
			t.Errorf("%v is written as %s, %v", degrees, b, err)
		}
	})
}
