//go:build !linux

package sim

import "syscall"

// confine does nothing here; every connection's address is looked at when it is accepted.
func confine(_, _ string, _ syscall.RawConn) error { return nil }
