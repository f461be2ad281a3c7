package api

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"

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
