//go:build unix

package relay

import (
	"errors"
	"syscall"
)

// writeNow gives the kernel what it takes of b without waiting; that may be nothing.
func writeNow(fd uintptr, b []byte) (int, error) {
	n, err := syscall.Write(int(fd), b)
	if err != nil {
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			return 0, nil
		}
		return 0, err
	}
	return n, nil
}
