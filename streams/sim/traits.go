package sim

import (
	"fmt"
	"strings"
	"time"
)

// Traits is what a camera is like by its make and settings, beside its Scene: nothing that breaks,
// and all of it met in the field. Zero values are the cameras that the farm is full of. Any traits
// go together with any Fault.
type Traits struct {
	// Auth is the authentication schemes that the camera offers, in the order of its challenges,
	// with blanks between: "basic", "md5", "sha256". Not empty, the camera is locked whatever its
	// Scene says, and wants a password for requests of a session's keeping alive, too.
	Auth string `json:"auth,omitempty"`
	// QOP asks for digests with qop=auth, and is strict about it: the nonce count goes up by one
	// from 1, there is a cnonce, opaque comes back, and the URI is that of the request.
	QOP bool `json:"qop,omitempty"`
	// OneHeader puts all challenges into one header.
	OneHeader bool `json:"one_header,omitempty"`
	// Password is what the camera wants in place of the farm's.
	Password string `json:"password,omitempty"`
	// NonceRequests and NonceSeconds are how many requests, and how long, a nonce is good for. After
	// that the camera refuses with stale=true and a new one. 0 is no bound.
	NonceRequests int     `json:"nonce_requests,omitempty"`
	NonceSeconds  float64 `json:"nonce_seconds,omitempty"`

	// Transport is the only one that the camera has: "tcp" or "udp". Both if empty.
	Transport string `json:"transport,omitempty"`
	// OwnChannels gives every track over TCP other channels than the other side asks for.
	OwnChannels bool `json:"own_channels,omitempty"`
	// WrongPorts sends over UDP from other ports than the answer to SETUP names.
	WrongPorts bool `json:"wrong_ports,omitempty"`
	// WrongSSRC names another SSRC in the answer to SETUP than the packets have.
	WrongSSRC bool `json:"wrong_ssrc,omitempty"`
	// Timeout is the announced time-out of sessions in whole seconds, held strictly: a stream ends
	// when no request came for so long. 0 is 60 s, held with patience, RTCP being enough.
	Timeout int `json:"timeout,omitempty"`

	// NoReports sends no RTCP.
	NoReports bool `json:"no_reports,omitempty"`
	// NoMarkers leaves out the marker that ends a picture.
	NoMarkers bool `json:"no_markers,omitempty"`
	// GOP is the pictures from one keyframe to the next, a multiple of 50; 0 is 50. The keyframes in
	// between are left out, so a decoder complains: this is for those who count and cache.
	GOP int `json:"gop,omitempty"`
	// Payload is the most bytes of a video packet's payload, 200 to 60000; 0 is 1400.
	Payload int `json:"payload,omitempty"`
	// PayloadType is that of video packets, 96 to 127, when it isn't the one that the SDP names.
	PayloadType int `json:"payload_type,omitempty"`
	// Stray puts a packet of a payload type that the SDP doesn't name before each picture.
	Stray bool `json:"stray,omitempty"`

	// BrokenMedia adds a media to the SDP that nobody can understand. It can be set up, and
	// nothing is sent for it.
	BrokenMedia bool `json:"broken_media,omitempty"`
	// BackChannel adds a media for talking to the camera to the SDP. Counters tells who sets it up.
	BackChannel bool `json:"back_channel,omitempty"`
	// AbsoluteControl writes whole URLs into the SDP and leaves out Content-Base.
	AbsoluteControl bool `json:"absolute_control,omitempty"`
}

func (t Traits) validate() error {
	for scheme := range strings.FieldsSeq(t.Auth) {
		switch scheme {
		case "basic", "md5", "sha256":
		default:
			return fmt.Errorf("sim: no authentication scheme %q: there are basic, md5, sha256", scheme)
		}
	}
	switch {
	case t.Transport != "" && t.Transport != "tcp" && t.Transport != "udp":
		return fmt.Errorf("sim: transport %q: want tcp or udp", t.Transport)
	case t.NonceRequests < 0 || !(t.NonceSeconds >= 0 && t.NonceSeconds <= most):
		return fmt.Errorf("sim: nonces for %d requests, %v s: want 0 or more, at most a day", t.NonceRequests, t.NonceSeconds)
	case t.Timeout < 0 || t.Timeout > most:
		return fmt.Errorf("sim: time-out of %d s: want 0 to %d", t.Timeout, most)
	case t.GOP < 0 || t.GOP%gop != 0:
		return fmt.Errorf("sim: group of %d pictures: want a multiple of %d", t.GOP, gop)
	case t.Payload != 0 && (t.Payload < 200 || t.Payload > 60000):
		return fmt.Errorf("sim: payload of %d bytes: want 200 to 60000", t.Payload)
	case t.PayloadType != 0 && (t.PayloadType < 96 || t.PayloadType > 127):
		return fmt.Errorf("sim: payload type %d: want 96 to 127", t.PayloadType)
	}
	return nil
}

// SetTraits gives camera i other traits from now on; the zero Traits are those of most cameras. It
// cuts the camera's open connections. It fails for a camera that there isn't and for traits that
// make no sense.
func (f *Farm) SetTraits(i int, t Traits) error {
	if err := f.check(i); err != nil {
		return err
	}
	if err := t.validate(); err != nil {
		return err
	}
	if _, err := f.clipsOf(t.Payload); err != nil {
		return err
	}
	if t == (Traits{}) {
		f.cameras[i].traits.Store(nil)
	} else {
		f.cameras[i].traits.Store(&t)
	}
	f.cut(i)
	return nil
}

// Traits is what camera i is like.
func (f *Farm) Traits(i int) Traits {
	if f.check(i) != nil {
		return Traits{}
	}
	return *f.traits(i)
}

// traits is those of camera i, which nobody changes.
func (f *Farm) traits(i int) *Traits {
	if p := f.cameras[i].traits.Load(); p != nil {
		return p
	}
	return &f.usual
}

// timeout is the announced time-out of sessions.
func (t Traits) timeout() time.Duration {
	if t.Timeout > 0 {
		return time.Duration(t.Timeout) * time.Second
	}
	return sessionTimeout
}
