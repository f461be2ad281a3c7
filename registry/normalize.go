package registry

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Normalize brings a channel into the form that the registry keeps: no space around texts, and the
// user info of url and sub_url moved into username and password, where it takes the place of what
// they held. The error is FieldErrors, when the two URLs hold different credentials.
//
// User info is found even where a password holds @ : / # ? % ^ as they are, which a URL doesn't
// allow. First the URL is read as the standard has it: the host ends at the first "/", "?" or "#",
// and the last "@" before that ends the user info. This reading is taken when its host is an
// address, a name with a dot, or localhost. Otherwise the last "@" in the URL that such a host
// follows ends the user info; failing that, the standard reading again, if it gives any host and
// port; failing that, the last "@" that any host follows. So a short host name in front of a path
// with "@ADDRESS" in it must write that "@" as %40. User info is decoded where all of its "%" are
// percent-encoding, and otherwise taken as it is.
func (c *Channel) Normalize() error {
	for _, s := range []*string{
		&c.ID, &c.Name, &c.Site, &c.Scenario, &c.URL, &c.SubURL, &c.Username,
		&c.Transport, &c.Motion, &c.Device, &c.InstallTime, &c.Contact,
	} {
		*s = strings.TrimSpace(*s)
	}
	if len(c.Tags) == 0 {
		c.Tags = nil
	}
	var main, sub credentials
	c.URL, main = splitCredentials(c.URL)
	c.SubURL, sub = splitCredentials(c.SubURL)
	if main.there && sub.there && main != sub {
		return FieldErrors{{"sub_url", shownURL(c.SubURL), "has other credentials than url, but a channel has one user name and password for both"}}
	}
	if !main.there {
		main = sub
	}
	if main.there {
		c.Username = main.user
		if main.withPassword {
			c.Password = Secret(main.password)
		}
	}
	return nil
}

// WithPasswordOf is the channel with the password of its former self, when it has none of its own
// and the user name is the same: passwords are written and never read back, so that whoever edits
// a channel can't send it along.
func (c Channel) WithPasswordOf(old Channel) Channel {
	if c.Password == "" && c.Username == old.Username {
		c.Password = old.Password
	}
	return c
}

// DeviceKey is the recorder or encoder that the channel shares with others: device, or else the
// host and port of the URL. What belongs to the level below shares nothing here.
func (c Channel) DeviceKey() string {
	if c.Via != "" {
		return ""
	}
	if c.Device != "" {
		return c.Device
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "554"
		if u.Scheme == "rtsps" {
			port = "322"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// credentials are the user info of a URL.
type credentials struct {
	user, password string
	there          bool
	withPassword   bool
}

// splitCredentials takes the user info out of a URL, as Normalize says.
func splitCredentials(raw string) (string, credentials) {
	scheme, rest, ok := strings.Cut(raw, "://")
	at := -1
	if ok {
		at = userInfoEnd(rest)
	}
	if at < 0 {
		return raw, credentials{}
	}
	c := credentials{there: true}
	c.user, c.password, c.withPassword = strings.Cut(rest[:at], ":")
	c.user, c.password = strings.TrimSpace(decoded(c.user)), decoded(c.password) // as the fields are
	if c.user == "" && c.password == "" {                                        // rtsp://@host and rtsp://:@host
		c = credentials{}
	}
	return scheme + "://" + rest[at+1:], c
}

// userInfoEnd is where the "@" after the user info stands in a URL without its scheme, or -1.
func userInfoEnd(rest string) int {
	last := strings.LastIndexByte(rest, '@')
	if last < 0 {
		return -1
	}
	// A "#" can't be in an RTSP URL, so it must be in the password.
	standard := strings.LastIndexByte(rest[:len(authority(rest))], '@')
	if host, valid := hostAt(rest, standard); valid && isFullHost(host) {
		return standard
	}
	anyHost := -1
	for at := last; at >= 0; at = strings.LastIndexByte(rest[:at], '@') {
		host, valid := hostAt(rest, at)
		if valid && isFullHost(host) {
			return at
		}
		if valid && anyHost < 0 {
			anyHost = at
		}
	}
	if _, valid := hostAt(rest, standard); valid {
		return standard
	}
	return anyHost
}

// hostAt is the host that follows position at, and whether it can be one, with a port that can.
func hostAt(rest string, at int) (string, bool) {
	after := rest[at+1:]
	if strings.Contains(after, "#") {
		return "", false
	}
	host, port := authority(after), ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return inner, ok && err == nil && a.Is6()
	}
	return host, isHost(host)
}

// isHost reports whether s has the form of a host's name or IPv4 address.
func isHost(s string) bool {
	if s == "" || len(s) > 254 || s[0] == '.' || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// isFullHost reports whether a valid host is an address, a name with a dot, or localhost: nobody
// would take it for a part of a password.
func isFullHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.Contains(strings.Trim(host, "."), ".")
}

// authority is the part before the first "/", "?" or "#".
func authority(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

func decoded(s string) string {
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

// checkURL says how to mend a URL that can't be a camera's, or "".
func checkURL(raw string) string {
	const form = "must be rtsp:// or rtsps://, a host, and if need be a port and a path: rtsp://10.1.2.3:554/stream1"
	if len(raw) > maxURL {
		return "must be at most 2048 bytes long"
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	if !slices.Contains([]string{"rtsp", "rtsps"}, strings.ToLower(scheme)) {
		return form
	}
	if strings.Contains(authority(rest), "@") {
		return "must hold no user name and password: give them as username and password"
	}
	if strings.ContainsAny(rest, "# \t") || !clean(rest) {
		return `must hold no "#", space or control character: write them as %23, %20 …`
	}
	if _, valid := hostAt(rest, -1); !valid {
		return form
	}
	if _, err := url.Parse(raw); err != nil {
		return form
	}
	return ""
}

// shownURL is a URL as an error may show it: nothing before an "@", and nothing at all when what
// is a password in it can't be told.
func shownURL(raw string) string {
	const hidden = "…@"
	scheme, rest, ok := strings.Cut(raw, "://")
	switch {
	case !ok && strings.Contains(raw, "@"):
		return ""
	case !ok:
		return shorten(raw)
	case !strings.Contains(rest, "@"):
		if _, valid := hostAt(rest, -1); valid {
			return shorten(raw)
		}
		return shorten(scheme) + "://…" // perhaps USER:PASSWORD without its "@"
	}
	at := userInfoEnd(rest)
	if at < 0 {
		if _, valid := hostAt(rest, -1); valid && isFullHost(authority(rest)) {
			return shorten(raw)
		}
		return shorten(scheme) + "://…"
	}
	return shorten(scheme + "://" + hidden + rest[at+1:])
}
