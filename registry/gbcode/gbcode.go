// Package gbcode reads the 20-digit code that GB/T 28181 gives to every device, channel and
// platform of a public video network.
package gbcode

import (
	"errors"
	"fmt"
	"strconv"
)

// Length is the number of digits of a code.
const Length = 20

// The types of a camera: whatever else carries a code (recorders, platforms, alarms, users) is no
// channel.
const (
	TypeCamera   = 131 // a camera behind an encoder or recorder
	TypeIPCamera = 132 // a camera on the network
)

// The ways in which a string fails to be a code.
var (
	ErrFormat   = errors.New("not 20 digits")
	ErrDivision = errors.New("no such administrative division")
)

// Code is a code taken apart.
type Code struct {
	Centre   string // 8 digits: province, city, district, grass-roots unit, two each
	Industry int    // 2 digits
	Type     int    // 3 digits
	Network  int    // 1 digit
	Serial   int    // 6 digits
}

// Looks reports whether s has the form of a code, whatever it says.
func Looks(s string) bool {
	if len(s) != Length {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Parse takes a code apart. It returns an error that wraps ErrFormat for anything but 20 digits,
// and one that wraps ErrDivision for a centre whose province doesn't exist (GB/T 2260), whose city
// can't exist (over 90), or that names a district of no city. Whether the code is a camera's is
// asked with Camera.
func Parse(s string) (Code, error) {
	if !Looks(s) {
		return Code{}, ErrFormat
	}
	c := Code{
		Centre:   s[:8],
		Industry: number(s[8:10]),
		Type:     number(s[10:13]),
		Network:  number(s[13:14]),
		Serial:   number(s[14:20]),
	}
	province, city, district := number(s[0:2]), number(s[2:4]), number(s[4:6])
	switch {
	case !isProvince(province):
		return Code{}, fmt.Errorf("%w: no province has the code %02d", ErrDivision, province)
	case city > 90: // 90 gathers what a province governs directly, and ends the range
		return Code{}, fmt.Errorf("%w: no city has the code %02d", ErrDivision, city)
	case city == 0 && district != 0:
		return Code{}, fmt.Errorf("%w: district %02d of city 00", ErrDivision, district)
	}
	return c, nil
}

// Camera reports whether the code is that of a camera.
func (c Code) Camera() bool { return c.Type == TypeCamera || c.Type == TypeIPCamera }

// String is the 20 digits.
func (c Code) String() string {
	return fmt.Sprintf("%s%02d%03d%d%06d", c.Centre, c.Industry, c.Type, c.Network, c.Serial)
}

func isProvince(n int) bool {
	switch {
	case n >= 11 && n <= 15, n >= 21 && n <= 23, n >= 31 && n <= 37, n >= 41 && n <= 46,
		n >= 50 && n <= 54, n >= 61 && n <= 65, n == 71, n == 81, n == 82:
		return true
	}
	return false
}

// number reads digits that Looks has seen.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
