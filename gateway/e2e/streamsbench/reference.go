//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// reference is the least relay that does the work: one pull a camera, a goroutine each that writes
// every picture to every reader, one Write a reader, and keeps the GOP for whoever comes late. It
// checks nothing, bounds nothing, and a slow reader holds up all others; nobody could run it. It
// tells what the machine takes for the work itself.
type reference struct {
	cameras int // port

	mu    sync.Mutex
	pulls map[string]*pull
}

// pull is the connection to one camera.
type pull struct {
	ready chan struct{} // closed once sdp and err are known
	sdp   []byte
	err   error

	mu      sync.Mutex
	camera  *client
	users   int // connections that asked for it
	readers []*net.TCPConn
	gop     []byte
}

// startTimeout is how long a camera has to answer.
const startTimeout = 10 * time.Second

// serveReference is the process of the reference relay, for cameras on the given port. It tells its
// port and ends with in.
func serveReference(_ context.Context, args []string, in io.Reader, out io.Writer) error {
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	r := &reference{cameras: port, pulls: map[string]*pull{}}
	go func() {
		for {
			c, err := ln.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r.serve(newTalk(c))
			}()
		}
	}()
	own := ln.Addr().(*net.TCPAddr).Port
	return serveLines(in, out, func(string) any { return struct{ Port int }{own} })
}

// serve answers one reader.
func (r *reference) serve(t *talk) {
	var p *pull
	name := ""
	defer func() {
		if p != nil {
			r.leave(name, p, t.conn)
		}
	}()
	for {
		req, err := t.next()
		if err != nil {
			return
		}
		var b []byte
		switch req.Method {
		case base.Describe:
			if p == nil {
				name = strings.Trim(req.URL.Path, "/")
				p = r.enter(name)
			}
			<-p.ready
			if p.err != nil {
				_, _ = t.conn.Write(answer(req, base.StatusServiceUnavailable, nil))
				return
			}
			b = answer(req, base.StatusOK, p.sdp, "Content-Type", "application/sdp", "Content-Base", "rtsp://"+req.URL.Host+"/"+name+"/")
		case base.Setup:
			b = setupAnswer(req)
		case base.Play:
			if p == nil || p.play(t.conn, answer(req, base.StatusOK, nil)) != nil {
				return
			}
			continue
		default:
			b = answer(req, base.StatusOK, nil, "Public", methods)
		}
		if _, err := t.conn.Write(b); err != nil || req.Method == base.Teardown {
			return
		}
	}
}

// enter finds or begins the pull of a channel.
func (r *reference) enter(name string) *pull {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pulls[name]
	if p == nil {
		p = &pull{ready: make(chan struct{})}
		r.pulls[name] = p
		go r.run(name, p)
	}
	p.mu.Lock()
	p.users++
	p.mu.Unlock()
	return p
}

// leave takes a reader out, and ends the pull after the last one.
func (r *reference) leave(name string, p *pull, c *net.TCPConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(c)
	if p.users--; p.users == 0 {
		if r.pulls[name] == p {
			delete(r.pulls, name)
		}
		if p.camera != nil {
			p.camera.conn.Close()
		}
	}
}

// remove takes out a reader. The lock is held.
func (p *pull) remove(c *net.TCPConn) {
	for i := range p.readers {
		if p.readers[i] == c {
			p.readers = append(p.readers[:i], p.readers[i+1:]...)
			return
		}
	}
}

// play sends a reader what there is since the last keyframe, and from then on everything.
func (p *pull) play(c *net.TCPConn, answer []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := c.Write(append(answer, p.gop...)); err != nil {
		return err
	}
	p.readers = append(p.readers, c)
	return nil
}

// run pulls until the camera ends or is ended.
func (r *reference) run(name string, p *pull) {
	c, err := r.open(name, p)
	p.err = err
	close(p.ready)
	p.mu.Lock()
	wanted := p.users > 0
	p.mu.Unlock()
	if err == nil && wanted {
		_ = p.relay(c) // its end is told by closing the readers
	}
	if c != nil {
		c.conn.Close()
	}
	r.mu.Lock()
	if r.pulls[name] == p {
		delete(r.pulls, name)
	}
	r.mu.Unlock()
	p.mu.Lock()
	for _, reader := range p.readers {
		reader.Close()
	}
	p.mu.Unlock()
}

// open dials a channel's camera and has it play.
func (r *reference) open(name string, p *pull) (*client, error) {
	kind, i, err := parseChannel(name)
	if err != nil {
		return nil, err
	}
	c, err := dial(context.Background(), cameraURL(kind, i, r.cameras), startTimeout, 64<<10)
	if err != nil {
		return c, err
	}
	p.mu.Lock()
	p.camera = c
	p.mu.Unlock()
	p.sdp, err = c.play()
	return c, err
}

// relay sends on what the camera sends.
func (p *pull) relay(c *client) error {
	var b []byte // the picture that isn't whole yet
	for {
		at := len(b)
		var err error
		if b, err = c.frame(b); err != nil {
			return err
		}
		packet, ok := parsePacket(b[at+4:])
		if rtcp := b[at+1] != 0; rtcp || ok && !packet.marker {
			continue
		} else if !ok {
			return errors.New("no RTP packet")
		}
		p.mu.Lock()
		if packet.keyframe {
			p.gop = p.gop[:0]
		}
		p.gop = append(p.gop, b...)
		for i := 0; i < len(p.readers); {
			if _, err := p.readers[i].Write(b); err != nil {
				p.remove(p.readers[i])
				continue
			}
			i++
		}
		p.mu.Unlock()
		b = b[:0]
	}
}

// channelID names the channel of a camera of a kind.
func channelID(kind string, i int) string { return fmt.Sprintf("%s%05d", kind, i) }

// parseChannel is the way back.
func parseChannel(id string) (kind string, i int, err error) {
	const digits = 5
	if len(id) <= digits {
		return "", 0, fmt.Errorf("channel %q: no such name", id)
	}
	kind, number := id[:len(id)-digits], id[len(id)-digits:]
	i, err = strconv.Atoi(number)
	return kind, i, err
}
