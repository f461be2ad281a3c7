package live

import "encoding/binary"

// boxes writes boxes (ISO/IEC 14496-12, 4.2), one in another.
type boxes struct{ b []byte }

// in writes a box with what fill writes into it.
func (w *boxes) in(name string, fill func()) {
	at := len(w.b)
	w.u32(0)
	w.b = append(w.b, name...)
	fill()
	binary.BigEndian.PutUint32(w.b[at:], uint32(len(w.b)-at))
}

// full writes a box that has a version and flags.
func (w *boxes) full(name string, version uint8, flags uint32, fill func()) {
	w.in(name, func() {
		w.u32(uint32(version)<<24 | flags)
		fill()
	})
}

func (w *boxes) u8(v ...uint8)    { w.b = append(w.b, v...) }
func (w *boxes) u16(v uint16)     { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *boxes) u32(v uint32)     { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *boxes) zero(n int)       { w.b = append(w.b, make([]byte, n)...) }
func (w *boxes) text(s string)    { w.b = append(w.b, s...) }
func (w *boxes) sized(raw []byte) { w.u16(uint16(len(raw))); w.b = append(w.b, raw...) }

// matrix is the one that turns nothing.
func (w *boxes) matrix() {
	for _, v := range [9]uint32{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000} {
		w.u32(v)
	}
}
