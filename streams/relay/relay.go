// Package relay is the serve side: an RTSP 1.0 server (RFC 2326) that video walls play from.
//
// It stands on gortsplib's message, header and description packages but not on its Server, which
// writes each packet to each reader with a system call of its own, drops single packets out of a
// full ring, and can't begin a reader with cached pictures; and not on its parser of requests, which
// sets aside a quarter of a megabyte for a stranger.
//
// A reader over TCP is written to by the goroutine that delivers the picture, without waiting and
// with one system call, as long as the kernel has room and nothing else is due. Else the picture
// waits in the reader's queue, and the reader's own goroutine takes whatever is there and hands it to
// the kernel in larger pieces: a backlog is written faster, not slower. Over UDP the packets of a
// picture are one call too, where the kernel can cut them, and a burst is spread so that a socket can
// bear it.
//
// Everything that a reader may hold is bounded: connections by number and by address, time without a
// stream, before PLAY, in a pause and within a request, silence, bytes of a request, and how long a
// write may wait. One goroutine a server looks for stuck writes, so that no write sets a deadline.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sharpeyes/streams"
)

// What Authorizer answers with.
var (
	ErrUnauthenticated = errors.New("no or wrong credentials")
	ErrForbidden       = errors.New("not granted")
	ErrElsewhere       = errors.New("another gateway serves it") // to one that takes this one for it
)

// Caller is who asks for which stream.
type Caller struct {
	Remote   netip.AddrPort
	User     string
	Password string
	Digest   Digest // in place of the password
	Ticket   string // of the URL; empty: there was none
	Key      streams.Key
	Playing  bool // it was let in before, and is asked about again
}

// Authorizer decides who may play what, and says who it is: nil, ErrUnauthenticated, ErrForbidden, or
// streams.ErrNoChannel for who may not know of it. It is asked again about once a second for as long as somebody plays, so it
// should answer from memory.
type Authorizer interface {
	Authorize(ctx context.Context, c Caller) (user string, err error)
}

// Joiner gives readers of streams; a *streams.Hub is one.
type Joiner interface {
	Join(ctx context.Context, key streams.Key, who streams.Who) (*streams.Reader, error)
}

// Options is what a Server needs.
type Options struct {
	Hub          Joiner
	Authorizer   Authorizer
	UDP          bool          // offer RTP over UDP on the plain listener
	Digest       bool          // ask for a digest where a password would do
	StartTimeout time.Duration // how long a reader waits for its camera
	MaxConns     int           // 0: 10,000
	Log          *slog.Logger
}

// Server serves RTSP on any number of listeners.
type Server struct {
	o      Options
	bounds bounds
	stats  stats

	mu    sync.Mutex
	conns map[*connection]struct{}
	from  map[netip.Addr]int // how many of each address
}

// New makes a server that listens nowhere yet.
func New(o Options) *Server {
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	return &Server{
		o: o, bounds: defaultBounds(), stats: stats{sentAway: map[Reason]uint64{}},
		conns: map[*connection]struct{}{}, from: map[netip.Addr]int{},
	}
}

// Serve accepts readers until ctx ends, and returns when none of its connections is left. It closes
// the listener. With a certificate it serves RTSPS. Readers may choose UDP when the server offers it
// and the listener isn't one of RTSPS.
func (s *Server) Serve(ctx context.Context, ln net.Listener, certificate *tls.Config) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	defer ln.Close()

	udp := s.o.UDP && certificate == nil
	if certificate != nil {
		ln = tls.NewListener(ln, certificate)
	}
	wg.Go(func() { s.watch(ctx) })
	return s.accept(ctx, ln, udp, &wg)
}

func (s *Server) accept(ctx context.Context, ln net.Listener, udp bool, wg *sync.WaitGroup) error {
	const pause = 50 * time.Millisecond
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting readers: %w", err)
		case err != nil: // out of file descriptors, or the peer has gone again
			s.o.Log.Warn("accepting a reader failed", "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		c := newConnection(s, nc, udp)
		if !s.register(c) {
			nc.Close()
			continue
		}
		wg.Go(func() {
			defer s.unregister(c)
			c.serve(ctx)
		})
	}
}

// recheck sends a reader away whose grant is gone. Whoever can't be asked about stays.
func (s *Server) recheck(ctx context.Context, c *connection) {
	caller := c.caller.Load()
	if caller == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recheckTimeout)
	defer cancel()
	again := *caller
	again.Playing = true
	if _, err := s.o.Authorizer.Authorize(ctx, again); err != nil && refused(err) {
		c.ungranted.Store(true)
		c.nc.Close()
	}
}

// recheckTimeout bounds one look at a grant: the next connection waits for it.
const recheckTimeout = 100 * time.Millisecond

// watch closes the connections whose write is stuck.
func (s *Server) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.mu.Lock()
			conns := slices.Collect(maps.Keys(s.conns))
			s.mu.Unlock()
			for _, c := range conns {
				c.out.overdue(now.Add(-s.bounds.write))
				s.recheck(ctx, c)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) register(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.o.MaxConns || s.from[c.remote.Addr()] >= max(s.o.MaxConns/perAddress, 1) {
		s.stats.refused.Add(1)
		return false
	}
	s.conns[c] = struct{}{}
	s.from[c.remote.Addr()]++
	return true
}

func (s *Server) unregister(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.from[c.remote.Addr()]--; s.from[c.remote.Addr()] == 0 {
		delete(s.from, c.remote.Addr())
	}
}
