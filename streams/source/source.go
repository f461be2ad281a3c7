// Package source is the pull side: it opens a stream at a camera with gortsplib and hands its
// access units to a sink. One call is one connection; whether and when to try again is the
// caller's to say.
package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/netio"
)

const (
	readBuffer = 16 << 10 // bytes of one read from a camera's socket
	udpBuffer  = 1 << 20  // bytes the kernel holds for a burst over UDP
)

// Source pulls from cameras with gortsplib.
type Source struct {
	// StartTimeout is until the camera must have accepted to send, the connection included.
	StartTimeout time.Duration
	// StallTimeout is how long no packet may come before the stream is given up.
	StallTimeout time.Duration
	// UserAgent is what the camera is told.
	UserAgent string
}

// Pull opens the stream, hands it to the sink, and returns when it has ended and nothing of it is
// left. The error is a *streams.Failure when it is the camera's doing, else ctx's.
func (s *Source) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	u, err := base.ParseURL(streams.URL(ch, p))
	if err != nil {
		return &streams.Failure{Reason: event.BadAnswer, Detail: "the channel's URL can't be parsed", Err: err}
	}
	if ch.Username != "" {
		u.User = url.UserPassword(ch.Username, ch.Password.Reveal())
	}
	until := time.Now().Add(s.StartTimeout) // of both attempts together
	if ch.Transport == "udp" {
		return s.pull(ctx, u, gortsplib.TransportUDP, until, sink)
	}
	// TCP first: it loses nothing, passes every NAT, and most cameras have it. The few that
	// don't say so.
	err = s.pull(ctx, u, gortsplib.TransportTCP, until, sink)
	if ch.Transport == "auto" && onlyUDP(err) {
		return s.pull(ctx, u, gortsplib.TransportUDP, until, sink)
	}
	return err
}

func onlyUDP(err error) bool {
	var status liberrors.ErrClientBadStatusCode
	var udp liberrors.ErrClientServerRequestedUDP
	return errors.As(err, &status) && status.Code == base.StatusUnsupportedTransport || errors.As(err, &udp)
}

// session is one connection to a camera.
type session struct {
	address   string // host and port, for people
	host      string // that the connection may go to
	connected atomic.Bool
	late      atomic.Bool  // the start time-out struck
	last      atomic.Int64 // when the last packet came, Unix ns
}

func (s *Source) pull(ctx context.Context, u *base.URL, transport gortsplib.Transport, until time.Time, sink streams.Sink) error {
	ss := &session{address: u.Host, host: u.Hostname()}
	c := &gortsplib.Client{
		Scheme:            u.Scheme,
		Host:              u.Host,
		ReadTimeout:       s.StartTimeout,
		WriteTimeout:      s.StartTimeout,
		Transport:         &transport,
		UserAgent:         s.UserAgent,
		UDPReadBufferSize: udpBuffer,
		// Cameras sign their own certificates; what TLS gives here is that nobody listens.
		TLSConfig:         &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		DialContext:       ss.dial,
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     sink.Lost,
		OnDecodeError:     func(error) { sink.Lost(1) },
	}
	if err := c.Start2(); err != nil {
		return fmt.Errorf("starting the RTSP client: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, c.Close)()
	start := time.AfterFunc(time.Until(until), func() { ss.late.Store(true); c.Close() })
	defer start.Stop()

	if err := ss.open(c, u, sink); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return ss.explain(err)
	}
	start.Stop()
	sink.Playing()
	return ss.watch(ctx, c, s.StallTimeout)
}

// dial connects to the camera, and to nowhere else: a redirect elsewhere would take the
// credentials along.
func (ss *session) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); err != nil || host != ss.host {
		return nil, &streams.Failure{Reason: event.BadAnswer, Detail: fmt.Sprintf("%s redirected to another host, which is refused", ss.address)}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ss.connected.Store(true)
	return netio.Buffered(conn, readBuffer), nil
}

// open asks for the description, sets up every track that the camera sends, and plays.
func (ss *session) open(c *gortsplib.Client, u *base.URL, sink streams.Sink) error {
	desc, _, err := c.Describe(u)
	if err != nil {
		return fmt.Errorf("DESCRIBE: %w", err)
	}
	// A back channel is for talking to the camera: nobody asked for one.
	sent := make([]*description.Media, 0, len(desc.Medias))
	for _, m := range desc.Medias {
		if !m.IsBackChannel {
			sent = append(sent, m)
		}
	}
	if len(sent) == 0 {
		return &streams.Failure{Reason: event.NoPackets, Detail: fmt.Sprintf("%s describes nothing that it sends", ss.address)}
	}
	desc.Medias = sent
	sink.Describe(describe(desc))
	if err := c.SetupAll(desc.BaseURL, sent); err != nil {
		return fmt.Errorf("SETUP: %w", err)
	}
	ss.last.Store(time.Now().UnixNano())
	ss.listen(c, desc, sink)
	if _, err := c.Play(&headers.Range{Value: &headers.RangeNPT{}}); err != nil {
		return fmt.Errorf("PLAY: %w", err)
	}
	return nil
}

// describe copies the description without what concerns only this connection.
func describe(d *description.Session) *streams.Description {
	out := &streams.Description{Title: d.Title, FECGroups: d.FECGroups, Medias: make([]*description.Media, len(d.Medias))}
	for i, m := range d.Medias {
		c := *m
		c.Control = fmt.Sprintf("trackID=%d", i)
		c.Secure, c.KeyMgmtMikey = false, nil
		out.Medias[i] = &c
	}
	return out
}

// watch waits for the end of the stream, or for its silence.
func (ss *session) watch(ctx context.Context, c *gortsplib.Client, stall time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(max(stall/10, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ss.explain(err)
		case now := <-tick.C:
			if now.Sub(time.Unix(0, ss.last.Load())) > stall {
				c.Close()
				<-ended
				return &streams.Failure{Reason: event.NoPackets, Detail: fmt.Sprintf("%s sent nothing for %v", ss.address, stall)}
			}
		}
	}
}

// explain finds the reason in what the client says.
func (ss *session) explain(err error) error {
	var (
		failure *streams.Failure
		status  liberrors.ErrClientBadStatusCode
		auth    liberrors.ErrClientAuthSetup
		sdp     liberrors.ErrClientSDPInvalid
		silent  liberrors.ErrClientRequestTimedOut
		stalled liberrors.ErrClientTCPTimeout
		lost    liberrors.ErrClientUDPTimeout
	)
	fail := func(r event.Reason, format string, args ...any) error {
		return &streams.Failure{Reason: r, Detail: ss.address + " " + fmt.Sprintf(format, args...), Err: err}
	}
	switch {
	case errors.As(err, &failure):
		return failure
	case ss.late.Load() && ss.connected.Load(), errors.As(err, &silent):
		return fail(event.NoAnswer, "accepted the connection and did not answer in time")
	case ss.late.Load():
		return fail(event.ConnectTimeout, "did not accept the connection in time")
	case errors.As(err, &auth):
		return fail(event.Unauthorized, "asks for a kind of authentication that is not understood")
	case errors.As(err, &sdp):
		return fail(event.BadAnswer, "gave a description that is not understood")
	case errors.As(err, &stalled), errors.As(err, &lost):
		return fail(event.NoPackets, "stopped sending")
	case errors.As(err, &status):
		return fail(reason(status.Code), "answered %d %s", status.Code, status.Message)
	}
	return streams.Explain(err, ss.connected.Load(), ss.address)
}

func reason(code base.StatusCode) event.Reason {
	switch code {
	case base.StatusUnauthorized, base.StatusForbidden:
		return event.Unauthorized
	case base.StatusNotFound, base.StatusGone:
		return event.NotFound
	case base.StatusNotEnoughBandwidth, base.StatusServiceUnavailable:
		return event.SessionFull
	default:
		return event.BadAnswer
	}
}
