//go:build unix

package source

import (
	"errors"
	"io"
	"syscall"
)

const canReadNow = true

// readNow reads what the kernel has, without waiting; 0 bytes when it has none. The error is io.EOF
// at the end.
func readNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), b)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		case !errors.Is(err, syscall.EINTR):
			return 0, err
		}
	}
}
