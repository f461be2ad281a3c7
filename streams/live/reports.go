package live

import (
	"encoding/binary"

	"sharpeyes/streams"
)

// reports is the last sender report of a track (RFC 3550, 6.4.1).
type reports struct {
	known     bool
	ntp       int64 // ns since 1900
	timestamp uint32
}

func (r *reports) report(u *streams.Unit) {
	const senderReport, size = 200, 20
	for b := range u.Packets() {
		if len(b) >= size && b[0]>>6 == 2 && b[1] == senderReport {
			r.known = true
			r.ntp = int64(binary.BigEndian.Uint32(b[8:]))*second + int64(uint64(binary.BigEndian.Uint32(b[12:]))*uint64(second)>>32)
			r.timestamp = binary.BigEndian.Uint32(b[16:])
		}
	}
}

// wall is when a sample was taken by the camera's clock, in ns.
func (r *reports) wall(ts uint32, rate int64) (ntp int64, known bool) {
	return r.ntp + int64(int32(ts-r.timestamp))*second/rate, r.known
}
