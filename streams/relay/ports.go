package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ports is the pair of UDP sockets that all readers over UDP share, RTP on an even port and RTCP on
// the next (RFC 3550, 11).
type ports struct {
	rtp, rtcp *net.UDPConn
	plain     atomic.Bool // the kernel can't cut packets

	// heard says when each reader's address was last heard from, in Unix ns: a receiver report is a
	// sign of life. What strangers send is dropped.
	heard sync.Map // netip.AddrPort to *atomic.Int64
}

// udpBuffer is the bytes that all readers over UDP together may have in the kernel.
const udpBuffer = 4 << 20

func listenPorts(near *net.TCPAddr) (*ports, error) {
	const tries = 64
	for range tries {
		rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: near.IP, Zone: near.Zone})
		if err != nil {
			return nil, err
		}
		port := rtp.LocalAddr().(*net.UDPAddr).Port
		if port%2 == 0 {
			rtcp, err := net.ListenUDP("udp", &net.UDPAddr{IP: near.IP, Zone: near.Zone, Port: port + 1})
			if err == nil {
				rtp.SetWriteBuffer(udpBuffer)
				return &ports{rtp: rtp, rtcp: rtcp}, nil
			}
		}
		rtp.Close()
	}
	return nil, errors.New("no two neighbouring ports are free")
}

func (p *ports) close() {
	p.rtp.Close()
	p.rtcp.Close()
}

// pair is the port numbers of RTP and RTCP.
func (p *ports) pair() [2]int {
	n := p.rtp.LocalAddr().(*net.UDPAddr).Port
	return [2]int{n, n + 1}
}

// expect takes packets from an address as signs of life until forget.
func (p *ports) expect(a netip.AddrPort, at *atomic.Int64) { p.heard.Store(a, at) }

// forget undoes expect, unless another reader has come to the same address since.
func (p *ports) forget(a netip.AddrPort, at *atomic.Int64) { p.heard.CompareAndDelete(a, at) }

func (p *ports) receive(c *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		_, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of one reader
		}
		if at, ok := p.heard.Load(plain(from)); ok {
			at.(*atomic.Int64).Store(time.Now().UnixNano())
		}
	}
}

// plain makes IPv4 addresses comparable, whatever socket they came from.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
