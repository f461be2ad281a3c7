package live

import "encoding/binary"

const (
	// headOfOne is the bytes before the sample of a fragment that has one, and headOfMore those of
	// each further sample.
	headOfOne, headOfMore = 112, 16

	syncSample  = 0x02000000 // depends on no other (ISO/IEC 14496-12, 8.8.3.1)
	otherSample = 0x01010000
)

// sample is what a fragment says of one of its samples.
type sample struct {
	duration, size, flags uint32
	shift                 int32 // ticks from decoding to showing
}

// head writes the boxes before the samples of a fragment into b, which has exactly the room: moof
// and the beginning of mdat (ISO/IEC 14496-12, 8.8). It is written without package boxes' closures,
// since there is one for every picture of every reader.
func head(b []byte, sequence, track uint32, at int64, samples ...sample) {
	put := binary.BigEndian.PutUint32
	name := func(i int, size int, s string) { put(b[i:], uint32(size)); copy(b[i+4:], s) }
	moof := len(b) - 8
	name(0, moof, "moof")
	name(8, 16, "mfhd")
	put(b[12+4:], 0)
	put(b[20:], sequence)
	name(24, moof-24, "traf")
	name(32, 16, "tfhd")
	put(b[40:], 0x020000) // positions count from this moof
	put(b[44:], track)
	name(48, 20, "tfdt")
	put(b[56:], 1<<24)
	binary.BigEndian.PutUint64(b[60:], uint64(at))
	name(68, moof-68, "trun")
	put(b[76:], 1<<24|0xf01)
	put(b[80:], uint32(len(samples)))
	put(b[84:], uint32(len(b)))
	total := 8
	for i, s := range samples {
		row := b[88+headOfMore*i:]
		put(row, s.duration)
		put(row[4:], s.size)
		put(row[8:], s.flags)
		put(row[12:], uint32(s.shift))
		total += int(s.size)
	}
	name(moof, total, "mdat")
}
