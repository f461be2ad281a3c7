package streams

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"sharpeyes/registry/event"
)

// run pulls until nobody wants the stream any more or it can't be had, and then clears up. A
// connection that breaks is followed by the next, while readers wait: at most for StartTimeout,
// since a picture that stands still for longer is no better than none.
func (p *Pull) run() {
	err := p.connect()
	for pause := time.Duration(0); p.again(err); err = p.connect() {
		if p.steady {
			pause = 0
		}
		pause = longer(pause)
		select {
		case <-time.After(jittered(pause)):
		case <-p.ctx.Done():
		}
		if p.ctx.Err() != nil {
			break
		}
	}
	if cause := context.Cause(p.ctx); cause != nil {
		err = cause
	} else if err == nil {
		err = errors.New("the stream ended")
	}
	p.stop(err)
	p.clear(err)
}

// steady is how long a connection must go well until the next one that breaks counts as the first.
const steady = 10 * time.Second

// longer is the pause after the next failure.
func longer(pause time.Duration) time.Duration {
	return min(max(2*pause, firstPause), lastPause)
}

// jittered is between half of the pause and all of it: cameras that failed together are not to be
// dialled together.
func jittered(pause time.Duration) time.Duration { return pause/2 + rand.N(pause/2) }

// connect is one connection, and another one when the camera had no session to spare and a pull that
// nobody watches gave one back.
func (p *Pull) connect() error {
	for {
		p.mu.Lock()
		ch := p.channel
		p.mu.Unlock()
		err := p.hub.o.Source.Pull(p.ctx, ch, p.key.Profile, p)
		if p.ctx.Err() != nil {
			return err
		}
		err = p.hub.disguised(p, ch, err)
		p.broke(err)
		var f *Failure
		if !errors.As(err, &f) || f.Reason != event.SessionFull {
			return err
		}
		other := p.hub.makeRoom(ch.DeviceKey(), p)
		if other == nil {
			return err
		}
		select {
		case <-other.done:
		case <-p.ctx.Done():
			return err
		}
	}
}

// broke notes that the connection is gone.
func (p *Pull) broke(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := (*Failure)(nil)
	if !errors.As(err, &f) && p.flowing {
		f = &Failure{Reason: event.NoPackets, Detail: "the camera ended the stream", Err: err}
	}
	if f != nil {
		p.mishap, p.mishapAt = f, time.Now()
	}
	if p.playing {
		p.playing = false
		p.started = make(chan struct{})
	}
	p.steady = !p.came.IsZero() && time.Since(p.came) > steady
	p.came = time.Time{}
}

// again reports whether the stream is worth another connection: it has flowed, somebody reads or holds it,
// and what happened may heal by itself, as all may but a refused password: a camera that restarts
// knows no stream yet, and a recorder may take a while to see that its session has ended.
func (p *Pull) again(err error) bool {
	if p.ctx.Err() != nil {
		return false
	}
	var f *Failure
	if errors.As(err, &f) && f.Reason == event.Unauthorized {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.flowing || len(p.readers) == 0 && p.held == 0 {
		return false
	}
	p.reopened++
	p.hub.stats.reopened.Add(1)
	if p.patience == nil {
		p.patience = time.AfterFunc(p.hub.o.StartTimeout, p.tooLong)
	}
	return true
}

// tooLong ends a pull whose readers have waited in vain.
func (p *Pull) tooLong() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.came.IsZero() {
		p.ending = true
		p.stop(p.mishap)
	}
}

// clear gives up everything of a pull whose last connection is gone.
func (p *Pull) clear(err error) {
	var failure *Failure
	errors.As(err, &failure)

	p.mu.Lock()
	p.ending, p.failure, p.playing = true, err, false
	p.linger.Stop()
	if p.patience != nil {
		p.patience.Stop()
	}
	info := p.infoLocked()
	ch, readers := p.channel, p.readers
	p.readers = nil
	p.unwatch(nil)
	select {
	case <-p.started:
	default:
		close(p.started)
	}
	p.tell()
	p.gop.clear()
	p.mu.Unlock()

	p.hub.remove(p, failure, info)
	for _, r := range readers {
		r.end(err)
	}
	if failure != nil {
		p.hub.o.Observer.Failed(ch, info, failure)
	} else if info.Flowing {
		p.hub.o.Observer.Stopped(ch, info)
	}
	close(p.done)
	p.prewarmNext()
}
