package streams

import "sync/atomic"

// Loan is memory that a Source lends for units, and wants back to use it again: a gateway of many
// cameras would else make and clear new memory as fast as all of them send.
//
// A pull gives a unit back when it drops it, if nobody else ever got it: as long as readers take
// units directly, that is when the next GOP begins. Once somebody has a unit for longer (it waits in
// a queue, or was handed out from there) its loan never comes back, and is left to the garbage
// collector. So no reader needs to know of this.
type Loan struct {
	out  atomic.Int32 // units that were not given back
	kept atomic.Bool
}

// Lend makes a unit of n packets that are already laid out as interleaved frames of the unit's
// Channel, in the loan's memory. The bytes are the unit's until it is given back.
func (l *Loan) Lend(track int, frames []byte, n int) *Unit {
	l.out.Add(1)
	return &Unit{Track: track, frames: frames, n: n, loan: l}
}

// Returned reports whether all that was lent came back. Then nobody knows of the memory any more.
func (l *Loan) Returned() bool { return l.out.Load() == 0 && !l.kept.Load() }

// Kept reports whether the memory will never come back.
func (l *Loan) Kept() bool { return l.kept.Load() }

// keep says that somebody has the unit for longer than the pull may tell. Only who knows that it is
// not given back yet may call it: the pull's lock is held.
func (u *Unit) keep() {
	if u.loan != nil {
		u.loan.kept.Store(true)
	}
}

// giveBack ends the pull's use of a unit.
func (u *Unit) giveBack() {
	l := u.loan
	if l == nil || l.kept.Load() {
		return
	}
	u.loan, u.frames, u.n = nil, nil, 0 // who uses it all the same finds nothing rather than something else
	l.out.Add(-1)
}
