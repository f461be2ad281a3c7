// Package source is the pull side: it opens a stream at a camera and hands its access units to a
// sink. One call of Pull is one connection; whether and when to try again is the caller's to say.
//
// It speaks RTSP itself, and uses the library's packages only to read descriptions. The library's
// client costs several goroutines a connection, a copy and some allocations a packet, which is most
// of what a gateway of many cameras would do all day; and it is strict where cameras are not: it
// panics on payload types that a description doesn't name, drops a stream whose SSRC changes, fails
// a description for one bad media, never takes a new nonce, and follows redirects anywhere.
//
// Over TCP one goroutine a pull reads into a block (see intake). A picture's packets, which lie one
// after another in it, become its unit as they lie there: nothing is copied or allocated a packet.
// Over UDP each socket has a goroutine, and packets are put back into order first.
package source

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// maxRedirects is how often a camera may send us elsewhere on itself.
const maxRedirects = 2

// Source pulls from cameras.
type Source struct {
	// StartTimeout is until the camera must have accepted to send, the connection included.
	StartTimeout time.Duration
	// StallTimeout is how long no packet may come before the stream is given up.
	StallTimeout time.Duration
	// UserAgent is what the camera is told.
	UserAgent string
}

// Pull opens the stream, hands it to the sink, and returns when it has ended and nothing of it is
// left. The error is a *streams.Failure when it is the camera's doing, else ctx's. When the camera
// has to be asked again over the other transport, the sink is told the description once more.
func (s *Source) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	t, err := newTarget(streams.URL(ch, p), ch.Username, ch.Password.Reveal())
	if err != nil {
		return &streams.Failure{Reason: event.BadAnswer, Detail: "the channel's URL can't be parsed"}
	}
	until := time.Now().Add(s.StartTimeout) // of both attempts together
	udp := ch.Transport == "udp"
	err = s.pull(ctx, t, udp, until, sink)
	switch {
	case ctx.Err() != nil:
	case !udp && ch.Transport == "auto" && errors.Is(err, errOnlyUDP):
		// TCP first: it loses nothing, passes every NAT, and most cameras have it. The few that
		// don't say so.
		err = s.pull(ctx, t, true, until, sink)
	case udp && errors.Is(err, errOnlyTCP):
		err = s.pull(ctx, t, false, until, sink)
	case udp && errors.Is(err, errNoUDP): // a firewall, most likely
		err = s.pull(ctx, t, false, time.Now().Add(s.StartTimeout), sink)
	}
	return err
}

// pull is one attempt over one transport, and the redirects on the way.
func (s *Source) pull(ctx context.Context, t target, udp bool, until time.Time, sink streams.Sink) error {
	for n := 0; ; n++ {
		err := s.connect(ctx, t, udp, until, sink)
		elsewhere, ok := errors.AsType[*redirect](err)
		if !ok {
			return err
		}
		if n == maxRedirects {
			return &streams.Failure{Reason: event.BadAnswer, Detail: t.address + " redirects in circles"}
		}
		if t, err = t.redirected(elsewhere.location); err != nil {
			return &streams.Failure{Reason: event.BadAnswer, Detail: t.address + " " + err.Error()}
		}
	}
}

// target is where a stream is, and what opens the door.
type target struct {
	secure         bool
	host           string // name or address
	address        string // host and port, as dialled
	url            string // without credentials
	user, password string
}

// newTarget reads a channel's URL. The error doesn't hold it: there may be a password in it.
func newTarget(rawURL, user, password string) (target, error) {
	u, err := base.ParseURL(rawURL)
	if err != nil || u.Hostname() == "" {
		return target{}, errors.New("the URL can't be parsed")
	}
	t := target{secure: u.Scheme == "rtsps", host: u.Hostname(), user: user, password: password}
	if user == "" && u.User != nil {
		t.user = u.User.Username()
		t.password, _ = u.User.Password()
	}
	port := u.Port()
	switch {
	case port != "":
	case t.secure:
		port = "322"
	default:
		port = "554"
	}
	t.address = net.JoinHostPort(t.host, port)
	t.url = u.CloneWithoutCredentials().String()
	return t, nil
}

// redirect is a camera's wish that we ask elsewhere.
type redirect struct{ location string }

func (*redirect) Error() string { return "redirected" }

// redirected is the target that a camera redirects to. It must be on the same host, and as well
// protected: it gets the credentials. The error is the rest of a sentence about the camera; the
// target is then the old one.
func (t target) redirected(location string) (target, error) {
	if path, ok := strings.CutPrefix(location, "/"); ok && !strings.HasPrefix(path, "/") {
		scheme, rest, _ := strings.Cut(t.url, "://")
		authority, _, _ := strings.Cut(rest, "/")
		location = scheme + "://" + authority + location
	}
	to, err := newTarget(location, t.user, t.password)
	switch {
	case err != nil:
		return t, errors.New("redirected to what is no URL")
	case !strings.EqualFold(to.host, t.host):
		return t, errors.New("redirected to another host, which is refused")
	case t.secure && !to.secure:
		return t, errors.New("redirected from TLS to plain text, which is refused")
	}
	to.user, to.password = t.user, t.password
	return to, nil
}

// resolve is the URL of a control attribute (RFC 2326, C.1.1). It is appended, after the query, too,
// as cameras want it, and the host is always the one that we are connected to: cameras behind a NAT
// tell another.
func resolve(baseURL, control string) string {
	switch lower := strings.ToLower(control); {
	case control == "" || control == "*":
		return baseURL
	case strings.HasPrefix(lower, "rtsp://"), strings.HasPrefix(lower, "rtsps://"):
		return sameHost(baseURL, control)
	case strings.HasPrefix(control, "?"):
		return baseURL + control
	}
	return strings.TrimSuffix(baseURL, "/") + "/" + strings.TrimPrefix(control, "/")
}

// sameHost is the absolute URL u on the host of another.
func sameHost(of, u string) string {
	scheme, rest, _ := strings.Cut(of, "://")
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	_, path, _ := strings.Cut(u, "://")
	if i := strings.IndexAny(path, "/?"); i >= 0 {
		path = path[i:]
	} else {
		path = ""
	}
	return scheme + "://" + authority + path
}

// contentBase is what relative controls of a description are relative to.
func contentBase(asked string, m *message) string {
	for _, name := range []string{"content-base", "content-location"} {
		v := m.get(name)
		switch u, err := url.Parse(v); {
		case v == "" || err != nil:
		case strings.HasPrefix(v, "/"):
			return sameHost(asked, "rtsp://x"+v)
		case u.Scheme == "rtsp" || u.Scheme == "rtsps":
			return sameHost(asked, v)
		}
	}
	return asked
}
