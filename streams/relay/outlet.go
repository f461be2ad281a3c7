package relay

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// outlet is the way out to one reader over TCP. Answers, and packets from two goroutines, go through
// it one after another, each whole.
//
// No deadline is set for a write, which would cost more than the lock: the server looks at all
// outlets once a second, and closes those whose write has waited too long for the reader.
type outlet struct {
	nc  net.Conn
	raw syscall.RawConn // nil: it can't be written to without waiting

	opened time.Time
	began  atomic.Int64 // when the write that is under way began, ns after that, since the wall clock may be set; 0: none
	stuck  atomic.Bool  // closed because the reader took nothing

	mu      sync.Mutex
	rest    []byte // what the kernel did not take of the last try
	err     error  // sticky
	scratch [][]byte
	bufs    net.Buffers // of scratch; WriteTo moves its start

	attempt func(fd uintptr) bool // one write, made once and not a closure each time
	now     []byte                // what it writes
	n       int                   // what it wrote
	errno   error
}

func newOutlet(nc net.Conn) *outlet {
	o := &outlet{nc: nc, opened: time.Now().Add(-1)}
	if c, ok := nc.(*net.TCPConn); ok { // TLS can't leave a record half written
		if raw, err := c.SyscallConn(); err == nil {
			o.raw = raw
			o.attempt = func(fd uintptr) bool {
				o.n, o.errno = writeNow(fd, o.now)
				return true
			}
		}
	}
	return o
}

// piece is the bytes of one write at most. A slow reader must take as much in the time that a write
// may wait, 52 kbit/s, or it is as good as gone.
const piece = 64 << 10

// write sends what a try left over and then all of b, whose slices it changes, in as few system calls as it can.
func (o *outlet) write(b ...[]byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		rest := o.rest
		o.rest = nil
		o.writePieces(rest)
	}
	o.writePieces(b...)
	return o.err
}

// writePieces sends all of b unless there was an error.
func (o *outlet) writePieces(b ...[]byte) {
	for size := 0; len(b) > 0 && o.err == nil; size = 0 {
		o.scratch = o.scratch[:0]
		for len(b) > 0 && size < piece {
			n := min(len(b[0]), piece-size)
			o.scratch = append(o.scratch, b[0][:n])
			size += n
			if n == len(b[0]) {
				b = b[1:]
			} else {
				b[0] = b[0][n:]
			}
		}
		o.began.Store(int64(time.Since(o.opened)))
		if len(o.scratch) == 1 {
			_, o.err = o.nc.Write(o.scratch[0])
		} else {
			o.bufs = o.scratch
			_, o.err = o.bufs.WriteTo(o.nc)
		}
		o.began.Store(0)
		clear(o.scratch) // the units are to be freed when all readers have them
	}
}

// ready locks the outlet for a try, if the kernel can be asked now. It never waits.
func (o *outlet) ready() bool {
	if o.raw == nil || !o.mu.TryLock() {
		return false
	}
	if len(o.rest) > 0 || o.err != nil {
		o.mu.Unlock()
		return false
	}
	return true
}

// try hands b to the kernel without waiting, and unlocks what ready has locked. Took is false when
// the kernel had no room at all. Left says that there is something for the next write to see to: the
// rest of b, which must not change until then, or an error.
func (o *outlet) try(b []byte) (took, left bool) {
	defer o.mu.Unlock()
	o.now = b
	err := o.raw.Write(o.attempt)
	o.now = nil
	if err == nil {
		err = o.errno
	}
	switch {
	case err != nil:
		o.err = err
		return true, true
	case o.n == 0:
		return false, false
	case o.n < len(b):
		o.rest = b[o.n:]
		return true, true
	}
	return true, false
}

// overdue closes the connection when a write has waited since before the given time.
func (o *outlet) overdue(before time.Time) {
	if began := o.began.Load(); began != 0 && began < int64(before.Sub(o.opened)) {
		o.stuck.Store(true)
		o.nc.Close()
	}
}
