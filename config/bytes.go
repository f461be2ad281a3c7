package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// unit is a name that may follow a size, and what it multiplies by.
type unit struct {
	name string
	size int64
}

// units are in the order in which a size tries them, so that the largest that divides it wins.
func units() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
	}
}

// ParseBytes reads a size: a whole number of bytes, or a number followed by KiB, MiB, GiB, TiB
// (powers of 1024) or KB, MB, GB, TB (powers of 1000).
func ParseBytes(s string) (Bytes, error) {
	number, factor := strings.TrimSpace(s), int64(1)
	for _, u := range units() {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.size
			break
		}
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n < 0 || n > math.MaxInt64/factor {
			return 0, fmt.Errorf("size %q is out of range", s)
		}
		return Bytes(n * factor), nil
	}
	// 1.5GiB; the parser would also take hexadecimal numbers, exponents and "inf", which no size is written in.
	if strings.Trim(number, "0123456789.") != "" {
		return 0, fmt.Errorf("%q isn't a size", s)
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("%q isn't a size", s)
	}
	if f *= float64(factor); f >= math.MaxInt64 {
		return 0, fmt.Errorf("size %q is out of range", s)
	}
	return Bytes(f), nil
}

// String writes the size with the largest binary unit that divides it, or as a plain number.
func (b Bytes) String() string {
	for _, u := range units()[:4] {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText writes the size as String does.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads the size as ParseBytes does.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := ParseBytes(string(text))
	if err != nil {
		return err
	}
	*b = n
	return nil
}
