package sim

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
)

// most is the longest time that a fault or a trait may speak of, in seconds.
const most = 86400

// parameters is which of a Fault's fields a kind uses; false for a kind that there isn't.
func (k Kind) parameters() ([]string, bool) {
	switch k {
	case "", Die, Mute, Garbage, Unauthorized, Freeze, Silent, Stuck, NoKeyframes:
		return nil, true
	case Reboot:
		return []string{"down"}, true
	case Flap:
		return []string{"up", "down"}, true
	case Hangup, Slow, KeepAlive, NewSSRC, Restart:
		return []string{"seconds"}, true
	case Jump:
		return []string{"seconds", "by"}, true
	case ClockSkew:
		return []string{"by"}, true
	case Wrong:
		return []string{"percent", "status"}, true
	case Loss:
		return []string{"percent"}, true
	case Redirect:
		return []string{"status", "to"}, true
	case Sessions:
		return []string{"sessions", "status"}, true
	case LowRate:
		return []string{"fps"}, true
	}
	return nil, false
}

// kinds is every kind there is.
func kinds() []Kind {
	return []Kind{
		Die, Reboot, Flap, Hangup, Mute, Slow, KeepAlive, Garbage, Wrong, Unauthorized, Redirect, Sessions,
		Freeze, Silent, Stuck, NoKeyframes, LowRate, Loss, NewSSRC, Restart, Jump, ClockSkew,
	}
}

func (fault Fault) validate() error {
	uses, ok := fault.Kind.parameters()
	if !ok {
		return fmt.Errorf("sim: no fault %q: there are %s", fault.Kind, kinds())
	}
	for _, p := range []struct {
		name string
		v    float64
		low  float64
		high float64
	}{
		{"percent", fault.Percent, 0, 100},
		{"sessions", float64(fault.Sessions), 0, math.MaxInt32},
		{"up", fault.Up, 1e-9, most},
		{"down", fault.Down, 1e-9, most},
		{"seconds", fault.Seconds, fault.Kind.least(), most},
		{"by", fault.By, -most * 36500, most * 36500}, // cameras are a century off at times
		{"fps", fault.FPS, 1e-3, 25},
	} {
		switch used := slices.Contains(uses, p.name); {
		case !used && p.v != 0:
			return fmt.Errorf("sim: fault %q has no use for %s", fault.Kind, p.name)
		case used && !(p.v >= p.low && p.v <= p.high):
			return fmt.Errorf("sim: fault %q with %s of %v: want %v to %v", fault.Kind, p.name, p.v, p.low, p.high)
		}
	}
	return fault.validateAnswer(uses)
}

// least is the smallest number of Seconds.
func (k Kind) least() float64 {
	if k == KeepAlive || k == Slow {
		return 0
	}
	return 1e-3
}

// validateAnswer checks what is written into answers.
func (fault Fault) validateAnswer(uses []string) error {
	if fault.Status != 0 {
		if !slices.Contains(uses, "status") {
			return fmt.Errorf("sim: fault %q has no use for status", fault.Kind)
		}
		if fault.Status < 300 || fault.Status > 599 || (fault.Kind == Redirect) != (fault.Status < 400) {
			return fmt.Errorf("sim: fault %q doesn't answer %d", fault.Kind, fault.Status)
		}
	}
	if fault.To != "" {
		if !slices.Contains(uses, "to") {
			return fmt.Errorf("sim: fault %q has no use for to", fault.Kind)
		}
		if u, err := url.Parse(fault.To); err != nil || !strings.HasPrefix(u.Scheme, "rtsp") || len(fault.To) > 1024 {
			return fmt.Errorf("sim: can't redirect to %q", fault.To)
		}
	}
	return nil
}
