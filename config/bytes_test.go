package config

import "testing"

func TestParseBytes(t *testing.T) {
	good := map[string]Bytes{
		"0": 0, "1": 1, "4096": 4096, "1B": 1, "4KiB": 4096, "4 KiB": 4096, "4MiB": 4 << 20, "8GiB": 8 << 30,
		"2TiB": 2 << 40, "1KB": 1000, "3MB": 3e6, "1.5GiB": 3 << 29, "9223372036854775807": 1<<63 - 1,
	}
	for text, want := range good {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "4XB", "4mib", "1e3", "0x10", "inf", "nan", "9223372036854775808", "9000000TiB", "1.2.3MiB"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %d, want an error", text, got)
		}
	}
}

func TestBytesString(t *testing.T) {
	for b, want := range map[Bytes]string{0: "0", 1: "1", 1000: "1000", 4096: "4KiB", 4 << 20: "4MiB", 8 << 30: "8GiB", 3 << 29: "1536MiB"} {
		if b.String() != want {
			t.Errorf("%d is %q, want %q", int64(b), b, want)
		}
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"4MiB", "1.5GiB", "0", "-1", "9e99TB", "...B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBytes(s)
		if err != nil {
			return
		}
		if b < 0 {
			t.Fatalf("%q is %d", s, int64(b))
		}
		if again, err := ParseBytes(b.String()); err != nil || again != b {
			t.Fatalf("%q is %v, which is read as %v, %v", s, b, again, err)
		}
	})
}
