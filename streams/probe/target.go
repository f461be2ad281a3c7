package probe

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// target is where a probe goes.
type target struct {
	tls  bool
	addr netip.AddrPort // valid when the host is an address, not a name
	host string         // host:port, also for the operator to read
	uri  string         // of the request line; never holds user info
}

var noAddr netip.AddrPort

// The errors say nothing of the URL itself, since it may hold what nobody should read.
var (
	errNotURL    = errors.New("its url can't be read")
	errNotRTSP   = errors.New("its url is neither rtsp:// nor rtsps://")
	errNoHost    = errors.New("its url names no host")
	errBadPort   = errors.New("the port of its url is not one of 1 to 65535")
	errLongProbe = errors.New("its url is too long")
)

// parseTarget reads a channel's url. User info has no business there and is left out of the request.
func parseTarget(raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, errNotURL
	}
	t := target{}
	port := uint16(554)
	switch u.Scheme {
	case "rtsp":
	case "rtsps":
		t.tls, port = true, 322
	default:
		return target{}, errNotRTSP
	}
	host := u.Hostname()
	if host == "" {
		return target{}, errNoHost
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return target{}, errBadPort
		}
		port = uint16(n)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		t.addr = netip.AddrPortFrom(ip, port)
	}
	t.host = net.JoinHostPort(host, strconv.Itoa(int(port)))
	if t.uri = raw; u.User != nil || u.Fragment != "" || u.Opaque != "" {
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		t.uri = u.String()
	}
	for i := range len(t.uri) {
		if t.uri[i] <= ' ' || t.uri[i] == 0x7f { // would end the request line early
			return target{}, errNotURL
		}
	}
	if len(t.uri) > bufferSize/2 {
		return target{}, errLongProbe
	}
	return t, nil
}

// serverName is the host without its port.
func (t target) serverName() string {
	host, _, _ := net.SplitHostPort(t.host)
	return host
}
