package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
)

const head = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Gate\r\nt=0 0\r\na=control:rtsp://10.0.0.9/s\r\n"

const videoLines = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
	"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2QAKKzZQHgCJ+WEAAADAAQAAAMAyDxgxlg=,aOvjyyLA\r\na=control:trackID=0\r\n"

func TestParseSDP(t *testing.T) {
	t.Parallel()
	codecs := func(o *offer) string {
		var all []string
		for _, m := range o.medias {
			s := string(m.desc.Type) + ":"
			for _, f := range m.desc.Formats {
				s += " " + f.Codec()
			}
			all = append(all, s)
		}
		return strings.Join(all, ", ")
	}
	for _, c := range []struct {
		name, sdp, want string
		err             error
		check           func(*offer) bool
	}{
		{name: "plain", sdp: head + videoLines, want: "video: H264", check: func(o *offer) bool {
			return o.title == "Gate" && o.control == "rtsp://10.0.0.9/s" && o.medias[0].control == "trackID=0" && o.medias[0].feedback == noFeedback
		}},
		{name: "line feeds alone", sdp: strings.ReplaceAll(head+videoLines, "\r", ""), want: "video: H264"},
		{name: "broken head", sdp: "v=1\r\no=what\r\nb=AS\r\nz=x\r\nnonsense\r\n" + videoLines, want: "video: H264"},
		{name: "broken media", sdp: head + "m=audio x RTP/AVP what\r\n" + videoLines + "m=\r\nm=video\r\n", want: "video: H264"},
		{name: "one bad format of two", sdp: head + "m=audio 0 RTP/AVP 8 300\r\n", want: "audio: G711"},
		{name: "bad parameters", sdp: head + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=x\r\n", want: "video: H264"},
		{name: "back channel", sdp: head + "m=audio 0 RTP/AVP 8\r\na=sendonly\r\n" + videoLines, want: "video: H264"},
		{name: "only a back channel", sdp: head + "m=audio 0 RTP/AVP 8\r\na=sendonly\r\n", err: errOnlyBack},
		{name: "encrypted", sdp: head + "m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n", err: errEncrypted},
		{name: "nothing", sdp: head, err: errNoMedia},
		{name: "no description", sdp: "<html>", err: errNoMedia},
		{name: "metadata", sdp: head + videoLines + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n", want: "video: H264, application: Generic"},
		{name: "what nobody knows", sdp: head + "m=thermal 0 RTP/AVP 99\r\na=rtpmap:99 X-HEAT/1000\r\n", want: "application: Generic"},
		{name: "feedback", sdp: head + "m=video 0 RTP/AVPF 96\r\na=rtpmap:96 H265/90000\r\n", want: "video: H265",
			check: func(o *offer) bool { return o.medias[0].feedback == pictureLoss }},
		{name: "full intra requests", sdp: head + videoLines + "a=rtcp-fb:96 ccm fir\r\n", want: "video: H264",
			check: func(o *offer) bool { return o.medias[0].feedback == fullIntra }},
		{name: "ids of some", sdp: head + videoLines + "a=mid:1\r\nm=audio 0 RTP/AVP 8\r\n", want: "video: H264, audio: G711",
			check: func(o *offer) bool { return o.medias[0].desc.ID == "" }},
		{name: "groups", sdp: head + "a=group:FEC 1 2\r\na=group:FEC 1 9\r\n" + videoLines + "a=mid:1\r\nm=application 0 RTP/AVP 100\r\na=rtpmap:100 parityfec/90000\r\na=mid:2\r\n",
			want: "video: H264, application: Generic", check: func(o *offer) bool { return len(o.groups) == 1 && o.medias[1].desc.ID == "2" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, err := parseSDP([]byte(c.sdp))
			if !errors.Is(err, c.err) || err == nil && codecs(o) != c.want {
				t.Fatalf("got %v, %v", o, err)
			}
			if c.check != nil && !c.check(o) {
				t.Fatalf("got %+v", o)
			}
		})
	}
}

func FuzzSDP(f *testing.F) {
	f.Add([]byte(head + videoLines))
	f.Add([]byte(head + "a=group:FEC 1 2\r\n" + videoLines + "a=mid:1\r\nm=audio 0 RTP/AVP 0 8 97\r\na=rtpmap:97 mpeg4-generic/16000\r\na=fmtp:97 config=1408;sizelength=13\r\na=mid:2\r\n"))
	f.Add([]byte("m=video 0 smart/1/90000\r\na=rtpmap:96 H265/90000\r\na=rtcp-fb:* nack pli\r\na=sendonly\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseSDP(b)
		if err != nil {
			return
		}
		if len(o.medias) == 0 || len(o.medias) > maxMedias || len(o.order()) != len(o.medias) {
			t.Fatalf("%d medias", len(o.medias))
		}
		d := o.description()
		if _, err := d.Marshal(false); err != nil {
			t.Fatalf("it can't be told to readers: %v", err)
		}
		for i, m := range o.medias {
			newTrack(i, m, nil)
			resolve("rtsp://c/s", m.control)
		}
		var _ *description.Session = d
	})
}
