package source

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

// senderReport finds the first sender report in a compound RTCP packet (RFC 3550, 6.4.1); nil when
// there is none.
func senderReport(b []byte) []byte {
	const kind = 200
	for len(b) >= 4 && b[0]>>6 == 2 {
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return nil
		}
		if b[1] == kind && n >= 28 {
			return b[:n]
		}
		b = b[n:]
	}
	return nil
}

// receiverReport is the compound packet that a receiver sends: its report and its name.
func receiverReport(own uint32, name string, blocks ...rtcp.ReceptionReport) []byte {
	b, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: own, Reports: blocks},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
			Source: own,
			Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: name}},
		}}},
	})
	if err != nil { // there is nothing in it that could be wrong
		return nil
	}
	return b
}

// keyframeRequest asks the sender of a track for a keyframe, the way it understands.
func keyframeRequest(f feedback, own, sender uint32, count uint8) []byte {
	var p rtcp.Packet = &rtcp.PictureLossIndication{SenderSSRC: own, MediaSSRC: sender}
	if f == fullIntra {
		p = &rtcp.FullIntraRequest{SenderSSRC: own, MediaSSRC: sender, FIR: []rtcp.FIREntry{{SSRC: sender, SequenceNumber: count}}}
	}
	b, err := p.Marshal()
	if err != nil {
		return nil
	}
	return b
}
