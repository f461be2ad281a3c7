package streams

import "sync/atomic"

// gop is the pictures since the last keyframe, for whoever joins late. It is bounded: a GOP that
// grows beyond the bounds is not kept, and who joins then waits for the next keyframe.
type gop struct {
	track  int // of the video
	units  []*Unit
	bytes  int
	usual  int           // bytes that it may hold in any case
	more   int           // bytes that it holds beyond
	shared *atomic.Int64 // the same of all pulls together
	order  order
}

const (
	// mostGOP bounds one cache, in bytes: half a minute of 4K, or minutes of a small picture.
	mostGOP = 32 << 20
	// mostMore bounds what all caches together hold beyond the usual, in bytes.
	mostMore = 1 << 30
	// mostPictures bounds what a late reader must decode to see the latest.
	mostPictures = 4096
)

// add reports whether it keeps the unit.
func (g *gop) add(u *Unit) bool {
	if u.Track != g.track {
		return false
	}
	g.order.see(u.stamp())
	if u.Keyframe {
		g.clear()
	} else if len(g.units) == 0 {
		return false
	}
	if len(g.units) == mostPictures || !g.room(g.bytes+u.Size()) {
		g.clear()
		return false
	}
	g.units = append(g.units, u)
	g.bytes += u.Size()
	return true
}

// room reports whether the cache may hold so many bytes.
func (g *gop) room(bytes int) bool {
	more := max(bytes-g.usual, 0) - g.more
	if more <= 0 {
		return true
	}
	if bytes > max(mostGOP, g.usual) {
		return false
	}
	if g.shared.Add(int64(more)) > mostMore {
		g.shared.Add(int64(-more))
		return false
	}
	g.more += more
	return true
}

func (g *gop) clear() {
	g.shared.Add(int64(-g.more))
	for _, u := range g.units {
		u.giveBack()
	}
	clear(g.units) // whoever begins with them has a list of its own
	g.units, g.bytes, g.more = g.units[:0], 0, 0
	if cap(g.units) > roomy*8 {
		g.units = nil
	}
}

// order is what the timestamps of pictures tell of their order: with B pictures, some come after one
// that is shown later.
type order struct {
	begun   bool
	highest uint32
	depth   uint32 // how far, in ticks, a picture was behind the highest before it
}

func (o *order) see(stamp uint32) {
	const believed = 90000 // ticks; what is further back is another clock, not another order
	switch step := int32(stamp - o.highest); {
	case !o.begun, step > 0, step < -believed:
		o.begun, o.highest = true, stamp
	case uint32(-step) > o.depth:
		o.depth = uint32(-step)
	}
}
