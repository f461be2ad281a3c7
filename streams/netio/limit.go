package netio

import (
	"net"
	"net/netip"
	"sync"
)

// Limit bounds the connections of a TCP listener, in all and from one address. They stay TCP connections to
// whoever sets their buffers. One that is too many is closed at
// once: whoever holds all there are of one address keeps out nobody else.
func Limit(l net.Listener, most, perAddress int) net.Listener {
	return &limited{Listener: l, most: most, perAddress: perAddress, from: map[netip.Addr]int{}}
}

type limited struct {
	net.Listener
	most, perAddress int

	mu   sync.Mutex
	all  int
	from map[netip.Addr]int
}

// Accept waits for a connection that isn't too many.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil // of another kind of listener
		}
		from := addressOf(tcp)
		if l.take(from) {
			return &counted{TCPConn: tcp, release: sync.OnceFunc(func() { l.give(from) })}, nil
		}
		_ = c.Close()
	}
}

func (l *limited) take(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || l.from[from] >= l.perAddress {
		return false
	}
	l.all++
	l.from[from]++
	return true
}

func (l *limited) give(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.from[from]--; l.from[from] == 0 {
		delete(l.from, from)
	}
}

func addressOf(c *net.TCPConn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

type counted struct {
	*net.TCPConn
	release func()
}

// Close closes the connection, which makes room for another.
func (c *counted) Close() error {
	c.release()
	return c.TCPConn.Close()
}
