package gbcode_test

import (
	"errors"
	"testing"

	"sharpeyes/registry/gbcode"
)

func TestParse(t *testing.T) {
	got, err := gbcode.Parse("35020300001320000042")
	want := gbcode.Code{Centre: "35020300", Industry: 0, Type: 132, Network: 0, Serial: 42}
	if err != nil || got != want {
		t.Fatalf("Parse = %+v, %v, want %+v", got, err, want)
	}
	if !got.Camera() {
		t.Error("132 is a camera")
	}
	if got.String() != "35020300001320000042" {
		t.Errorf("String = %s", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for code, want := range map[string]error{
		"":                       gbcode.ErrFormat,
		"3502030000132000004":    gbcode.ErrFormat, // 19
		"350203000013200000421":  gbcode.ErrFormat, // 21
		"3502030000132000004x":   gbcode.ErrFormat,
		"３5020300001320000":      gbcode.ErrFormat, // a full-width digit
		"00020300001320000042":   gbcode.ErrDivision,
		"16020300001320000042":   gbcode.ErrDivision,
		"99020300001320000042":   gbcode.ErrDivision,
		"35000300001320000042":   gbcode.ErrDivision, // a district of no city
		"35990300001320000042":   gbcode.ErrDivision, // no such city
		"35000000001320000042":   nil,                // the province itself
		"35020000001320000042":   nil,                // the city itself
		"46900500001320000042":   nil,                // a county that its province governs
		"71000000001310000001":   nil,
		"34020000002000000001":   nil, // a platform: a code, if no camera's
		"35020300001180000042":   nil,
		"11010500001311000001":   nil,
		"\x0035020300001320000":  gbcode.ErrFormat,
		"35020300 01320000042":   gbcode.ErrFormat,
		"-5020300001320000042":   gbcode.ErrFormat,
		"+5020300001320000042":   gbcode.ErrFormat,
		"35020300001320000042\n": gbcode.ErrFormat,
	} {
		if _, err := gbcode.Parse(code); !errors.Is(err, want) {
			t.Errorf("Parse(%q): %v, want %v", code, err, want)
		}
	}
	if code, _ := gbcode.Parse("35020300001180000042"); code.Camera() {
		t.Error("118, a recorder, passes for a camera")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"35020300001320000042", "34020000002000000001", "", "abc", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := gbcode.Parse(s)
		if err == nil && code.String() != s {
			t.Errorf("Parse(%q).String() = %q", s, code)
		}
		if (err == nil || errors.Is(err, gbcode.ErrDivision)) != gbcode.Looks(s) {
			t.Errorf("Parse(%q): %v, but Looks says %v", s, err, gbcode.Looks(s))
		}
	})
}
