package registry

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sharpeyes/registry/gbcode"
)

var (
	idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	// Spreadsheets turn a long number into this.
	spreadsheetForm = regexp.MustCompile(`^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$`)
)

// The bounds of a channel's fields.
const (
	maxName      = 128 // runes
	maxSite      = 6   // tokens
	maxTags      = 32
	maxTag       = 32 // runes
	maxURL       = 2048
	maxUser      = 256 // bytes
	maxShortText = 256 // runes: device, contact
	maxDays      = 36500
)

// How to mend what several fields may have wrong.
const (
	mendClass = "must be 1 (public places), 2 (key places), 3 (shared) or 9 (other)"
	mendToken = "must be 1 to 32 of a-z, 0-9, _ and -" // #nosec G101: a word of a subject
	mendSite  = "must be 1 to 6 tokens joined by /, each 1 to 32 of a-z, 0-9, _ and -, as in xiamen/siming/zhonghua"
	mendTag   = "must be 1 to 32 letters, digits, _, - and ."
	mendDays  = "must be a whole number of days, 0 to 36500"
)

// transports and motions are the choices that a channel has.
var (
	transports = []string{"auto", "tcp", "udp"}
	motions    = []string{"auto", "always", "off"}
)

// Prepare makes a channel ready to be put: defaults, Normalize, Validate. The error is FieldErrors.
func (c *Channel) Prepare() error {
	c.defaults()
	if err := c.Normalize(); err != nil {
		return err
	}
	return c.Validate()
}

// Validate reports everything that is wrong with a channel, as FieldErrors that say how to mend it.
// No error shows a password, or the user info of a URL.
func (c Channel) Validate() error {
	var errs FieldErrors
	c.validateID(&errs)
	validateName("name", c.Name, &errs)
	if !c.Class.valid() {
		errs.add("class", strconv.Itoa(int(c.Class)), mendClass)
	}
	if !isSite(c.Site) {
		errs.add("site", c.Site, mendSite)
	}
	if !isToken(c.Scenario) {
		errs.add("scenario", c.Scenario, mendToken)
	}
	if len(c.Tags) > maxTags {
		errs.add("tags", strconv.Itoa(len(c.Tags)), "must be at most "+strconv.Itoa(maxTags))
	}
	for i, tag := range c.Tags {
		if !isTag(tag) {
			errs.add("tags", tag, mendTag)
		} else if slices.Contains(c.Tags[:i], tag) {
			errs.add("tags", tag, "is there twice: keep one")
		}
	}
	validatePosition(c.Lon, c.Lat, &errs)
	validateRange("heading", c.Heading, 0, 360, &errs)
	c.validateSource(&errs)
	validateText("device", c.Device, &errs)
	validateText("contact", c.Contact, &errs)
	if c.InstallTime != "" {
		if _, err := time.Parse(time.DateOnly, c.InstallTime); err != nil {
			errs.add("install_time", c.InstallTime, "must be a date, as in 2024-05-31")
		}
	}
	if d := c.RecordDays; d != nil && (*d < 0 || *d > maxDays) {
		errs.add("record_days", strconv.Itoa(*d), mendDays)
	}
	return errs.err()
}

func (c *Channel) validateID(errs *FieldErrors) {
	switch {
	case gbcode.Looks(c.ID):
		code, err := gbcode.Parse(c.ID)
		if errors.Is(err, gbcode.ErrDivision) {
			errs.add("id", c.ID, "is a GB/T 28181 code of an impossible division ("+err.Error()+"): mend its first 8 digits")
		} else if !code.Camera() {
			errs.add("id", c.ID, "is a GB/T 28181 code, but digits 11 to 13 aren't a camera's: they must be 131 or 132")
		}
	case c.ID == "":
		errs.add("id", "", "must be there")
	case spreadsheetForm.MatchString(c.ID):
		errs.add("id", c.ID, "was rounded by a spreadsheet: format the column as text and fill it again")
	case !idForm.MatchString(c.ID):
		errs.add("id", c.ID, "must be the 20 digits of a GB/T 28181 code, or 1 to 64 of A-Z, a-z, 0-9, _ and -")
	}
}

func (c *Channel) validateSource(errs *FieldErrors) {
	if c.URL == "" {
		errs.add("url", "", "must be there")
	} else if message := checkURL(c.URL); message != "" {
		errs.add("url", shownURL(c.URL), message)
	}
	if c.SubURL != "" {
		if message := checkURL(c.SubURL); message != "" {
			errs.add("sub_url", shownURL(c.SubURL), message)
		}
	}
	if len(c.Username) > maxUser || !clean(c.Username) {
		errs.add("username", c.Username, "must be at most 256 bytes of UTF-8, without control characters")
	}
	if p := c.Password.Reveal(); len(p) > maxUser || !clean(p) {
		errs.add("password", "", "must be at most 256 bytes of UTF-8, without control characters")
	}
	if c.Password != "" && c.Username == "" {
		errs.add("username", "", "must be there when there is a password")
	}
	if !slices.Contains(transports, c.Transport) {
		errs.add("transport", c.Transport, "must be auto, tcp or udp")
	}
	if !slices.Contains(motions, c.Motion) {
		errs.add("motion", c.Motion, "must be auto, always or off")
	}
}

// Validate reports everything that is wrong with a site, as FieldErrors.
func (s Site) Validate() error {
	var errs FieldErrors
	if !isSite(s.Path) {
		errs.add("path", s.Path, mendSite)
	}
	validateName("name", s.Name, &errs)
	validatePosition(s.Lon, s.Lat, &errs)
	return errs.err()
}

func validateName(column, name string, errs *FieldErrors) {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName || !clean(name) {
		errs.add(column, name, "must be 1 to 128 characters of UTF-8, without control characters")
	}
}

func validateText(column, s string, errs *FieldErrors) {
	if utf8.RuneCountInString(s) > maxShortText || !clean(s) {
		errs.add(column, s, "must be at most 256 characters of UTF-8, without control characters")
	}
}

func validatePosition(lon, lat *float64, errs *FieldErrors) {
	if lon != nil && lat == nil {
		errs.add("lat", "", "must be there when lon is")
	}
	if lat != nil && lon == nil {
		errs.add("lon", "", "must be there when lat is")
	}
	validateRange("lon", lon, -180, 180, errs)
	before := len(*errs)
	validateRange("lat", lat, -90, 90, errs)
	if len(*errs) > before {
		(*errs)[before].Message += swappedGuess(lon, lat)
	}
}

func validateRange(column string, f *float64, low, high float64, errs *FieldErrors) {
	if f != nil && (math.IsNaN(*f) || *f < low || *f > high) {
		errs.add(column, strconv.FormatFloat(*f, 'f', -1, 64),
			"must be a number of degrees from "+strconv.Itoa(int(low))+" to "+strconv.Itoa(int(high)))
	}
}

func (c Class) valid() bool {
	return c == PublicPlaces || c == KeyPlaces || c == Shared || c == OtherClass
}

func parseClass(s string) (Class, bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	return Class(n), err == nil && Class(n).valid()
}

// isToken reports whether s is a scenario, or one step of a site.
func isToken(s string) bool {
	for i := range len(s) {
		if b := s[i]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '_' && b != '-' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 32
}

func isSite(path string) bool {
	if strings.Count(path, "/") >= maxSite {
		return false
	}
	for token := range strings.SplitSeq(path, "/") {
		if !isToken(token) {
			return false
		}
	}
	return true
}

func isTag(s string) bool {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxTag || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' && r != '.'
	})
}

// clean reports whether s is UTF-8 without control characters.
func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
