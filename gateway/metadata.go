package gateway

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/onvif"
)

// metadata reads what cameras say of motion in the metadata tracks of whatever is pulled, one track a
// channel.
type metadata struct {
	g  *gateway
	wg sync.WaitGroup

	mu       sync.Mutex
	channels map[string]bool // read now
}

func newMetadata(g *gateway) *metadata { return &metadata{g: g, channels: map[string]bool{}} }

func (m *metadata) wait() { m.wg.Wait() }

// started begins to read a pull that has such a track, unless another of the channel is read already.
func (m *metadata) started(ch registry.Channel, key streams.Key) {
	if ch.Motion != "off" {
		m.begin(key)
	}
}

func (m *metadata) begin(key streams.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.channels[key.Channel] {
		return
	}
	t := &told{m: m, id: key.Channel, changes: make(chan change, mostChanges)}
	watch, ok := m.g.hub.Watch(key, t.begin)
	if !ok {
		return
	}
	m.channels[key.Channel] = true
	m.wg.Go(func() { t.run(watch) })
}

// ended lets the channel's other stream be read, which may go on, or what the same holds now.
func (m *metadata) ended(id string) {
	m.mu.Lock()
	delete(m.channels, id)
	m.mu.Unlock()
	m.begin(streams.Key{Channel: id, Profile: streams.Main})
	m.begin(streams.Key{Channel: id, Profile: streams.Sub})
}

// change is a motion that began or ended.
type change struct {
	on bool
	at time.Time
}

// told is one track, read on the goroutine that delivers it.
type told struct {
	m       *metadata
	id      string
	media   int
	packet  rtp.Packet
	track   onvif.Track
	changes chan change

	mu     sync.Mutex // the motion is told the time by run
	motion onvif.Motion
}

func (t *told) begin(d *streams.Description) func(*streams.Unit) {
	for i, media := range d.Medias {
		if onvif.Metadata(media.Formats[0]) {
			t.media = i
			return t.look
		}
	}
	return nil
}

func (t *told) look(u *streams.Unit) {
	if u.Track != t.media || u.Control {
		return
	}
	for raw := range u.Packets() {
		if t.packet.Unmarshal(raw) == nil {
			t.track.Packet(&t.packet, func(n onvif.Notice) { t.take(n, u.At) })
		}
	}
}

func (t *told) take(n onvif.Notice, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.motion.Take(n, at) {
		t.changed(at)
	}
}

// changed passes what is now on to run. The lock is held, and nobody is waited for.
func (t *told) changed(at time.Time) {
	select {
	case t.changes <- change{t.motion.On(), at}:
	default:
		t.m.g.log.Warn("a change of motion is not published: too many wait", "channel", t.id)
	}
}

// run passes changes on until the pull ends, which ends the motion too.
func (t *told) run(watch *streams.Watch) {
	defer t.m.ended(t.id)
	defer watch.Close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case c := <-t.changes:
			t.tell(c)
		case now := <-tick.C:
			t.mu.Lock()
			if t.motion.Tick(now) {
				t.changed(now)
			}
			t.mu.Unlock()
		case <-watch.Ended():
			for len(t.changes) > 0 { // look isn't called any more
				t.tell(<-t.changes)
			}
			t.tell(change{false, time.Now()})
			return
		}
	}
}

// tell passes a change on. An end that no motion was before is none, as motions sees to.
func (t *told) tell(c change) {
	const score = 1 // cameras don't say how much moves
	if c.on {
		t.m.g.motions.began(t.id, event.FromONVIF, c.at, c.at, score)
	} else {
		t.m.g.motions.ended(t.id, event.FromONVIF, c.at, c.at, score)
	}
}
