package event

import "time"

// State is the health of a channel.
type State string

// The states of a channel.
const (
	Online   State = "online"
	Degraded State = "degraded"
	Offline  State = "offline"
	Unknown  State = "unknown"
	Disabled State = "disabled"
)

// Reason is why a channel is in its state; empty when there is nothing to explain.
type Reason string

// The reasons of a state.
const (
	ConnectRefused Reason = "connect_refused"
	ConnectTimeout Reason = "connect_timeout"
	Unreachable    Reason = "unreachable"
	NoAnswer       Reason = "no_answer"
	Unauthorized   Reason = "unauthorized"
	NotFound       Reason = "not_found"
	BadAnswer      Reason = "bad_answer"
	NoPackets      Reason = "no_packets"
	NoKeyframe     Reason = "no_keyframe"
	LowFPS         Reason = "low_fps"
	PacketLoss     Reason = "packet_loss"
	Frozen         Reason = "frozen"
	ClockSkew      Reason = "clock_skew"
	SessionFull    Reason = "session_full"
	LockedOut      Reason = "locked_out"
	AudioOnly      Reason = "audio_only"
	Flapping       Reason = "flapping"
	TLS            Reason = "tls"
)

// Reasons are all reasons.
func Reasons() []Reason {
	return []Reason{
		ConnectRefused, ConnectTimeout, Unreachable, NoAnswer, Unauthorized, NotFound, BadAnswer, NoPackets, NoKeyframe, LowFPS, PacketLoss,
		Frozen, ClockSkew, SessionFull, LockedOut, AudioOnly, Flapping, TLS,
	}
}

// Health says that a channel's state changed.
type Health struct {
	Channel  Channel   `json:"channel"`
	State    State     `json:"state"`
	Previous State     `json:"previous"`
	Reason   Reason    `json:"reason"`
	Detail   string    `json:"detail"` // a sentence for an operator; never holds a credential
	Since    time.Time `json:"since"`
}

// Kind is KindHealth.
func (Health) Kind() Kind      { return KindHealth }
func (h Health) about() string { return h.Channel.about() }
func (h Health) topic() string { return h.Channel.topic() }

// MotionSource is who saw a motion.
type MotionSource string

// The sources of motion.
const (
	FromBitstream MotionSource = "bitstream"
	FromONVIF     MotionSource = "onvif"
	FromWebhook   MotionSource = "webhook"
)

// Motion says that a motion began or ended.
type Motion struct {
	Channel  Channel      `json:"channel"`
	Score    float64      `json:"score"` // 0 to 1
	Source   MotionSource `json:"source"`
	Started  time.Time    `json:"started"`
	Duration float64      `json:"duration"` // s; 0 when it has just begun
}

// Kind is KindMotion.
func (Motion) Kind() Kind      { return KindMotion }
func (m Motion) about() string { return m.Channel.about() }
func (m Motion) topic() string { return m.Channel.topic() }

// Stream says that the pull of one stream of a channel started, stopped or failed.
type Stream struct {
	Channel Channel `json:"channel"`
	Profile string  `json:"profile"` // main or sub
	Readers int     `json:"readers"`
	Reason  Reason  `json:"reason"`
}

// Kind is KindStream.
func (Stream) Kind() Kind      { return KindStream }
func (s Stream) about() string { return s.Channel.about() }
func (s Stream) topic() string { return s.Channel.topic() }
