package live

import (
	"bytes"
	"slices"
)

// The kinds of parameter sets, in the order in which they depend on one another.
const (
	vps = iota
	sps
	pps
	kinds
)

const (
	maxSets = 16      // of a kind, at most
	maxSet  = 1 << 12 // bytes of one
)

// sets are a stream's parameter sets, as it last said them.
type sets struct {
	have    [kinds][]set
	changed bool // since the last initialisation segment
}

type set struct {
	id  uint32
	raw []byte
}

// put takes a parameter set. With a new SPS the PPS that refer to the old one are gone.
func (s *sets) put(kind int, id uint32, raw []byte) {
	list := s.have[kind]
	i := slices.IndexFunc(list, func(o set) bool { return o.id == id })
	if i >= 0 && bytes.Equal(list[i].raw, raw) || len(raw) > maxSet || i < 0 && len(list) == maxSets {
		return
	}
	s.changed = true
	if i < 0 {
		s.have[kind] = append(list, set{id, bytes.Clone(raw)})
	} else {
		list[i].raw = bytes.Clone(raw)
	}
	if kind == sps {
		s.have[pps] = nil
	}
}

// exp reads an Exp-Golomb code (ITU-T H.264, 9.1) that begins at a bit. It reads no more than 31
// zeros, and 0 past the end.
func exp(b []byte, at *int) uint32 {
	bit := func() uint32 {
		i := *at
		*at++
		if i/8 >= len(b) {
			return 0
		}
		return uint32(b[i/8]>>(7-i%8)) & 1
	}
	zeros := 0
	for zeros < 31 && bit() == 0 {
		zeros++
	}
	v := uint32(1)
	for range zeros {
		v = v<<1 | bit()
	}
	return v - 1
}
