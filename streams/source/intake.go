package source

import (
	"time"

	"sharpeyes/streams"
)

const (
	// A block is as large as what comes in this time, within these bounds: whoever keeps a unit keeps
	// the block that it lies in.
	blockTime = 250 * time.Millisecond
	minBlock  = 8 << 10
	maxBlock  = 256 << 10
	// minRoom is how much a read must be able to take, in bytes.
	minRoom = 2 << 10
	// mostLent and longLent bound the blocks that are waited for. What comes back later than that is
	// left to the garbage collector, as is what is too large for what comes now.
	mostLent = 256
	longLent = 20 * time.Second
)

// lent is a block that units lie in.
type lent struct {
	block []byte
	loan  *streams.Loan
	since time.Time
}

// intake is where the bytes of a connection land. Packets are found and units put together where
// they lie, and a unit that is whole is handed on as a part of the block: the bytes of a picture are
// copied once, from the kernel. A block is never written again once something of it was handed on.
type intake struct {
	block []byte
	r, w  int           // block[r:w] has come and was not looked at yet
	need  int           // bytes from r on that must come before it makes sense to look again; 0: any
	open  *track        // whose unit lies in the block, at block[open.start:open.end]
	loan  *streams.Loan // of the block; nil: nothing of it was handed on
	lent  []lent        // blocks that are used up, the oldest first

	size   int // of the next block
	burst  int // bytes that come at a time
	rate   int // bytes that come in blockTime, smoothed
	since  time.Time
	amount int // bytes that have come since
}

func newIntake() *intake { return &intake{block: make([]byte, minBlock), size: minBlock} }

// unread is what has come and was not looked at yet.
func (in *intake) unread() []byte { return in.block[in.r:in.w] }

// room is where the next read goes.
func (in *intake) room() []byte {
	if in.r == in.w && in.open == nil && in.loan == nil {
		in.r, in.w = 0, 0
	}
	want := max(minRoom, min(in.burst+in.burst/4, len(in.block)/4), in.need-(in.w-in.r))
	if len(in.block)-in.w < want {
		in.renew(want)
	}
	return in.block[in.w:]
}

// renew moves what is still worked on to the front of a block that has room for n bytes more.
func (in *intake) renew(n int) {
	start, end := in.r, in.r
	if in.open != nil {
		start, end = in.open.start, in.open.end
	}
	carried := end - start + in.w - in.r
	old := in.block
	if in.loan != nil || carried+n > len(old) || len(old) < in.size {
		need := carried + n
		if in.open != nil {
			need = max(need, 2*carried) // a large picture must not be moved again and again
		}
		if in.loan != nil {
			in.lent = append(in.lent, lent{old, in.loan, in.since})
		}
		in.block, in.loan = in.fresh(need), nil
	}
	unit := copy(in.block, old[start:end])
	in.w = unit + copy(in.block[unit:], old[in.r:in.w])
	in.r = unit
	if in.open != nil {
		in.open.start, in.open.end = 0, unit
	}
}

// fresh is a block of at least n bytes: the oldest that came back, or a new one.
func (in *intake) fresh(n int) []byte {
	want := max(n, in.size)
	for len(in.lent) > 0 {
		l := in.lent[0]
		back := l.loan.Returned()
		if !back && !l.loan.Kept() && len(in.lent) < mostLent {
			break
		}
		in.lent[0] = lent{}
		if in.lent = in.lent[1:]; len(in.lent) == 0 {
			in.lent = nil
		}
		if back && len(l.block) >= max(n, want/2) && len(l.block) <= 4*want && in.since.Sub(l.since) < longLent {
			return l.block
		}
	}
	return make([]byte, roundUp(want))
}

// lend makes a unit of a part of the block.
func (in *intake) lend(t *track, from, to, packets int) *streams.Unit {
	if in.loan == nil {
		in.loan = new(streams.Loan)
	}
	return in.loan.Lend(t.index, in.block[from:to:to], packets)
}

// roundUp makes the size one that the allocator doesn't round up itself.
func roundUp(n int) int { return (n + minBlock - 1) / minBlock * minBlock }

// took says that a read brought n bytes.
func (in *intake) took(n int, now time.Time) {
	in.w += n
	in.amount += n
	in.burst += (n - in.burst) / 8
	if d := now.Sub(in.since); d >= blockTime {
		in.measure(d)
		in.since, in.amount = now, 0
	}
}

// measure fits the size of the next block to what came in the time d.
func (in *intake) measure(d time.Duration) {
	if in.since.IsZero() {
		return
	}
	rate := int(int64(in.amount) * int64(blockTime) / int64(d))
	if in.rate == 0 {
		in.rate = rate
	}
	in.rate += (rate - in.rate) / 4
	in.size = roundUp(min(max(in.rate, minBlock), maxBlock))
}
