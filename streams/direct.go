package streams

// Taken is what became of a unit that was offered to a reader directly.
type Taken uint8

// What the function of Direct answers.
const (
	Refused  Taken = iota // the unit waits in the queue like any other
	Took                  // the reader has it
	TookPart              // the reader has it, and its goroutine must see to the rest: Next returns no units
)

// directLimit is how many readers a unit is offered to directly. A write to a socket costs some
// 10 µs, and the pull waits for it: the rest of a crowd is served by goroutines of its own, on other
// processors.
const directLimit = 256

// direct is the short way to a reader. The reader's lock guards it.
type direct struct {
	f       func(*Unit) Taken // nil: there is none
	waiting bool              // a goroutine waits in Next, and nothing is on its way
	nudged  bool              // Next is to return without units
}

// Direct gives the reader a short way: while its goroutine waits in Next and nothing is in its queue,
// a unit is offered to f by the goroutine that delivers it, which saves waking another. F must not
// block and must not call the Reader, since the pull waits for it, and it must be done with the unit
// when it returns, unless it answers TookPart. The order is kept: f is never
// called while units are in the queue, or in the hands of who called Next. It is to be called
// before Play.
func (r *Reader) Direct(f func(*Unit) Taken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.direct = direct{f: f}
}

// offer reports whether the reader took the unit directly. The reader's lock is held.
func (r *Reader) offer(u *Unit) bool {
	if !r.direct.waiting || r.direct.f == nil || r.queue.len() > 0 || r.queue.fresh || r.queue.skipping {
		return false
	}
	switch r.direct.f(u) {
	case Took:
		return true
	case TookPart:
		u.keep()
		r.direct.nudged = true
		r.signal()
		return true
	}
	return false
}

// await notes whether the reader's goroutine is about to wait, and reports whether it is to see to
// the rest of a unit instead. The reader's lock is held.
func (r *Reader) await(nothing bool) (nudged bool) {
	nudged = r.direct.nudged
	r.direct.nudged, r.direct.waiting = false, nothing && !nudged
	return nudged
}
