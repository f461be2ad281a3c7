package gateway

import (
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
	m := &watched{w: w, id: ch.ID, changes: make(chan motion.Change, mostChanges)}
	watch, ok := w.g.hub.Watch(key, m.begin)
	if !ok {
		return
	}
	w.channels[ch.ID] = true
	w.wg.Go(func() { m.run(watch) })
}

func (w *watcher) channel(id string) (registry.Channel, bool) {
	return w.g.bus.Registry().Snapshot().Get(id)
}

// mostChanges bounds those that wait to be published. A detector makes two in a hold at most.
const mostChanges = 16

// watched is one stream. Its detector works on the goroutine that delivers the stream, which takes
// less than to wake another one for each picture.
type watched struct {
	w       *watcher
	id      string
	track   int
	packet  rtp.Packet
	changes chan motion.Change

	mu       sync.Mutex // the detector is told the time by run
	detector *motion.Detector
}

// begin finds the first track that the detector can read, if there is one.
func (m *watched) begin(d *streams.Description) func(*streams.Unit) {
	cfg := m.w.g.config().Motion
	for i, media := range d.Medias {
		codec := motion.H264
		switch media.Formats[0].(type) {
		case *format.H264:
		case *format.H265:
			codec = motion.H265
		default:
			continue
		}
		m.track = i
		m.detector = motion.New(codec, motion.Config{Sensitivity: cfg.Sensitivity, Hold: cfg.Hold})
		return m.look
	}
	return nil
}

func (m *watched) look(u *streams.Unit) {
	if u.Track != m.track || u.Control {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for raw := range u.Packets() {
		if m.packet.Unmarshal(raw) == nil {
			m.changed(m.detector.Packet(&m.packet, u.At))
		}
	}
}

// changed passes a change on to run. The lock is held, and nobody is waited for.
func (m *watched) changed(c motion.Change, ok bool) {
	if !ok {
		return
	}
	select {
	case m.changes <- c:
	default: // the store has stood still for many holds
		m.w.g.log.Warn("a change of motion is not published: too many wait", "channel", m.id)
	}
}

// run publishes until the pull ends, which ends the motion too. It tells the detector the time once a
// second, for when packets stop.
func (m *watched) run(watch *streams.Watch) {
	defer m.w.ended(m.id)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case c := <-m.changes:
			m.publish(c)
			continue
		case <-tick.C:
		case <-watch.Ended():
			watch.Close()
			ended = true
		}
		m.mu.Lock()
		if now := time.Now(); ended {
			m.changed(m.detector.Close(now))
		} else {
			m.changed(m.detector.Tick(now))
		}
		m.mu.Unlock()
	}
	for {
		select {
		case c := <-m.changes:
			m.publish(c)
		default:
			return
		}
	}
}

func (m *watched) publish(c motion.Change) {
	if c.Type == event.MotionStarted {
		m.w.g.motions.began(m.id, event.FromBitstream, c.At, c.Started, c.Score)
	} else {
		m.w.g.motions.ended(m.id, event.FromBitstream, c.At, c.Started.Add(c.Duration), c.Score)
	}
}

// ended lets the channel's other stream be watched, which may go on.
func (w *watcher) ended(id string) {
	w.mu.Lock()
	delete(w.channels, id)
	w.mu.Unlock()
	if now, ok := w.channel(id); ok {
		w.started(now, streams.Key{Channel: id, Profile: streams.Main})
		w.started(now, streams.Key{Channel: id, Profile: streams.Sub})
	}
}
