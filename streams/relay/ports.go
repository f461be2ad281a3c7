package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ports is the pair of UDP sockets of one reader, RTP on an even port and RTCP on the next (RFC 3550,
// 11).
//
// No reader shares them. What is sent to a host that has gone waits in the kernel for some seconds,
// in case that it answers who it is, and counts as the socket's: a few such readers fill a socket
// that is as large as systems allow by default, and would hold up all others with it.
type ports struct {
	rtp, rtcp *net.UDPConn
	plain     atomic.Bool // the kernel can't cut packets
	opened    time.Time
	heard     atomic.Int64 // when the reader last sent anything, ns after that: the wall clock may be set
	wg        sync.WaitGroup
}

// udpBuffer is the bytes that a reader over UDP may have in the kernel.
const udpBuffer = 256 << 10

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
				return &ports{rtp: rtp, rtcp: rtcp, opened: time.Now()}, nil
			}
		}
		rtp.Close()
	}
	return nil, errors.New("no two neighbouring ports are free")
}

// hear notes that the reader sent something just now.
func (p *ports) hear() { p.heard.Store(int64(time.Since(p.opened))) }

// silent is for how long the reader has sent nothing.
func (p *ports) silent() time.Duration { return time.Since(p.opened) - time.Duration(p.heard.Load()) }

// close waits until nobody listens any more.
func (p *ports) close() {
	p.rtp.Close()
	p.rtcp.Close()
	p.wg.Wait()
}

// pair is the port numbers of RTP and RTCP.
func (p *ports) pair() [2]int {
	n := p.rtp.LocalAddr().(*net.UDPAddr).Port
	return [2]int{n, n + 1}
}

// listen takes whatever comes from the reader's host as a sign of life, as a receiver report is.
// What strangers send is dropped.
func (p *ports) listen(reader netip.Addr) {
	p.wg.Go(func() { p.receive(p.rtp, reader) })
	p.wg.Go(func() { p.receive(p.rtcp, reader) })
}

func (p *ports) receive(c *net.UDPConn, reader netip.Addr) {
	buf := make([]byte, 1) // who it comes from is all that matters
	for {
		_, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && plain(from).Addr() == reader { // else it may be an ICMP error
			p.hear()
		}
	}
}

// plain makes IPv4 addresses comparable, whatever socket they came from.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
