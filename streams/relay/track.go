package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// track is how one media goes to the reader.
type track struct {
	setUp     bool
	udp       bool
	channel   int            // TCP: of RTP; RTCP is the next
	rtp, rtcp netip.AddrPort // UDP: the reader's
	url       string         // that it was set up with
}

func (c *connection) overUDP() bool {
	return slices.ContainsFunc(c.tracks, func(t track) bool { return t.setUp && t.udp })
}

// transport picks the first of the offered transports that can be served, and completes it.
func (c *connection) transport(offer base.HeaderValue, index int) (track, headers.Transport, bool) {
	unicast := headers.TransportDeliveryUnicast
	for _, o := range offers(offer) {
		if o.Secure || o.Mode != nil && *o.Mode != headers.TransportModePlay ||
			o.Delivery != nil && *o.Delivery != headers.TransportDeliveryUnicast {
			continue
		}
		answer := headers.Transport{Protocol: o.Protocol, Delivery: &unicast}
		switch {
		case o.Protocol == headers.TransportProtocolTCP:
			channel := 2 * index
			if o.InterleavedIDs != nil {
				channel = o.InterleavedIDs[0]
			}
			if channel < 0 || channel > 254 || c.taken(channel, index) {
				continue
			}
			answer.InterleavedIDs = &[2]int{channel, channel + 1}
			return track{setUp: true, channel: channel}, answer, true
		case c.udp && o.ClientPorts != nil && validPort(o.ClientPorts[0]) && validPort(o.ClientPorts[1]):
			if err := c.openPorts(); err != nil {
				c.server.o.Log.Warn("a reader can't have UDP", "remote", c.remote, "error", err)
				continue
			}
			ports := c.ports.pair()
			answer.ClientPorts, answer.ServerPorts = o.ClientPorts, &ports
			// Always to where the request came from: a "destination" would let anyone aim the
			// stream at a stranger.
			host := c.remote.Addr()
			return track{
				setUp: true, udp: true,
				rtp:  netip.AddrPortFrom(host, uint16(o.ClientPorts[0])),
				rtcp: netip.AddrPortFrom(host, uint16(o.ClientPorts[1])),
			}, answer, true
		}
	}
	return track{}, headers.Transport{}, false
}

// openPorts opens the reader's own pair of ports, where it has reached the server.
func (c *connection) openPorts() error {
	if c.ports != nil {
		return nil
	}
	near, ok := c.nc.LocalAddr().(*net.TCPAddr)
	if !ok {
		return errors.New("its connection has no address")
	}
	p, err := listenPorts(near)
	if err != nil {
		return fmt.Errorf("opening the RTP and RTCP ports: %w", err)
	}
	p.listen(c.remote.Addr())
	c.ports = p
	return nil
}

// offers reads a Transport header (RFC 2326, 12.39) and leaves out what is not understood. Source
// and destination are not even looked at: nothing is ever sent where they say, and the parser would
// ask the name server about them.
func offers(h base.HeaderValue) []headers.Transport {
	var all []headers.Transport
	for _, one := range strings.Split(strings.Join(h, ","), ",") {
		parts := strings.Split(one, ";")
		parts = slices.DeleteFunc(parts, func(p string) bool {
			name, _, _ := strings.Cut(strings.TrimSpace(p), "=")
			return strings.EqualFold(name, "source") || strings.EqualFold(name, "destination")
		})
		if len(parts) == 0 {
			continue
		}
		parts[0] = strings.ToUpper(strings.TrimSpace(parts[0])) // the profile
		var t headers.Transport
		if t.Unmarshal(base.HeaderValue{strings.Join(parts, ";")}) == nil {
			all = append(all, t)
		}
	}
	return all
}

func validPort(p int) bool { return p > 0 && p < 65536 }

// taken reports whether another track already uses the channel or the one after it.
func (c *connection) taken(channel, index int) bool {
	for i, t := range c.tracks {
		if i != index && t.setUp && !t.udp && t.channel-channel < 2 && channel-t.channel < 2 {
			return true
		}
	}
	return false
}
