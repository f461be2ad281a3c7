package source

import (
	"math/bits"
	"time"
)

const (
	// A block is as large as what comes in a quarter of a second, within these bounds: whoever keeps
	// a unit keeps the block that it lies in.
	minBlock = 8 << 10
	maxBlock = 256 << 10
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

// roundUp makes the size one that the allocator has: a power of two, or, above the largest block, a
// multiple of it.
func roundUp(n int) int {
	if n > maxBlock {
		return (n + maxBlock - 1) / maxBlock * maxBlock
	}
	return 1 << bits.Len(uint(max(n, minBlock)-1))
}

// took says that a read brought n bytes.
func (in *intake) took(n int) {
	in.w += n
	in.amount += n
	in.burst += (n - in.burst) / 8
}

// measure fits the size of the next block to what comes.
func (in *intake) measure(now time.Time) {
	if d := now.Sub(in.since); !in.since.IsZero() && d > 0 {
		quarter := int(float64(in.amount) / d.Seconds() / 4)
		in.size = roundUp(min(max(quarter, minBlock), maxBlock))
	}
	in.since, in.amount = now, 0
}
