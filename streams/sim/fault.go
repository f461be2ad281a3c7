package sim

import "time"

// Kind is a way to misbehave.
type Kind string

// The faults of cameras. A camera that can't be reached at all is not among them: all cameras
// share one socket on this machine. What each takes of a Fault's parameters stands behind it.
const (
	// Die resets every connection at once, and cuts those that are open. Since all cameras share
	// one listening socket, the kernel completes the handshake first: the other side sees a
	// connection that is reset, not one that is refused.
	Die Kind = "die"
	// Reboot is Die for Down seconds from now on; then the camera is well again by itself.
	Reboot Kind = "reboot"
	// Flap is well for Up seconds and then dead, as with Die, for Down seconds, again and again,
	// by the farm's clock: all cameras that flap with the same times flap together.
	Flap Kind = "flap"
	// Hangup closes each connection Seconds after it began to play.
	Hangup Kind = "hangup"

	// Mute accepts connections, reads, and never answers.
	Mute Kind = "mute"
	// Slow answers every request Seconds late.
	Slow Kind = "slow"
	// KeepAlive answers whatever is asked while a session plays Seconds late, and with 0 never.
	// It counts for the session's time-out all the same.
	KeepAlive Kind = "keepalive"
	// Garbage answers every request with bytes that are no RTSP.
	Garbage Kind = "garbage"
	// Wrong answers Percent of the requests with Status, or 500 when that is 0.
	Wrong Kind = "wrong_answers"
	// Unauthorized refuses every password, and asks for one even for OPTIONS.
	Unauthorized Kind = "unauthorized"
	// Redirect answers DESCRIBE with Status, or 302 when that is 0, and sends the other side To;
	// who asks for the address To itself is served. An empty To is the address that was asked for:
	// there is no end to it.
	Redirect Kind = "redirect"
	// Sessions refuses with Status (453 when that is 0; 503, 401 and 403 are seen, too) whoever
	// wants more than Sessions sessions of the camera at a time.
	Sessions Kind = "sessions"

	// Freeze goes on encoding one and the same image: a keyframe, and next to nothing between.
	Freeze Kind = "freeze"
	// Silent grants PLAY and sends no packets.
	Silent Kind = "silent"
	// Stuck sends sender reports and no other packets.
	Stuck Kind = "stuck"
	// NoKeyframes leaves out every keyframe.
	NoKeyframes Kind = "no_keyframes"
	// LowRate leaves out pictures, so that about FPS a second are left. Keyframes stay.
	LowRate Kind = "low_fps"
	// Loss loses Percent of the packets on the way; sequence numbers tell.
	Loss Kind = "loss"

	// NewSSRC changes the SSRC of every track each Seconds of a session.
	NewSSRC Kind = "new_ssrc"
	// Restart lets the sequence numbers of every track begin at 0 again, each Seconds of a session.
	Restart Kind = "seq_restart"
	// Jump sets the timestamps of every track By seconds forward, or back when it is negative,
	// each Seconds of a session.
	Jump Kind = "ts_jump"
	// ClockSkew lets sender reports tell a time that is By seconds late, or early when it is negative.
	ClockSkew Kind = "clock_skew"
)

// Fault is how a camera misbehaves. The zero Fault is none. A parameter that the Kind has no use
// for must be 0.
type Fault struct {
	Kind     Kind    `json:"kind"`
	Percent  float64 `json:"percent,omitempty"`  // 0 to 100
	Sessions int     `json:"sessions,omitempty"` // a limit, 0 for none at all
	Status   int     `json:"status,omitempty"`   // of an answer
	Up       float64 `json:"up,omitempty"`       // s
	Down     float64 `json:"down,omitempty"`     // s
	Seconds  float64 `json:"seconds,omitempty"`
	By       float64 `json:"by,omitempty"` // s
	FPS      float64 `json:"fps,omitempty"`
	To       string  `json:"to,omitempty"` // a URL
}

// condition is the fault that a camera has, and since when.
type condition struct {
	Fault
	since time.Duration // of the farm's clock
}

// dead reports whether a camera with the fault is dead after the farm has run for d.
func (c condition) dead(d time.Duration) bool {
	switch c.Kind {
	case Die:
		return true
	case Reboot:
		return d < c.since+seconds(c.Down)
	case Flap:
		up, down := seconds(c.Up), seconds(c.Down)
		return d%(up+down) >= up
	}
	return false
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// SetFault makes camera i misbehave from now on, in place of any fault that it had; the zero Fault
// heals it. Die, Reboot, Mute, Garbage and Unauthorized cut the camera's open connections. It fails
// for a camera that there isn't and for a fault that makes no sense.
func (f *Farm) SetFault(i int, fault Fault) error {
	if err := f.check(i); err != nil {
		return err
	}
	if err := fault.validate(); err != nil {
		return err
	}
	if fault.Kind == "" {
		f.cameras[i].fault.Store(nil)
		return nil
	}
	f.cameras[i].fault.Store(&condition{fault, time.Since(f.epoch)})
	switch fault.Kind {
	case Die, Reboot, Mute, Garbage, Unauthorized:
		f.cut(i)
	}
	return nil
}

// Fault is how camera i misbehaves now; zero if it doesn't.
func (f *Farm) Fault(i int) Fault {
	if f.check(i) != nil {
		return Fault{}
	}
	return f.fault(i).Fault
}

// fault is the condition of camera i. A reboot that is over is none any more.
func (f *Farm) fault(i int) condition {
	p := f.cameras[i].fault.Load()
	if p == nil {
		return condition{}
	}
	if p.Kind == Reboot && !p.dead(time.Since(f.epoch)) {
		f.cameras[i].fault.CompareAndSwap(p, nil)
		return condition{}
	}
	return *p
}
