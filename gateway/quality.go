package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/probe"
	"sharpeyes/streams/quality"
)

const judgeEvery = time.Second

// judges judge whatever is pulled by its packets and tell health what they find. The main stream speaks
// for its channel; the sub stream does where that isn't pulled.
type judges struct {
	g *gateway

	mu     sync.Mutex
	closed bool
	all    map[streams.Key]*judged
}

// judged is one pull. Its units are judged by the goroutine that delivers them, and weighed once a
// second by another.
type judged struct {
	key   streams.Key
	watch *streams.Watch
	told  event.Reason
	waits bool // the stream is not yet said to be well

	mu    sync.Mutex
	judge *quality.Judge
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
	j := &judged{key: key}
	tolerance := s.g.config().Health.ClockTolerance
	watch, ok := s.g.hub.Watch(key, func(d *streams.Description) func(*streams.Unit) {
		j.judge = quality.New(d, tolerance)
		return j.unit
	})
	if !ok {
		return false
	}
	j.watch = watch
	switch s.g.statuses.Get(ch.ID).Reason {
	case event.Frozen, event.NoKeyframe, event.LowFPS, event.PacketLoss, event.ClockSkew, event.AudioOnly:
		j.waits = key.Profile == streams.Main
	}
	s.all[key] = j
	return j.waits
}

func (j *judged) unit(u *streams.Unit) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.judge.Unit(u)
}

// run judges until ctx ends.
func (s *judges) run(ctx context.Context) error {
	defer s.close()
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := time.Now()
		for _, j := range s.list() {
			select {
			case <-j.watch.Ended():
				s.ended(j)
			default:
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
		j.watch.Close()
	}
	clear(s.all)
}

func (s *judges) list() []*judged {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.all))
}

// ended takes a pull off that has ended; one that only described itself anew is judged anew.
func (s *judges) ended(j *judged) {
	s.mu.Lock()
	delete(s.all, j.key)
	s.mu.Unlock()
	if ch, ok := s.g.bus.Registry().Snapshot().Get(j.key.Channel); ok {
		s.started(ch, j.key)
	}
}

// weigh tells health what is new of a pull.
func (s *judges) weigh(j *judged, now time.Time) {
	j.mu.Lock()
	v, settled := j.judge.Verdict(now), j.judge.Settled(now)
	j.mu.Unlock()
	switch {
	case v.Reason != j.told:
	case v.Reason == "" && j.waits && settled:
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
