// Package netio wraps connections and listeners with the bounds that the libraries above them
// don't set.
package netio

import (
	"bufio"
	"net"
)

// Buffered reads from the socket in pieces of up to size bytes, whatever is asked for. A camera's
// picture then costs a few system calls, not one every 4 KiB.
func Buffered(c net.Conn, size int) net.Conn {
	return &buffered{Conn: c, r: bufio.NewReaderSize(c, size)}
}

type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }
