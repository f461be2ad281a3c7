package source

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	udpBuffer = 1 << 20 // bytes the kernel holds for a burst over UDP
	// udpProbation is how long a camera that sends over UDP may be silent at first before it is
	// taken that something on the way holds its packets back.
	udpProbation = 3 * time.Second
	maxDatagram  = 64 << 10
)

var errNoUDP = errors.New("nothing comes over UDP")

// sockets is what a session over UDP receives on: two a track.
type sockets struct {
	local  net.IP
	camera netip.Addr // packets of strangers are dropped
	pairs  map[*track]*pair
	came   atomic.Bool // anything at all
	wg     sync.WaitGroup
}

// pair is the sockets of one track, RTP on an even port and RTCP on the next (RFC 3550, 11).
type pair struct {
	rtp, rtcp *net.UDPConn
	to        [2]netip.AddrPort // of the camera; not valid when it didn't say
	order     reorder
	emit      func(frame []byte)
	now       time.Time // for emit
}

// listen prepares for UDP. The connection must stand: its ends tell the addresses.
func (s *session) listen() (*sockets, error) {
	local, ok1 := s.nc.LocalAddr().(*net.TCPAddr)
	remote, ok2 := s.nc.RemoteAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return nil, errors.New("the connection has no addresses")
	}
	return &sockets{local: local.IP, camera: remote.AddrPort().Addr().Unmap(), pairs: map[*track]*pair{}}, nil
}

// open opens two neighbouring ports.
func (u *sockets) open() (*pair, error) {
	const tries = 64
	for range tries {
		rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: u.local})
		if err != nil {
			return nil, fmt.Errorf("opening a UDP port: %w", err)
		}
		port := rtp.LocalAddr().(*net.UDPAddr).Port
		if port%2 == 0 {
			rtcp, err := net.ListenUDP("udp", &net.UDPAddr{IP: u.local, Port: port + 1})
			if err == nil {
				_ = rtp.SetReadBuffer(udpBuffer) // what the system doesn't grant must be done without
				return &pair{rtp: rtp, rtcp: rtcp}, nil
			}
		}
		rtp.Close()
	}
	return nil, errors.New("no two neighbouring UDP ports are free")
}

// setupUDP asks for one track over UDP.
func (s *session) setupUDP(t *track, url string) error {
	p, err := s.udp.open()
	if err != nil {
		return err
	}
	port := p.rtp.LocalAddr().(*net.UDPAddr).Port
	m, err := s.request("SETUP", url, fmt.Sprintf("Transport: RTP/AVP;unicast;client_port=%d-%d", port, port+1))
	if err == nil {
		a := parseTransport(m.get("transport"))
		if a.tcp || a.channel >= 0 {
			err = errOnlyTCP
		}
		for i, port := range a.ports {
			if port > 0 {
				p.to[i] = netip.AddrPortFrom(s.udp.camera, uint16(port))
			}
		}
	} else if refused, ok := errors.AsType[*statusError](err); ok && refused.code == 461 {
		err = errOnlyTCP
	}
	if err != nil {
		p.rtp.Close()
		p.rtcp.Close()
		return err
	}
	s.udp.pairs[t] = p
	return nil
}

// run receives, and opens the way through a NAT or a firewall for what the camera sends.
func (u *sockets) run(s *session) {
	for t, p := range u.pairs {
		p.emit = func(frame []byte) { s.packet(t, frame, -1, p.now) }
		if p.to[0].IsValid() {
			_, _ = p.rtp.WriteToUDPAddrPort([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, p.to[0])
		}
		u.tell(t, receiverReport(s.own, s.name))
		u.wg.Go(func() { u.receive(p.rtp, maxDatagram, func(b []byte, now time.Time) { s.datagram(t, p, b, now) }) })
		u.wg.Go(func() { u.receive(p.rtcp, 2048, func(b []byte, now time.Time) { s.datagramControl(t, b, now) }) })
	}
}

// receive reads until the socket is closed. The handed bytes begin with room for a frame's header,
// and are only lent.
func (u *sockets) receive(c *net.UDPConn, size int, take func(frame []byte, now time.Time)) {
	buf := make([]byte, frameHeader+size)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf[frameHeader:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// A camera sends from whatever port it likes.
		if err != nil || n == 0 || n > 0xffff || from.Addr().Unmap() != u.camera {
			continue
		}
		u.came.Store(true)
		buf[0], buf[1], buf[2], buf[3] = '$', 0, byte(n>>8), byte(n)
		take(buf[:frameHeader+n], time.Now())
	}
}

func (s *session) datagram(t *track, p *pair, frame []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed {
		return
	}
	p.now = now
	p.order.packet(frame, now, p.emit)
}

func (s *session) datagramControl(t *track, frame []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed {
		s.control(t, frame[frameHeader:], now)
	}
}

// expire gives up packets of a track that have been waited for too long. The session's lock is held.
func (u *sockets) expire(t *track, now time.Time) {
	if p := u.pairs[t]; p != nil {
		p.now = now
		p.order.expire(now, p.emit)
	}
}

// tell sends RTCP to the camera.
func (u *sockets) tell(t *track, b []byte) {
	if p := u.pairs[t]; p != nil && p.to[1].IsValid() && len(b) > 0 {
		_, _ = p.rtcp.WriteToUDPAddrPort(b, p.to[1]) // as good as lost on the way
	}
}

func (u *sockets) heard() bool { return u.came.Load() }

// close ends all reception and waits for it.
func (u *sockets) close() {
	for _, p := range u.pairs {
		p.rtp.Close()
		p.rtcp.Close()
	}
	u.wg.Wait()
}
