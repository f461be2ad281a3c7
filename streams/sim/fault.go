package sim

import (
	"fmt"
	"time"
)

// Kind is a way to misbehave.
type Kind string

// The faults of cameras. A camera that can't be reached at all is not among them: all cameras
// share one socket on this machine.
const (
	// Die resets every connection at once, and cuts those that are open. Since all cameras share
	// one listening socket, the kernel completes the handshake first: the other side sees a
	// connection that is reset, not one that is refused.
	Die Kind = "die"
	// Mute accepts connections, reads, and never answers.
	Mute Kind = "mute"
	// Unauthorized refuses every password, and asks for one even for OPTIONS.
	Unauthorized Kind = "unauthorized"
	// Freeze goes on encoding one and the same image: a keyframe, and next to nothing between.
	Freeze Kind = "freeze"
	// Silent grants PLAY and sends no packets.
	Silent Kind = "silent"
	// NoKeyframes leaves out every keyframe.
	NoKeyframes Kind = "no_keyframes"
	// Loss loses Percent of the packets on the way; sequence numbers tell.
	Loss Kind = "loss"
	// Sessions refuses with 453 whoever wants more than Sessions sessions of the camera at a time.
	Sessions Kind = "sessions"
	// Flap is well for Up seconds and then dead, as with Die, for Down seconds, again and again,
	// by the farm's clock: all cameras that flap with the same times flap together.
	Flap Kind = "flap"
)

// Fault is how a camera misbehaves. The zero Fault is none.
type Fault struct {
	Kind     Kind    `json:"kind"`
	Percent  float64 `json:"percent,omitempty"`  // of Loss: 0 to 100
	Sessions int     `json:"sessions,omitempty"` // of Sessions: the limit, 0 for none at all
	Up       float64 `json:"up,omitempty"`       // of Flap: s
	Down     float64 `json:"down,omitempty"`     // of Flap: s
}

func (fault Fault) validate() error {
	switch fault.Kind {
	case "", Die, Mute, Unauthorized, Freeze, Silent, NoKeyframes:
	case Loss:
		if !(fault.Percent >= 0 && fault.Percent <= 100) {
			return fmt.Errorf("sim: loss of %v percent: want 0 to 100", fault.Percent)
		}
	case Sessions:
		if fault.Sessions < 0 {
			return fmt.Errorf("sim: limit of %d sessions: want 0 or more", fault.Sessions)
		}
	case Flap:
		const most = 86400
		if !(fault.Up > 0 && fault.Up <= most && fault.Down > 0 && fault.Down <= most) {
			return fmt.Errorf("sim: flap up %v s, down %v s: want both over 0 and at most %d", fault.Up, fault.Down, most)
		}
	default:
		return fmt.Errorf("sim: no fault %q: there are %s", fault.Kind,
			[]Kind{Die, Mute, Unauthorized, Freeze, Silent, NoKeyframes, Loss, Sessions, Flap})
	}
	return nil
}

// dead reports whether a camera with the fault is dead after the farm has run for d.
func (fault Fault) dead(d time.Duration) bool {
	switch fault.Kind {
	case Die:
		return true
	case Flap:
		up := time.Duration(fault.Up * float64(time.Second))
		down := time.Duration(fault.Down * float64(time.Second))
		return d%(up+down) >= up
	}
	return false
}

// SetFault makes camera i misbehave from now on, in place of any fault that it had; the zero Fault
// heals it. Die, Mute and Unauthorized cut the camera's open connections. It fails for a camera
// that there isn't and for a fault that makes no sense.
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
	f.cameras[i].fault.Store(&fault)
	if fault.Kind == Die || fault.Kind == Mute || fault.Kind == Unauthorized {
		f.cut(i)
	}
	return nil
}

// Fault is how camera i misbehaves now; zero if it doesn't.
func (f *Farm) Fault(i int) Fault {
	if f.check(i) != nil {
		return Fault{}
	}
	return f.fault(i)
}

func (f *Farm) fault(i int) Fault {
	if p := f.cameras[i].fault.Load(); p != nil {
		return *p
	}
	return Fault{}
}
