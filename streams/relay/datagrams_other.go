//go:build !linux

package relay

import (
	"net"
	"net/netip"
)

// segmented sends a run in one call where the system can.
func (d *datagrams) segmented(*net.UDPConn, netip.AddrPort, []byte) bool { return false }
