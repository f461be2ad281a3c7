package sim

import (
	"cmp"
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

// ownChannels is what Traits.OwnChannels adds to the channels that were asked for.
const ownChannels = 10

// hasAudio reports whether a stream has an audio track beside the video.
func hasAudio(camera int, p streams.Profile) bool {
	return p == streams.Main && SceneOf(camera).Audio
}

// brokenLines describes a media that nobody can understand.
const brokenLines = "m=audio 0 RTP/AVP 104\r\na=rtpmap:104 mpeg4-generic/none/-1\r\na=fmtp:104 streamtype=5; config=zz\r\n"

// backLines describes a media for talking to the camera (ONVIF streaming specification, 5.3).
const backLines = "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"

// url is the address of a stream of the connection's camera.
func (c *conn) url(s stream) string {
	if s.channel == "" {
		return c.farm.URL(c.camera, s.profile)
	}
	return c.farm.URL(c.camera, s.profile) + "/" + s.channel
}

// has reports whether a stream has a track of the number.
func (c *conn) has(number int, p streams.Profile) bool {
	switch number {
	case videoTrack:
		return true
	case audioTrack:
		return hasAudio(c.camera, p)
	case brokenTrack:
		return c.traits.BrokenMedia
	case backTrack:
		return c.traits.BackChannel
	}
	return false
}

func (c *conn) describe(r request, out []byte, p streams.Profile, channel string) []byte {
	url, base := c.url(stream{p, channel}), ""
	if c.traits.AbsoluteControl {
		base = url + "/"
	}
	var sdp strings.Builder
	fmt.Fprintf(&sdp, "v=0\r\no=- %d 1 IN IP4 %s\r\ns=Simulated camera %[1]d\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:%[3]s\r\n",
		c.camera, c.farm.addr(c.camera), cmp.Or(base, "*"))
	for number, lines := range [...]string{
		videoTrack: c.farm.clips.pick(SceneOf(c.camera), p, false).media + "a=framerate:25\r\n",
		audioTrack: audioLines, brokenTrack: brokenLines, backTrack: backLines,
	} {
		if c.has(number, p) {
			fmt.Fprintf(&sdp, "%sa=control:%strackID=%d\r\n", lines, base, number)
		}
	}
	out = head(out, "200 OK", r)
	if base == "" {
		out = fmt.Appendf(out, "Content-Base: %s/\r\n", url)
	}
	out = fmt.Appendf(out, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n", sdp.Len())
	return append(out, sdp.String()...)
}

// setup adds a track to the connection's session; the first one makes the session.
func (c *conn) setup(r request, out []byte, of stream, name string, fault condition) []byte {
	number, err := strconv.Atoi(strings.TrimPrefix(name, "trackID="))
	if name != "" && err != nil || !c.has(number, of.profile) {
		return status(out, "404 Not Found", r)
	}
	s := c.session
	if s != nil && (s.playing() || s.track(number) != nil) {
		return status(out, "455 Method Not Valid In This State", r)
	}
	if s != nil && s.stream != of {
		return status(out, "459 Aggregate Operation Not Allowed", r)
	}
	var offers headers.Transports
	if offers.Unmarshal(base.HeaderValue{string(r.transport)}) != nil {
		return status(out, "461 Unsupported Transport", r)
	}
	i := slices.IndexFunc(offers, func(t headers.Transport) bool { return c.traits.allow(t) && usable(t, s) })
	if i < 0 {
		return status(out, "461 Unsupported Transport", r)
	}
	if s == nil {
		limit := -1
		if fault.Kind == Sessions {
			limit = fault.Sessions
		}
		if s = newSession(c, of, limit); s == nil {
			return c.full(r, out, fault)
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
	if number == backTrack {
		c.farm.cameras[c.camera].talks.Add(1)
	}
	out = head(out, "200 OK", r)
	out = append(out, "Transport: "...)
	out = append(out, answer.Marshal()[0]...)
	out = append(out, "\r\n"...)
	return append(c.sessionLine(out), "\r\n"...)
}

// allow reports whether the camera has the transport.
func (t Traits) allow(offer headers.Transport) bool {
	switch t.Transport {
	case "tcp":
		return offer.Protocol == headers.TransportProtocolTCP
	case "udp":
		return offer.Protocol == headers.TransportProtocolUDP
	}
	return true
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
		seq:     uint16(rand.Uint32()) / 2, // or a restart at 0 might look like a few lost packets
		channel: byte(2 * number),
		base:    uint32(mix(uint64(s.conn.camera)<<1 | uint64(number))),
	}
	told := tr.ssrc
	if s.conn.traits.WrongSSRC {
		told = ^told
	}
	answer := headers.Transport{Protocol: t.Protocol, Delivery: &unicast, SSRC: &told}
	if t.Protocol == headers.TransportProtocolTCP {
		s.tcp = true
		if t.InterleavedIDs != nil {
			tr.channel = byte(t.InterleavedIDs[0])
		}
		if s.conn.traits.OwnChannels {
			tr.channel += ownChannels
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
	if s.conn.traits.WrongPorts {
		answer.ServerPorts = &[2]int{port(tr.rtp) ^ 2, port(tr.rtcp) ^ 2}
	}
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
