//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// loop reads the sockets of many readers in one goroutine, whatever has come every two milliseconds.
// On the loopback network it is the sender who wakes up a receiver that waits; with readers on
// machines of their own a server has no such work, and it shouldn't be measured.
type loop struct {
	epoll int

	mu       sync.Mutex
	watchers map[int]*watcher // by file descriptor
	lags     histogram
}

func newLoop() (*loop, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return &loop{epoll: fd, watchers: map[int]*watcher{}}, nil
}

// add takes over the socket of a client that plays.
func (l *loop) add(c *client) error {
	defer c.conn.Close() // the duplicate stays
	f, err := c.conn.File()
	if err != nil {
		return err
	}
	// The file is closed by its finalizer unless somebody holds on to it.
	w := &watcher{file: f}
	fd := int(f.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	buffered, _ := c.br.Peek(c.br.Buffered())
	if w.err = w.feed(buffered, time.Now(), &l.lags); w.err != nil {
		return w.err
	}
	l.watchers[fd] = w
	return syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// begin begins the window.
func (l *loop) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lags = histogram{}
	for _, w := range l.watchers {
		w.counts = counts{}
	}
}

// pollEvery is how often sockets are read, and so how coarse a lag is.
const pollEvery = 2 * time.Millisecond

var errClosed = errors.New("closed by the server")

// run reads as long as the process lives.
func (l *loop) run() {
	events := make([]syscall.EpollEvent, 256)
	buf := make([]byte, 512<<10)
	for {
		time.Sleep(pollEvery)
		n, err := syscall.EpollWait(l.epoll, events, -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			panic(fmt.Errorf("epoll_wait: %w", err))
		}
		l.mu.Lock()
		for _, e := range events[:max(n, 0)] {
			l.read(int(e.Fd), buf)
		}
		l.mu.Unlock()
	}
}

// read takes what one reader has been sent. The lock is held.
func (l *loop) read(fd int, buf []byte) {
	w := l.watchers[fd]
	if w == nil || w.err != nil {
		return
	}
	at := copy(buf, w.rest)
	n, err := syscall.Read(fd, buf[at:])
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return
	case err != nil:
		w.err = err
	case n == 0:
		w.err = errClosed
	default:
		w.rest = w.rest[:0]
		w.err = w.feed(buf[:at+n], time.Now(), &l.lags)
	}
	if w.err != nil {
		_ = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_DEL, fd, nil)
	}
}

// counts are what a watcher saw in the window.
type counts struct {
	bytes, packets, lost, frames, missing, uneven int64
	worst                                         time.Duration
}

// watcher is one reader that plays.
type watcher struct {
	counts
	file *os.File // of the socket
	rest []byte   // an interleaved frame that isn't whole yet
	err  error

	heard     time.Time
	started   bool
	seq       uint16
	timestamp uint32
}

// feed takes bytes that begin with an interleaved frame.
func (w *watcher) feed(b []byte, now time.Time, lags *histogram) error {
	for len(b) >= 4 {
		if b[0] != '$' {
			return fmt.Errorf("%q among the packets", b[:min(len(b), 8)])
		}
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < n {
			break
		}
		w.bytes += int64(n)
		if b[1] == 0 {
			p, ok := parsePacket(b[4:n])
			if !ok {
				return errors.New("no RTP packet")
			}
			w.packet(p, b[4:n], now, lags)
		}
		b = b[n:]
	}
	w.rest = append(w.rest[:0], b...)
	return nil
}

func (w *watcher) packet(p packet, b []byte, now time.Time, lags *histogram) {
	w.packets++
	w.heard = now
	if w.started {
		w.lost += int64(p.seq - w.seq - 1)
		if step := int32(p.timestamp - w.timestamp); step != 0 {
			if step < 0 || step%frameTicks != 0 {
				w.uneven++
			}
			w.missing += max(int64(step+frameTicks/2)/frameTicks-1, 0)
		}
	}
	w.started, w.seq, w.timestamp = true, p.seq, p.timestamp
	if !p.marker {
		return
	}
	w.frames++
	if at, ok := stamp(b); ok {
		lag := now.Sub(at)
		w.worst = max(w.worst, lag)
		lags.count(lag)
	}
}
