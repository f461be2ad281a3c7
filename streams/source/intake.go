package source

import "time"

const (
	// A block is as large as what comes in this time, within these bounds: whoever keeps a unit keeps
	// the block that it lies in.
	blockTime = 250 * time.Millisecond
	minBlock  = 8 << 10
	maxBlock  = 256 << 10
	// minRoom is how much a read must be able to take, in bytes.
	minRoom = 2 << 10
)

// intake is where the bytes of a connection land. Packets are found and units put together where
// they lie, and a unit that is whole is handed on as a part of the block: the bytes of a picture are
// copied once, from the kernel. A block is never written again once something of it was handed on.
type intake struct {
	block []byte
	r, w  int    // block[r:w] has come and was not looked at yet
	need  int    // bytes from r on that must come before it makes sense to look again; 0: any
	open  *track // whose unit lies in the block, at block[open.start:open.end]
	kept  bool   // something of the block was handed on

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
	if in.r == in.w && in.open == nil && !in.kept {
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
	if in.kept || carried+n > len(old) || len(old) < in.size {
		size := max(in.size, carried+n)
		if in.open != nil {
			size = max(size, 2*carried) // a large picture must not be moved again and again
		}
		in.block, in.kept = make([]byte, roundUp(size)), false
	}
	unit := copy(in.block, old[start:end])
	in.w = unit + copy(in.block[unit:], old[in.r:in.w])
	in.r = unit
	if in.open != nil {
		in.open.start, in.open.end = 0, unit
	}
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
