package relay_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

// Each reader over UDP is sent to from sockets of its own, all tracks from the same: what waits in
// the kernel for a host that has gone holds up nobody else.
func TestPortsOfItsOwn(t *testing.T) {
	_, addr := serveCamera(t)
	from := func(r *raw, track string) [2]int {
		t.Helper()
		res := r.must(200, "SETUP", "rtsp://"+addr+"/a/trackID="+track, "Transport: RTP/AVP;unicast;client_port=5000-5001")
		var h headers.Transport
		if err := h.Unmarshal(res.Header["Transport"]); err != nil || h.ServerPorts == nil {
			t.Fatal(err, h)
		}
		return *h.ServerPorts
	}
	one, other := dial(t, addr), dial(t, addr)
	video := from(one, "0")
	if got := from(one, "1"); got != video {
		t.Errorf("one reader's tracks come from %v and %v", video, got)
	}
	if got := from(other, "0"); got == video {
		t.Errorf("two readers share %v", got)
	}
	if video[0]%2 != 0 || video[1] != video[0]+1 {
		t.Errorf("the ports are %v", video)
	}
	one.must(200, "TEARDOWN", "rtsp://"+addr+"/a")
	for _, port := range video { // they are free again
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
}

// talker is a camera with sound alone, which begins nowhere and so may come at any time.
type talker struct{}

func (talker) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	sink.Describe(&streams.Description{Medias: []*description.Media{{
		Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}},
	}}})
	sink.Playing()
	for seq := uint16(0); ctx.Err() == nil; seq++ {
		u := streams.NewUnit(0, false, 0)
		if err := u.AppendRTP(&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: seq, SSRC: 8}, Payload: []byte{1}}); err != nil {
			return err
		}
		u.At = time.Now()
		sink.Deliver(u)
	}
	return ctx.Err()
}

// The answer to PLAY comes before the first packet, however many come just then.
func TestAnswerComesFirst(t *testing.T) {
	h := streams.NewHub(streams.Options{
		Source: talker{}, Observer: observer{}, Linger: time.Minute, Queue: 4 << 20, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://127.0.0.1/x", Transport: "auto", Enabled: true}, true
		},
	})
	t.Cleanup(h.Close)
	addr := serve(t, relay.Options{Hub: h})
	for range 200 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, c, setUp)
		if got := ask(t, c, "PLAY rtsp://h/a RTSP/1.0", "CSeq: 2"); got[0] == '$' {
			t.Error("a packet came first")
		}
		c.Close()
	}
}
