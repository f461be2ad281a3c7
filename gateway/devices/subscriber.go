package devices

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"sharpeyes/streams/onvif"
)

const (
	firstPause, lastPause = time.Second, time.Minute
	// lockout is how long a device that refused its password is left alone, unless the channel is edited.
	lockout = 30 * time.Minute
)

// word is what a device said of one of its inputs.
type word struct {
	input  int // 0: the one that it has
	notice onvif.Notice
}

// session is one connection to a device that says what moves until it breaks.
type session interface {
	listen(ctx context.Context, say func(word)) error
}

// subscriber asks one device.
type subscriber struct {
	d       *Devices
	device  device
	targets []target
	log     *slog.Logger
	motions []onvif.Motion // of targets
}

func newSubscriber(d *Devices, dev device, targets []target) *subscriber {
	s := &subscriber{d: d, device: dev, targets: targets, motions: make([]onvif.Motion, len(targets)),
		log: d.o.Log.With("device", dev.address, "kind", dev.kind)}
	if dev.kind == hikvisionKind { // repeats what goes on every second or so, and often never tells the end
		for i := range s.motions {
			s.motions[i].Silence = 10 * time.Second
		}
	}
	return s
}

func (s *subscriber) session() session {
	c := &client{http: s.d.client, address: s.device.address, username: s.device.username, password: s.device.password}
	switch s.device.kind {
	case hikvisionKind:
		return hikvision{c}
	case dahuaKind:
		return dahua{c}
	}
	return &pullPoint{client: c}
}

// run listens until ctx ends, and again after each break.
func (s *subscriber) run(ctx context.Context) {
	failed := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		began := time.Now()
		err := s.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > lastPause {
			pause, failed = firstPause, false
		}
		wait := pause/2 + rand.N(pause/2)
		if errors.Is(err, errRefused) {
			wait = lockout
		}
		if !failed || wait == lockout {
			s.log.Warn("a device can't be listened to for motion; it is tried again", "error", err, "in", wait.Round(time.Second))
			failed = true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// listen is one session. What moves when it ends is told to have ended.
func (s *subscriber) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	words, ended := make(chan word), make(chan error, 1)
	go func() {
		ended <- s.session().listen(ctx, func(w word) {
			select {
			case words <- w:
			case <-ctx.Done():
			}
		})
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case w := <-words:
			for i, t := range s.targets {
				if w.input != 0 && t.input != 0 && w.input != t.input {
					continue
				}
				if now := time.Now(); s.motions[i].Take(w.notice, now) {
					s.d.o.Tell(t.channel, s.motions[i].On(), now)
				}
			}
		case now := <-tick.C:
			for i, t := range s.targets {
				if s.motions[i].Tick(now) {
					s.d.o.Tell(t.channel, false, now)
				}
			}
		case err := <-ended:
			cancel()
			for i, t := range s.targets {
				if s.motions[i].On() {
					s.d.o.Tell(t.channel, false, time.Now())
				}
				s.motions[i] = onvif.Motion{Silence: s.motions[i].Silence}
			}
			return err
		}
	}
}
