package source

// h264Keyframe reports whether an RTP payload (RFC 6184) belongs to a picture that a decoder can
// begin with: an IDR slice, or the sequence parameter set that goes before one.
func h264Keyframe(b []byte) bool {
	const (
		idr   = 5
		sps   = 7
		stapA = 24
		fuA   = 28
	)
	if len(b) == 0 {
		return false
	}
	switch b[0] & 0x1f {
	case idr, sps:
		return true
	case fuA:
		return len(b) > 1 && (b[1]&0x1f == idr || b[1]&0x1f == sps)
	case stapA:
		for b = b[1:]; len(b) > 2; {
			n := int(b[0])<<8 | int(b[1])
			if t := b[2] & 0x1f; t == idr || t == sps {
				return true
			}
			if 2+n > len(b) {
				return false
			}
			b = b[2+n:]
		}
	}
	return false
}

// h265Keyframe is the same for RFC 7798: an IRAP picture, or one of the parameter sets.
func h265Keyframe(b []byte) bool {
	const (
		ap = 48
		fu = 49
	)
	begins := func(t byte) bool { return t >= 16 && t <= 21 || t == 32 || t == 33 }
	if len(b) < 2 {
		return false
	}
	switch t := b[0] >> 1 & 0x3f; t {
	case fu:
		return len(b) > 2 && begins(b[2]&0x3f)
	case ap:
		for b = b[2:]; len(b) > 2; {
			n := int(b[0])<<8 | int(b[1])
			if begins(b[2] >> 1 & 0x3f) {
				return true
			}
			if 2+n > len(b) {
				return false
			}
			b = b[2+n:]
		}
		return false
	default:
		return begins(t)
	}
}
