package source

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// lender is a source that hands out the sink of its pull.
type lender struct{ sink chan streams.Sink }

func (l *lender) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	sink.Describe(&streams.Description{Medias: []*description.Media{{
		Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}})
	sink.Playing()
	l.sink <- sink
	<-ctx.Done()
	return ctx.Err()
}

type deaf struct{}

func (deaf) Started(registry.Channel, streams.Info)                            {}
func (deaf) Stopped(registry.Channel, streams.Info)                            {}
func (deaf) Failed(registry.Channel, streams.Info, *streams.Failure)           {}
func (deaf) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

// Blocks are used again when the pull is done with them, and what a reader has is never touched.
func TestBlocksAreUsedAgain(t *testing.T) {
	t.Parallel()
	from := &lender{sink: make(chan streams.Sink, 1)}
	h := streams.NewHub(streams.Options{
		Source: from, Observer: deaf{}, Linger: time.Minute, Queue: 4 << 20, StartTimeout: time.Minute, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://c/", Enabled: true}, true
		},
	})
	defer h.Close()
	key := streams.Key{Channel: "a", Profile: streams.Main}
	if err := h.Prewarm(key, time.Minute); err != nil {
		t.Fatal(err)
	}
	s := player(<-from.sink, &format.H264{PayloadTyp: 96})
	e := &encoder{kind: 96, ssrc: 1, channel: 10}
	blocks := map[*byte]int{}
	play := func(pictures int) {
		for i := range pictures {
			s.feed(t, bytes.Join(e.h264(i%25 == 0, 6000), nil), func() int { return 1 << 20 })
			blocks[&s.in.block[0]]++
		}
	}
	play(500)
	once := len(blocks)
	play(5000)
	if len(blocks) > once+5 {
		t.Fatalf("%d blocks for 500 pictures, %d for ten times as many", once, len(blocks))
	}

	r, err := h.Join(t.Context(), key, streams.Who{Kind: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Play()
	var units []*streams.Unit
	var before [][]byte
	for range 20 {
		play(30)
		units, err = r.Next(t.Context(), units)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units[len(before):] {
			before = append(before, bytes.Clone(u.Interleaved()))
		}
	}
	if len(units) < 100 {
		t.Fatalf("%d units", len(units))
	}
	for i, u := range units {
		if !bytes.Equal(u.Interleaved(), before[i]) || u.Size() == 0 {
			t.Fatalf("unit %d has changed", i)
		}
	}
}
