package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
)

var (
	errOnlyUDP = errors.New("the camera sends over UDP only")
	errOnlyTCP = errors.New("the camera sends over TCP only")
)

// open asks for the description, sets up every track that the camera sends, and plays.
func (s *session) open(ctx context.Context, udp bool) error {
	s.url = s.target.url
	m, err := s.request("DESCRIBE", s.target.url, "Accept: application/sdp")
	if err != nil {
		return err
	}
	o, err := parseSDP(m.body)
	if err != nil {
		return err
	}
	relative := contentBase(s.target.url, m)
	s.url = resolve(relative, o.control)
	s.sink.Describe(o.description())
	if udp {
		if s.udp, err = s.listen(); err != nil {
			return err
		}
	}
	tracks := make([]*track, len(o.medias))
	for i, m := range o.medias {
		tracks[i] = newTrack(i, m, s.sink)
	}
	for _, i := range o.order() {
		err := s.setup(tracks[i], resolve(relative, o.medias[i].control), udp)
		if refused, ok := errors.AsType[*statusError](err); ok && s.id != "" && optional(refused.code) {
			continue // that camera describes more than it has
		}
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.tracks, s.armed = tracks, true
	s.mu.Unlock()
	if udp {
		s.udp.run(s)
	}
	_, err = s.request("PLAY", s.url, "Range: npt=0.000-")
	if refused, ok := errors.AsType[*statusError](err); ok && refused.code == 457 {
		_, err = s.request("PLAY", s.url) // a live stream has no range, some say
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.play()
	s.mu.Unlock()
	return ctx.Err()
}

// order begins with video: without it, the rest is not worth having.
func (o *offer) order() []int {
	order := make([]int, 0, len(o.medias))
	for i, m := range o.medias {
		if m.desc.Type == description.MediaTypeVideo {
			order = append(order, i)
		}
	}
	for i := range o.medias {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	return order
}

// optional reports whether a refusal concerns one track alone.
func optional(code int) bool {
	switch code {
	case 401, 403, 453, 461, 503:
		return false
	}
	return true
}

// setup asks for one track.
func (s *session) setup(t *track, url string, udp bool) error {
	if udp {
		return s.setupUDP(t, url)
	}
	want := 2 * t.index
	m, err := s.request("SETUP", url, fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d", want, want+1))
	if refused, ok := errors.AsType[*statusError](err); ok && refused.code == 461 {
		return errOnlyUDP
	}
	if err != nil {
		return err
	}
	a := parseTransport(m.get("transport"))
	if !a.tcp && a.channel < 0 && m.get("transport") != "" {
		return errOnlyUDP
	}
	channel, control := want, want+1
	if a.channel >= 0 && s.routes[a.channel] == 0 && s.routes[a.control] == 0 {
		channel, control = a.channel, a.control
	} // else it says the same of all of them, and means what it was asked for
	s.routes[channel], s.routes[control] = newRoute(t.index, false), newRoute(t.index, true)
	t.control = byte(control)
	return nil
}

// play tells the sink, once, that the camera sends. The lock is held.
func (s *session) play() {
	if !s.playing {
		s.playing = true
		s.sink.Playing()
	}
}
