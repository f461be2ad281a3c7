package sim

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"

	"sharpeyes/streams"
)

// audioLines describes the audio track: payload type 8 is G.711 A-law at 8 kHz.
const audioLines = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"

// hasAudio reports whether a stream has an audio track beside the video.
func hasAudio(camera int, p streams.Profile) bool {
	return p == streams.Main && SceneOf(camera).Audio
}

func (c *conn) describe(r request, out []byte, p streams.Profile) []byte {
	var sdp strings.Builder
	fmt.Fprintf(&sdp, "v=0\r\no=- %d 1 IN IP4 %s\r\ns=Simulated camera %[1]d\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n",
		c.camera, c.farm.addr(c.camera))
	sdp.WriteString(c.farm.clips.pick(SceneOf(c.camera), p, false).media)
	sdp.WriteString("a=framerate:25\r\na=control:trackID=0\r\n")
	if hasAudio(c.camera, p) {
		sdp.WriteString(audioLines + "a=control:trackID=1\r\n")
	}
	out = head(out, "200 OK", r)
	out = fmt.Appendf(out, "Content-Base: %s/\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n",
		c.farm.URL(c.camera, p), sdp.Len())
	return append(out, sdp.String()...)
}

// setup adds a track to the connection's session; the first one makes the session.
func (c *conn) setup(r request, out []byte, p streams.Profile, name string, fault Fault) []byte {
	number, err := strconv.Atoi(strings.TrimPrefix(name, "trackID="))
	if name != "" && err != nil || number < 0 || number > 1 || number == 1 && !hasAudio(c.camera, p) {
		return status(out, "404 Not Found", r)
	}
	s := c.session
	if s != nil && (s.playing() || s.track(number) != nil) {
		return status(out, "455 Method Not Valid In This State", r)
	}
	if s != nil && s.profile != p {
		return status(out, "459 Aggregate Operation Not Allowed", r)
	}
	var offers headers.Transports
	if offers.Unmarshal(base.HeaderValue{string(r.transport)}) != nil {
		return status(out, "461 Unsupported Transport", r)
	}
	i := slices.IndexFunc(offers, func(t headers.Transport) bool { return usable(t, s) })
	if i < 0 {
		return status(out, "461 Unsupported Transport", r)
	}
	if s == nil {
		limit := -1
		if fault.Kind == Sessions {
			limit = fault.Sessions
		}
		if s = newSession(c, p, limit); s == nil {
			return status(out, "453 Not Enough Bandwidth", r)
		}
	}
	t, answer, err := s.open(number, offers[i])
	if err != nil {
		c.farm.opts.Log.Warn("simulated camera can't set up a track", "camera", c.camera, "error", err)
		if c.session == nil {
			s.end()
		}
		return status(out, "500 Internal Server Error", r)
	}
	s.tracks = append(s.tracks, t)
	c.session = s
	out = head(out, "200 OK", r)
	out = append(out, "Transport: "...)
	out = append(out, answer.Marshal()[0]...)
	out = append(out, "\r\n"...)
	return append(c.sessionLine(out), "\r\n"...)
}

// usable reports whether a track can be sent as t says, in a session that may have others already.
func usable(t headers.Transport, s *session) bool {
	if t.Secure || t.Delivery != nil && *t.Delivery != headers.TransportDeliveryUnicast ||
		t.Mode != nil && *t.Mode != headers.TransportModePlay {
		return false
	}
	tcp := t.Protocol == headers.TransportProtocolTCP
	if s != nil && s.tcp != tcp {
		return false
	}
	if tcp {
		ids := t.InterleavedIDs
		return ids == nil || ids[0] >= 0 && ids[0] < 255 && ids[1] == ids[0]+1 && (s == nil || !s.channelTaken(byte(ids[0])))
	}
	ports := t.ClientPorts
	return ports != nil && ports[0] > 0 && ports[0] <= 65535 && ports[1] > 0 && ports[1] <= 65535
}

// open makes a track and the answer that tells the other side how it is sent.
func (s *session) open(number int, t headers.Transport) (*track, headers.Transport, error) {
	unicast := headers.TransportDeliveryUnicast
	tr := &track{
		number:  number,
		ssrc:    rand.Uint32(),
		seq:     uint16(rand.Uint32()),
		channel: byte(2 * number),
		base:    uint32(mix(uint64(s.conn.camera)<<1 | uint64(number))),
	}
	answer := headers.Transport{Protocol: t.Protocol, Delivery: &unicast, SSRC: &tr.ssrc}
	if t.Protocol == headers.TransportProtocolTCP {
		s.tcp = true
		if t.InterleavedIDs != nil {
			tr.channel = byte(t.InterleavedIDs[0])
		}
		answer.InterleavedIDs = &[2]int{int(tr.channel), int(tr.channel) + 1}
		return tr, answer, nil
	}
	var err error
	if tr.rtp, tr.rtcp, err = udpPair(s.conn.farm.addr(s.conn.camera)); err != nil {
		return nil, answer, err
	}
	peer := s.conn.tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	tr.rtpTo = netip.AddrPortFrom(peer, uint16(t.ClientPorts[0]))
	tr.rtcpTo = netip.AddrPortFrom(peer, uint16(t.ClientPorts[1]))
	answer.ClientPorts = t.ClientPorts
	answer.ServerPorts = &[2]int{port(tr.rtp), port(tr.rtcp)}
	s.listening.Go(func() { s.listen(tr) })
	return tr, answer, nil
}

// udpPair opens two sockets with neighbouring ports, the first one even, as RTP wants it.
func udpPair(a netip.Addr) (rtp, rtcp *net.UDPConn, err error) {
	const tries = 16
	for range tries {
		var one, other *net.UDPConn
		if one, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0))); err != nil {
			return nil, nil, fmt.Errorf("open a UDP port: %w", err)
		}
		p := port(one)
		if other, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(p^1)))); err != nil {
			_ = one.Close()
			continue
		}
		if p%2 == 0 {
			return one, other, nil
		}
		return other, one, nil
	}
	return nil, nil, fmt.Errorf("open a pair of UDP ports: %w", err)
}

func port(c *net.UDPConn) int { return c.LocalAddr().(*net.UDPAddr).Port }
