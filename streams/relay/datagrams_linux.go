package relay

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// udpSegment is UDP_SEGMENT: the kernel cuts what it is given into packets of a size. A picture's
// packets are of one size but for the last, and so cost one call and one way through the kernel.
const udpSegment = 103

// segmented sends a run in one call, or reports that it can't.
func (d *datagrams) segmented(socket *net.UDPConn, to netip.AddrPort, run []byte) bool {
	_, _, err := socket.WriteMsgUDPAddrPort(run, d.instruction(), to)
	if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOPROTOOPT) {
		d.ports.plain.Store(true) // this way out of the machine can't
	}
	return err == nil
}

// instruction is the control message that tells the size (cmsg(3)).
func (d *datagrams) instruction() []byte {
	if d.oob == nil {
		d.oob = make([]byte, syscall.CmsgSpace(2))
		rest := d.oob[syscall.SizeofCmsghdr-8:] // the length before it is as wide as a pointer
		if syscall.SizeofCmsghdr == 16 {
			binary.NativeEndian.PutUint64(d.oob, uint64(syscall.CmsgLen(2)))
		} else {
			binary.NativeEndian.PutUint32(d.oob, uint32(syscall.CmsgLen(2)))
		}
		binary.NativeEndian.PutUint32(rest, syscall.IPPROTO_UDP)
		binary.NativeEndian.PutUint32(rest[4:], udpSegment)
	}
	binary.NativeEndian.PutUint16(d.oob[syscall.CmsgLen(0):], uint16(d.size))
	return d.oob
}
