// Package devices asks cameras and recorders over HTTP to say when something moves: ONVIF's pull points,
// Hikvision's alert stream and Dahua's event manager. Each device has a goroutine and a connection of its
// own, so that one that is slow or dead is nobody else's matter.
package devices

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"sharpeyes/registry"
)

// The kinds of devices, as the tags of channels name them.
const (
	onvifKind     = "onvif"
	hikvisionKind = "hikvision"
	dahuaKind     = "dahua"
)

// device is what is connected to.
type device struct {
	kind     string
	address  string // host and port
	username string
	password registry.Secret
}

// target is one channel of a device.
type target struct {
	device
	channel string
	input   int // which of the device's inputs, from 1; 0: any, it has one
}

// tag is the tag of a channel that asks for its device to be asked, perhaps with the port of its HTTP
// server.
var tag = regexp.MustCompile(`^motion-(onvif|hikvision|dahua)(?:-([0-9]{1,5}))?$`)

// targetOf tells what the channel asks for, if anything.
func targetOf(ch registry.Channel) (target, bool) {
	if !ch.Enabled || ch.Motion == "off" {
		return target{}, false
	}
	for _, t := range ch.Tags {
		m := tag.FindStringSubmatch(t)
		if m == nil {
			continue
		}
		u, err := url.Parse(ch.URL)
		if err != nil || u.Hostname() == "" {
			return target{}, false
		}
		port := m[2]
		if port == "" {
			port = "80"
		}
		return target{
			device:  device{kind: m[1], address: net.JoinHostPort(u.Hostname(), port), username: ch.Username, password: ch.Password},
			channel: ch.ID, input: input(m[1], u),
		}, true
	}
	return target{}, false
}

var (
	hikvisionPath = regexp.MustCompile(`(?i)/channels/([0-9]+)[0-9]{2}(?:/|$)|/ch([0-9]+)/`)
	dahuaPath     = regexp.MustCompile(`(?i)(?:^|&)channel=([0-9]+)`)
)

// name is a name of XML that needs no care.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// input reads from the address of a stream which input of a recorder it is.
func input(kind string, u *url.URL) int {
	var m []string
	switch kind {
	case hikvisionKind:
		m = hikvisionPath.FindStringSubmatch(u.Path)
	case dahuaKind:
		m = dahuaPath.FindStringSubmatch(u.RawQuery)
	}
	if len(m) == 0 {
		return 0
	}
	n, err := strconv.Atoi(strings.Join(m[1:], ""))
	if err != nil {
		return 0
	}
	return n
}
