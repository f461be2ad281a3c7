package gateway

import (
	"context"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/probe"
	"sharpeyes/streams/quality"
)

const (
	// drainEvery is how often the units of all pulls are taken: seldom, so that a pull isn't the work of
	// another goroutine with each picture, and often enough that they don't pile up.
	drainEvery = 200 * time.Millisecond
	judgeEvery = time.Second
)

// judges judge whatever is pulled by its packets, in one goroutine, and tell health what they find. The
// main stream speaks for its channel; the sub stream does where that isn't pulled.
type judges struct {
	g *gateway

	mu     sync.Mutex
	closed bool
	all    map[streams.Key]*judged
}

// judged is one pull.
type judged struct {
	key     streams.Key
	reader  *streams.Reader
	judge   *quality.Judge
	skipped uint64 // units that the reader lost
	again   int    // rounds in which a gap isn't the camera's
	shown   bool   // a unit has come
	packets uint64 // that the pull had at the last judgement
	told    event.Reason
	waits   bool // the stream is not yet said to be well
}

func newJudges(g *gateway) *judges { return &judges{g: g, all: map[streams.Key]*judged{}} }

// started begins to judge a pull, and reports whether that it has started says nothing yet: the channel
// is known for what only a judge can see, who will tell when it is gone.
func (s *judges) started(ch registry.Channel, key streams.Key) (waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.all[key] != nil {
		return false
	}
	reader, ok := s.g.hub.Tap(key, streams.Who{Kind: "health"})
	if !ok {
		return false
	}
	d := reader.Description()
	if d == nil { // still being dialled
		reader.Close()
		return false
	}
	switch s.g.statuses.Get(ch.ID).Reason {
	case event.Frozen, event.NoKeyframe, event.LowFPS, event.PacketLoss, event.ClockSkew, event.AudioOnly:
		waits = key.Profile == streams.Main
	}
	reader.Play()
	s.all[key] = &judged{key: key, reader: reader, waits: waits, judge: quality.New(d, s.g.config().Health.ClockTolerance)}
	return waits
}

// run judges until ctx ends.
func (s *judges) run(ctx context.Context) error {
	defer s.close()
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	judgement := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := time.Now()
		due := now.Sub(judgement) >= judgeEvery
		if due {
			judgement = now
		}
		for _, j := range s.list() {
			switch {
			case !j.drain():
				s.ended(j)
			case due:
				s.weigh(j, now)
			}
		}
	}
}

func (s *judges) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, j := range s.all {
		j.reader.Close()
	}
	clear(s.all)
}

func (s *judges) list() []*judged {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*judged, 0, len(s.all))
	for _, j := range s.all {
		all = append(all, j)
	}
	return all
}

// ended takes a pull off that has ended; one that only described itself anew is judged anew.
func (s *judges) ended(j *judged) {
	j.reader.Close()
	s.mu.Lock()
	delete(s.all, j.key)
	s.mu.Unlock()
	if ch, ok := s.g.bus.Registry().Snapshot().Get(j.key.Channel); ok {
		s.started(ch, j.key)
	}
}

// drain shows the judge what has come, and reports whether the pull goes on.
func (j *judged) drain() bool {
	over, cancel := context.WithCancel(context.Background())
	cancel() // take what is there, and wait for nothing
	var units []*streams.Unit
	for {
		var err error
		units, err = j.reader.Next(over, units[:0])
		if n := j.reader.Skipped(); n != j.skipped {
			j.skipped, j.again = n, 2
		}
		for _, u := range units {
			if j.again > 0 {
				j.judge.Missed()
			}
			j.judge.Unit(u)
			j.shown = true
		}
		if len(units) > 0 {
			j.again = max(j.again-1, 0)
		}
		if err != nil {
			return err == over.Err()
		}
	}
}

// weigh tells health what is new of a pull.
func (s *judges) weigh(j *judged, now time.Time) {
	if !j.shown { // for want of a keyframe, maybe
		if i, ok := s.g.hub.Info(j.key); ok && i.Packets != j.packets {
			j.packets = i.Packets
			j.judge.Unseen(now, i.FPS > 0)
		}
	}
	v := j.judge.Verdict(now)
	switch {
	case v.Reason != j.told:
	case v.Reason == "" && j.waits && j.judge.Settled(now):
	default:
		return
	}
	j.told, j.waits = v.Reason, false
	if !s.speaks(j.key) {
		return
	}
	r := probe.Result{State: event.Online}
	if v.Reason != "" {
		r = probe.Result{State: event.Degraded, Reason: v.Reason, Detail: "the camera " + v.Detail}
	}
	s.g.monitor.Evidence(j.key.Channel, r)
}

// speaks reports whether a stream speaks for its channel.
func (s *judges) speaks(key streams.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return key.Profile == streams.Main || s.all[streams.Key{Channel: key.Channel, Profile: streams.Main}] == nil
}
