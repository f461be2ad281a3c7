package onvif

import "time"

// Silence is how long something moves for that a camera said so of and nothing since. Cameras tell a
// change once; this is for those that never tell the end.
const Silence = 10 * time.Minute

// maxMoving bounds the rules of one camera that see motion at a time.
const maxMoving = 64

// Motion makes one motion of what a camera's rules say. Its zero value stands still. It is for one
// goroutine.
type Motion struct {
	// Silence ends what nothing was said of for so long; 0 for the constant of the name.
	Silence time.Duration

	moving map[string]time.Time // by topic and key: the last word
}

// On reports whether something moves.
func (m *Motion) On() bool { return len(m.moving) > 0 }

// Take takes a notification that arrived at the given time: the cameras' own clocks are too often
// wrong. It reports whether that began or ended the motion. What is told to whoever has just come
// begins none.
func (m *Motion) Take(n Notice, at time.Time) bool {
	was := m.On()
	key := n.Topic + " " + n.Key
	_, known := m.moving[key]
	switch {
	case !n.On || n.Operation == Deleted:
		delete(m.moving, key)
	case known, n.Operation == Changed && len(m.moving) < maxMoving:
		if m.moving == nil {
			m.moving = map[string]time.Time{}
		}
		m.moving[key] = at
	}
	return m.On() != was
}

// Tick forgets what nothing was said of for as long as Silence says, and reports whether that ended the motion.
func (m *Motion) Tick(now time.Time) bool {
	was, most := m.On(), m.Silence
	if most == 0 {
		most = Silence
	}
	for key, at := range m.moving {
		if now.Sub(at) >= most {
			delete(m.moving, key)
		}
	}
	return m.On() != was
}
