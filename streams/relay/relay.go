// Package relay is the serve side: an RTSP 1.0 server (RFC 2326) that video walls play from.
//
// It stands on gortsplib's message, header and description packages but not on its Server, which
// writes each packet to each reader with a system call of its own, drops single packets out of a
// full ring, and can't begin a reader with cached pictures. Here a reader has one goroutine that
// takes whatever waits in its queue and hands it to the kernel at once, so that a picture is one
// write, and a backlog is written in larger pieces, not slower.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sharpeyes/streams"
)

// What Authorizer answers with.
var (
	ErrUnauthenticated = errors.New("no or wrong credentials")
	ErrForbidden       = errors.New("not granted")
)

// Caller is who asks for which stream.
type Caller struct {
	Remote   netip.AddrPort
	User     string
	Password string
	Key      streams.Key
}

// Authorizer decides who may play what: nil, ErrUnauthenticated or ErrForbidden.
type Authorizer interface {
	Authorize(ctx context.Context, c Caller) error
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
	StartTimeout time.Duration // how long a reader waits for its camera
	MaxConns     int           // 0: 10,000
	Log          *slog.Logger
}

const (
	defaultMaxConns = 10_000
	// perAddress is the part of MaxConns that one address may have.
	perAddress = 4
	// joinTimeout is how long a connection may be there without a stream, whatever it says.
	joinTimeout = 20 * time.Second
	// idleTimeout is how long a connection may say nothing before it plays, and over UDP also after.
	idleTimeout = 60 * time.Second
	// writeTimeout is how long a write may wait for the reader's TCP window.
	writeTimeout = 10 * time.Second
)

// Server serves RTSP on any number of listeners.
type Server struct {
	o     Options
	stats stats

	mu    sync.Mutex
	conns map[*connection]struct{}
	from  map[netip.Addr]int // how many of each address
}

// New makes a server that listens nowhere yet.
func New(o Options) *Server {
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	return &Server{o: o, conns: map[*connection]struct{}{}, from: map[netip.Addr]int{}}
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

	var udp *ports
	if addr, ok := ln.Addr().(*net.TCPAddr); ok && s.o.UDP && certificate == nil {
		var err error
		if udp, err = listenPorts(addr); err != nil {
			return fmt.Errorf("opening the RTP and RTCP ports: %w", err)
		}
		wg.Go(func() { udp.receive(udp.rtp) })
		wg.Go(func() { udp.receive(udp.rtcp) })
		defer udp.close()
	}
	if certificate != nil {
		ln = tls.NewListener(ln, certificate)
	}
	return s.accept(ctx, ln, udp, &wg)
}

func (s *Server) accept(ctx context.Context, ln net.Listener, udp *ports, wg *sync.WaitGroup) error {
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

// stats are the server's counters.
type stats struct {
	refused, playing, bytes, skipped atomic.Int64
}

// Stats tells what the server does now and has done.
type Stats struct {
	Connections int
	Playing     int    // readers that play
	Refused     uint64 // connections over the bound
	Bytes       uint64 // sent to readers
	Skipped     uint64 // units that slow readers lost
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	n := len(s.conns)
	s.mu.Unlock()
	return Stats{
		Connections: n, Playing: int(s.stats.playing.Load()), Refused: uint64(s.stats.refused.Load()),
		Bytes: uint64(s.stats.bytes.Load()), Skipped: uint64(s.stats.skipped.Load()),
	}
}
