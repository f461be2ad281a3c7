package streams_test

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// city is a Source of many cameras, each of which the test lets fail.
type city struct {
	mu     sync.Mutex
	opened map[streams.Key]int
	sinks  map[streams.Key]streams.Sink
	breaks map[streams.Key]context.CancelCauseFunc
	refuse func(streams.Key) error // nil: the camera sends
	codec  format.Format
}

func newCity() *city {
	return &city{opened: map[streams.Key]int{}, sinks: map[streams.Key]streams.Sink{}, breaks: map[streams.Key]context.CancelCauseFunc{},
		codec: &format.H264{PayloadTyp: 96, PacketizationMode: 1}}
}

func (c *city) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	key := streams.Key{Channel: ch.ID, Profile: p}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.mu.Lock()
	c.opened[key]++
	codec := c.codec
	var err error
	if c.refuse != nil {
		err = c.refuse(key)
	}
	c.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	if err != nil {
		return err
	}
	sink.Describe(&streams.Description{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{codec}}}})
	c.mu.Lock()
	c.sinks[key], c.breaks[key] = sink, stop
	c.mu.Unlock()
	sink.Playing()
	<-ctx.Done()
	return context.Cause(ctx)
}

func (c *city) set(f func()) { c.mu.Lock(); f(); c.mu.Unlock() }

func (c *city) send(key streams.Key, seq uint16) {
	u := streams.NewUnit(0, false, 32)
	u.Append([]byte{0x80, 96, byte(seq >> 8), byte(seq), 0, 0, 0, byte(seq), 0, 0, 0, 1, 1, 2, 3, 4})
	u.Keyframe, u.At = true, time.Now()
	c.deliver(key, u)
}

func (c *city) deliver(key streams.Key, u *streams.Unit) {
	c.mu.Lock()
	sink := c.sinks[key]
	c.mu.Unlock()
	sink.Deliver(u)
}

// breakOff ends the connection as a camera does.
func (c *city) breakOff(key streams.Key) {
	c.mu.Lock()
	stop := c.breaks[key]
	c.mu.Unlock()
	stop(gone)
}

var gone = &streams.Failure{Reason: event.NoPackets, Detail: "it went"}

func cityHub(c *city, l *log, perDevice int) *streams.Hub {
	return streams.NewHub(streams.Options{
		Source: c, Observer: l, Linger: 15 * time.Second, StartTimeout: 10 * time.Second, Queue: 1 << 20, MaxPerDevice: perDevice,
		Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://10.0.0.1/" + id, SubURL: "rtsp://10.0.0.1/sub" + id, Username: "u", Password: "p", Transport: "auto", Enabled: true}, true
		},
	})
}

func mainOf(id string) streams.Key { return streams.Key{Channel: id, Profile: streams.Main} }
