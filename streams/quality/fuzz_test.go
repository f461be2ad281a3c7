package quality

import (
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/streams"
)

// FuzzJudge shows judges units of any packets: the data is cut into packets, the first byte of each
// saying how long it is.
func FuzzJudge(f *testing.F) {
	rtp := []byte{0x80, 0xe0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}
	f.Add(append(append([]byte{byte(len(rtp) + 4)}, rtp...), 0x65, 1, 2, 3), byte(1))
	f.Add(append(append([]byte{byte(len(rtp) + 6)}, rtp...), 0x78, 0, 3, 0x41, 1, 2), byte(0))
	f.Add(append(append([]byte{byte(len(rtp) + 5)}, rtp...), 0x62, 1, 0x93, 1, 2), byte(5))
	f.Add([]byte{28, 0x80, 200, 0, 6, 0, 0, 0, 1, 0xe0, 0, 0, 0, 0, 0, 0, 0}, byte(2))
	f.Add([]byte{16, 0xb0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, byte(1))
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		var video format.Format = &format.H264{PayloadTyp: 96}
		if how&4 != 0 {
			video = &format.H265{PayloadTyp: 96}
		}
		d := &streams.Description{Medias: []*description.Media{
			{Type: description.MediaTypeVideo, Formats: []format.Format{video}},
			{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}},
		}}
		j, l := New(d, time.Second), NewLook(d, time.Second)
		at := time.Unix(1_790_000_000, 0)
		for n := 0; len(data) > 0; n++ {
			size := min(int(data[0]), len(data)-1)
			u := streams.NewUnit((n+int(how))%3, how&2 != 0, size)
			u.Append(data[1 : 1+size])
			u.At, u.Keyframe = at, how&1 != 0
			data = data[1+size:]
			at = at.Add(time.Duration(how) * 10 * time.Millisecond)
			j.Unit(u)
			l.Unit(u)
			if v := j.Verdict(at); (v.Reason == "") != (v.Detail == "") {
				t.Errorf("verdict %+v", v)
			}
		}
		l.Verdict()
	})
}
