package health

import "math"

const (
	noiseSample = 500  // observations that say how much is lost
	falseEvents = 0.01 // that may be expected of the whole city within noiseSpan
	noiseSpan   = 600  // s
	mostAgree   = 8    // probes; beyond it, all that fails is lost in the noise
)

// noise is how many probes are lost on the way to cameras that are well: of each of the last seconds, the
// observations and those among them that another one, soon after, showed to be wrong.
//
// Three lost probes in a row are rare, but a city makes two million in ten minutes: where one in twenty is
// lost, hundreds of cameras would be reported that nothing is wrong with. So the more are lost, the more
// must agree.
type noise struct {
	ring // good: all observations; bad: those that were wrong
}

func (n *noise) observed(second int64) {
	n.advance(second)
	n.good[second%ringLen] = min(n.good[second%ringLen], math.MaxUint16-1) + 1
}

func (n *noise) wrong(second int64) {
	n.advance(second)
	n.bad[second%ringLen] = min(n.bad[second%ringLen], math.MaxUint16-1) + 1
}

// lost is the part of the observations that was wrong lately.
func (n *noise) lost() float64 {
	all, wrong := 0, 0
	for s := n.newest; s >= 0 && s > n.newest-ringLen && all < noiseSample; s-- {
		all += int(n.good[s%ringLen])
		wrong += int(n.bad[s%ringLen])
	}
	if wrong < 3 {
		return 0
	}
	return float64(wrong) / float64(max(all, wrong, 1))
}

// agreeing is how many probes must agree that a camera is down.
func (m *Monitor) agreeing(e *entry) int {
	least := m.o.Config.Confirm
	if e.covering() != nil { // many others agree
		return 1
	}
	p := m.noise.lost()
	if p <= 0 || least <= 1 {
		return least
	}
	probes := 0.0 // within the span
	for r, d := range m.intervals {
		probes += float64(m.ofRank[r]) * noiseSpan / d.Seconds()
	}
	n := math.Ceil(math.Log(falseEvents/max(probes, 1)) / math.Log(min(p, 0.5)))
	return max(least, min(int(n), mostAgree))
}
