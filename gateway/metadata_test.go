package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// talker is a camera that sends metadata, and nothing else, when it is told to.
type talker struct {
	mu   sync.Mutex
	sink streams.Sink
	seq  uint16
}

func (c *talker) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	sink.Describe(&streams.Description{Medias: []*description.Media{
		{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}},
		{Type: description.MediaTypeApplication, Formats: []format.Format{&format.Generic{PayloadTyp: 107, RTPMa: "vnd.onvif.metadata/90000", ClockRat: 90000}}},
	}})
	c.mu.Lock()
	c.sink = sink
	c.mu.Unlock()
	sink.Playing()
	<-ctx.Done()
	return ctx.Err()
}

// say sends a notification in two packets.
func (c *talker) say(t *testing.T, operation, moves string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	doc := []byte(`<tt:MetadataStream><tt:Event><wsnt:NotificationMessage><wsnt:Topic>tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic>` +
		`<wsnt:Message><tt:Message PropertyOperation="` + operation + `"><tt:Data><tt:SimpleItem Name="IsMotion" Value="` + moves + `"/></tt:Data></tt:Message></wsnt:Message>` +
		`</wsnt:NotificationMessage></tt:Event></tt:MetadataStream>`)
	for i, b := range [][]byte{doc[:150], doc[150:]} {
		u := streams.NewUnit(1, false, 1024)
		if err := u.AppendRTP(&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 107, SequenceNumber: c.seq, Marker: i == 1}, Payload: b}); err != nil {
			t.Fatal(err)
		}
		c.seq++
		u.At = time.Now()
		c.sink.Deliver(u)
	}
}

// watching is an observer that lets metadata be read.
type watching struct{ m *metadata }

func (w watching) Started(ch registry.Channel, i streams.Info)                     { w.m.started(ch, i.Key) }
func (watching) Stopped(registry.Channel, streams.Info)                            {}
func (watching) Failed(registry.Channel, streams.Info, *streams.Failure)           {}
func (watching) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

// What a camera says in its metadata track becomes motion, which ends with the pull at the latest.
func TestMetadataTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []string
		g := &gateway{log: slog.New(slog.DiscardHandler)}
		g.motions = newMotions(func() time.Duration { return 5 * time.Second }, func(channel string, typ event.Type, _ time.Time, e event.Motion) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, fmt.Sprintf("%s %s %s %.0f", channel, typ[len("sharpeyes.motion."):], e.Source, e.Duration))
		})
		g.metadata = newMetadata(g)
		c := &talker{}
		g.hub = streams.NewHub(streams.Options{
			Source: c, Observer: watching{g.metadata}, Queue: 1 << 16, Log: g.log, StartTimeout: time.Second,
			Channel: func(id string) (registry.Channel, bool) {
				return registry.Channel{ID: id, URL: "rtsp://127.0.0.1/a", Transport: "auto", Enabled: true}, true
			},
		})
		want := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(heard, want) {
				t.Fatalf("heard %q, want %q", heard, want)
			}
			heard = nil
		}
		r, err := g.hub.Join(t.Context(), streams.Key{Channel: "a", Profile: streams.Main}, streams.Who{Kind: "test"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.say(t, "Initialized", "true")
		want()
		c.say(t, "Changed", "true")
		want("a started onvif 0")
		time.Sleep(20 * time.Second)
		c.say(t, "Changed", "false")
		time.Sleep(4 * time.Second)
		c.say(t, "Changed", "true") // within the hold
		time.Sleep(6 * time.Second)
		c.say(t, "Changed", "false")
		want()
		time.Sleep(6 * time.Second)
		want("a ended onvif 30")
		c.say(t, "Changed", "true")
		want("a started onvif 0")
		time.Sleep(time.Second)
		r.Close()
		g.hub.Close()
		g.metadata.wait()
		time.Sleep(6 * time.Second)
		want("a ended onvif 1")
		if len(g.metadata.channels) != 0 {
			t.Fatal("a stream that has ended is read")
		}
	})
}
