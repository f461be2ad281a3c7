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

	began atomic.Int64 // when the write that is under way began, Unix ns; 0: none
	stuck atomic.Bool  // closed because the reader took nothing

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
	o := &outlet{nc: nc}
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

// write sends what a try left over and then all of b, in as few system calls as it can.
func (o *outlet) write(b ...[]byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.scratch = o.scratch[:0]
	if len(o.rest) > 0 {
		o.scratch = append(o.scratch, o.rest)
	}
	o.scratch = append(o.scratch, b...)
	o.began.Store(time.Now().UnixNano())
	switch len(o.scratch) {
	case 0:
	case 1:
		_, o.err = o.nc.Write(o.scratch[0])
	default:
		o.bufs = o.scratch
		_, o.err = o.bufs.WriteTo(o.nc)
	}
	o.began.Store(0)
	o.rest, o.bufs = nil, nil
	clear(o.scratch) // the units are to be freed when all readers have them
	return o.err
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
	if began := o.began.Load(); began != 0 && began < before.UnixNano() {
		o.stuck.Store(true)
		o.nc.Close()
	}
}
