package motion

// kind is what one NAL unit carries.
type kind uint8

const (
	other      kind = iota // nothing of a picture: SEI, filler, delimiters
	parameters             // a sequence parameter set
	intra                  // a slice of a keyframe, or an I slice
	inter                  // a slice that other pictures are predicted from
	light                  // a slice that no picture, or a B picture only, is predicted from
)

// sliceHeader is how many bytes of a slice its kind is read from.
const sliceHeader = 16

// kindOf tells the kind of the NAL unit that begins with the given bytes.
func kindOf(c Codec, nalu []byte) kind {
	if c == H265 {
		return kindOfH265(nalu)
	}
	return kindOfH264(nalu)
}

func kindOfH264(nalu []byte) kind {
	if len(nalu) < 2 {
		return other
	}
	switch nalu[0] & 0x1f {
	case 5:
		return intra
	case 7:
		return parameters
	case 1, 2: // a whole slice; partition A of one
	default:
		return other
	}
	r := bitReader{data: head(nalu[1:])}
	r.exp() // first_mb_in_slice
	switch t := r.exp() % 5; {
	case t == 2 || t == 4:
		return intra
	case t == 1 || nalu[0]&0x60 == 0:
		return light
	}
	return inter
}

func kindOfH265(nalu []byte) kind {
	if len(nalu) < 3 {
		return other
	}
	t := nalu[0] >> 1 & 0x3f
	switch {
	case t == 33:
		return parameters
	case t >= 16 && t <= 21:
		return intra
	case t > 9:
		return other
	}
	reference := t&1 == 1
	r := bitReader{data: head(nalu[2:])}
	if r.bit() == 0 { // not the picture's first slice: its type stands behind an address of unknown length
		if reference {
			return inter
		}
		return light
	}
	r.exp() // slice_pic_parameter_set_id
	// Extra bits that the picture parameter set may announce here are not looked for: in a stream
	// that has them an I slice may be taken for another, or another for one. P and B are not told
	// apart, since encoders that reorder nothing use one in place of the other.
	if r.exp() == 2 {
		return intra
	}
	if reference {
		return inter
	}
	return light
}

func head(b []byte) []byte { return b[:min(len(b), sliceHeader)] }

// bitReader reads the first bits of a slice. Past the end it reads ones, which end every code.
type bitReader struct {
	data []byte
	pos  int
}

func (b *bitReader) bit() uint32 {
	i := b.pos >> 3
	if i >= len(b.data) {
		return 1
	}
	v := b.data[i] >> (7 - b.pos&7) & 1
	b.pos++
	return uint32(v)
}

// exp reads one Exp-Golomb code.
func (b *bitReader) exp() uint32 {
	n := 0
	for b.bit() == 0 {
		n++
	}
	if n > 31 {
		return 0
	}
	v := uint32(1)
	for range n {
		v = v<<1 | b.bit()
	}
	return v - 1
}
