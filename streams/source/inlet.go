package source

import (
	"net"
	"syscall"
	"time"
)

// inlet reads the connection of a session whose camera sends.
//
// Over plain TCP it asks the kernel itself. A read that didn't fill its room has taken all there is,
// so the next thing to do is to wait; the net package would ask once more and be told that there is
// nothing, which is a second system call for each picture. It is done in one stay with the poller,
// which keeps what it learns between the calls: had data come in the meantime, the wait ends at
// once. Only the end of a stream that came together with its last bytes is found a little later, at
// the next deadline.
type inlet struct {
	s        *session
	raw      syscall.RawConn // nil: the connection is read as usual
	readable func(fd uintptr) bool
	err      error
}

func newInlet(s *session) *inlet {
	i := &inlet{s: s}
	if c, ok := s.nc.(*net.TCPConn); ok && canReadNow {
		if raw, err := c.SyscallConn(); err == nil {
			i.raw, i.readable = raw, i.drain
		}
	}
	return i
}

// read reads and takes what comes, until something else is due or the deadline passes.
func (i *inlet) read() error {
	if i.raw == nil {
		now, err := i.s.receive()
		if err != nil {
			return err
		}
		return i.s.digest(now)
	}
	i.err = nil
	if err := i.raw.Read(i.readable); err != nil {
		return err
	}
	return i.err
}

// drain reads what is there, and reports whether the stay with the poller is over.
func (i *inlet) drain(fd uintptr) bool {
	s := i.s
	for {
		room := s.in.room()
		n, err := readNow(fd, room)
		if err != nil {
			i.err = err
			return true
		}
		if n == 0 { // nothing there
			return false
		}
		now := time.Now()
		s.in.took(n, now)
		if i.err = s.digest(now); i.err != nil || !now.Before(s.due) {
			return true
		}
		if n < len(room) {
			return false
		}
	}
}
