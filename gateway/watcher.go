package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/motion"
)

// watcher looks for motion in whatever is pulled, one stream a channel.
type watcher struct {
	g  *gateway
	wg sync.WaitGroup

	mu       sync.Mutex
	channels map[string]bool // watched now
}

func newWatcher(g *gateway) *watcher { return &watcher{g: g, channels: map[string]bool{}} }

func (w *watcher) wait() { w.wg.Wait() }

// started begins to watch a pull, unless another stream of the channel is watched already.
func (w *watcher) started(ch registry.Channel, key streams.Key) {
	if ch.Motion == "off" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels[ch.ID] {
		return
	}
	reader, ok := w.g.hub.Tap(key, streams.Who{Kind: "motion"})
	if !ok {
		return
	}
	track, codec, ok := videoOf(reader.Description())
	if !ok {
		reader.Close()
		return
	}
	w.channels[ch.ID] = true
	w.wg.Go(func() {
		defer func() {
			reader.Close()
			w.mu.Lock()
			delete(w.channels, ch.ID)
			w.mu.Unlock()
			// The channel's other stream may go on.
			if now, ok := w.channel(ch.ID); ok {
				w.started(now, streams.Key{Channel: ch.ID, Profile: streams.Main})
				w.started(now, streams.Key{Channel: ch.ID, Profile: streams.Sub})
			}
		}()
		w.watch(ch.ID, reader, track, motion.New(codec, motion.Config{
			Sensitivity: w.g.config().Motion.Sensitivity, Hold: w.g.config().Motion.Hold,
		}))
	})
}

func (w *watcher) channel(id string) (registry.Channel, bool) {
	return w.g.bus.Registry().Snapshot().Get(id)
}

// videoOf finds the first track that the detector can read.
func videoOf(d *streams.Description) (track int, codec motion.Codec, ok bool) {
	if d == nil { // still being dialled
		return 0, 0, false
	}
	for i, m := range d.Medias {
		switch m.Formats[0].(type) {
		case *format.H264:
			return i, motion.H264, true
		case *format.H265:
			return i, motion.H265, true
		}
	}
	return 0, 0, false
}

// watch reads until the pull ends, which ends the motion too.
func (w *watcher) watch(id string, reader *streams.Reader, track int, d *motion.Detector) {
	publish := func(c motion.Change, ok bool) {
		if !ok {
			return
		}
		ch, ok := w.channel(id) // it may have moved since
		if !ok || ch.Motion == "off" {
			return
		}
		w.g.bus.Publish(event.New(w.g.config().Node.Name, c.Type, c.At, event.Motion{
			Channel: ch.Event(), Score: c.Score, Source: event.FromBitstream, Started: c.Started, Duration: c.Duration.Seconds(),
		}))
	}
	var (
		units  []*streams.Unit
		packet rtp.Packet
		err    error
	)
	look := func(u *streams.Unit) {
		if u.Track != track || u.Control {
			return
		}
		for raw := range u.Packets() {
			if packet.Unmarshal(raw) == nil {
				publish(d.Packet(&packet, u.At))
			}
		}
	}
	// To look takes less time than to wake this goroutine for it, which is left with what can't be
	// looked at directly, and with the time.
	reader.Direct(func(u *streams.Unit) streams.Taken { look(u); return streams.Took })
	reader.Play()
	for err == nil {
		// The detector is told the time once a second, for when packets stop.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		for err == nil {
			if units, err = reader.Next(ctx, units[:0]); err != nil {
				break
			}
			for _, u := range units {
				look(u)
			}
		}
		cancel()
		publish(d.Tick(time.Now()))
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
	}
	publish(d.Close(time.Now()))
}
