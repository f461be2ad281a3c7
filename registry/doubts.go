package registry

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sharpeyes/registry/geo"
)

// secretInURL is how makers of cameras name a password among the parameters of a URL.
var secretInURL = regexp.MustCompile(`(?i)(^|[^a-z])(pass|passwd|password|pwd)=[^&_/]`)

// doubts are what looks wrong in rows of a file, each on its own, and may be meant.
type doubts struct {
	position, url, secret kindOfDoubt
	urls                  map[string]int // row by URL
}

// kindOfDoubt is the first doubts of one kind, and how many more there are.
type kindOfDoubt struct {
	told []Warning
	more Warning // all that weren't told, in one
}

// maxDoubts is how many rows are told of, of each kind.
const maxDoubts = 40

func (k *kindOfDoubt) add(w Warning, rest string) {
	w.Count, w.Value = 1, shorten(w.Value)
	if len(k.told) < maxDoubts {
		k.told = append(k.told, w)
		return
	}
	if k.more.Count == 0 {
		k.more = Warning{Column: w.Column, Row: w.Row, Message: rest}
	}
	k.more.Count++
}

// warnings are all of them, with as many rows as there is room for.
func (d *doubts) warnings() []Warning {
	var all []Warning
	for _, k := range []*kindOfDoubt{&d.position, &d.url, &d.secret} {
		all = append(all, k.told...)
		if k.more.Count > 0 {
			all = append(all, k.more)
		}
	}
	return all
}

// look says what is doubtful in a row.
func (d *doubts) look(row int, c *Channel, box *geo.Box) {
	if c.Lon != nil && c.Lat != nil && box != nil && !c.in(box) {
		message := fmt.Sprintf("lies outside the city (%s to %s east, %s to %s north): check lon and lat", short(box.MinLon), short(box.MaxLon), short(box.MinLat), short(box.MaxLat))
		if box.Contains(geo.Point{Lon: *c.Lat, Lat: *c.Lon}) {
			message = fmt.Sprintf("lies outside the city, but lon=%s and lat=%s lies in it: perhaps they are swapped", degreesText(*c.Lat), degreesText(*c.Lon))
		}
		d.position.add(Warning{Column: "lon", Row: row, Value: degreesText(*c.Lon) + "," + degreesText(*c.Lat), Message: message},
			"more positions outside the city")
	}
	column := ""
	switch {
	case holdsSecret(c.URL):
		column = "url"
	case holdsSecret(c.SubURL):
		column = "sub_url"
	}
	if column != "" { // without the value: a warning ends in logs and tickets
		d.secret.add(Warning{Column: column, Row: row, Message: "seems to hold a password among its parameters, where everyone sees it who sees the channel: " +
			"if the camera takes it so, use the columns username and password instead"}, "more URLs with a password among their parameters")
	}
	if d.urls == nil {
		d.urls = map[string]int{}
	}
	if first, ok := d.urls[c.URL]; ok {
		value := ""
		if column != "url" {
			value = shownURL(c.URL)
		}
		d.url.add(Warning{Column: "url", Row: row, Value: value, Message: "is the URL of row " + strconv.Itoa(first) + " too: perhaps one camera is registered twice"},
			"more URLs that are there twice")
		return
	}
	d.urls[c.URL] = row
}

func holdsSecret(url string) bool { return strings.Contains(url, "=") && secretInURL.MatchString(url) }

func degreesText(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// short is a number of degrees to about a kilometre.
func short(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// swappedGuess says of an impossible latitude that it is perhaps the longitude, or "".
func swappedGuess(lon, lat *float64) string {
	if lon == nil || lat == nil || *lat >= -90 && *lat <= 90 || *lat < -180 || *lat > 180 || *lon < -90 || *lon > 90 {
		return ""
	}
	return fmt.Sprintf(": perhaps lon and lat are swapped (lon=%s, lat=%s)", degreesText(*lat), degreesText(*lon))
}
