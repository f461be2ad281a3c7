package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// elsewhere pulls from the camera what this gateway owns, and from the owner all else: a camera has one session
// in the whole city. When a channel gets another owner, its pulls break off and begin anew.
type elsewhere struct {
	g      *gateway
	camera streams.Source
	relay  streams.Source

	mu      sync.Mutex
	pulls   map[streams.Key]*way // connections that are open
	relayed map[streams.Key]bool // where each stream comes from, between two connections too
	changed chan struct{}        // closed and replaced when owners change
}

// way is where a stream comes from.
type way struct {
	from    string // name of the gateway; empty: the camera
	channel registry.Channel
	leave   context.CancelCauseFunc
}

func newElsewhere(g *gateway, camera, relay streams.Source) *elsewhere {
	return &elsewhere{g: g, camera: camera, relay: relay, pulls: map[streams.Key]*way{}, relayed: map[streams.Key]bool{}, changed: make(chan struct{})}
}

// errMoved ends a pull whose channel has another owner by now.
var errMoved = errors.New("the channel has moved to another gateway")

// peerTime is how soon another gateway must be shown a ticket: by so much clocks may differ.
const peerTime = 10 * time.Minute

// peerTicket is the profile that tickets for other gateways are made for. Nobody else is given any.
func peerTicket(p streams.Profile) string { return "gateway:" + string(p) }

// Pull waits, if it must, until the channel has an owner, and pulls from there.
func (e *elsewhere) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	until := time.Now().Add(e.g.config().Streams.StartTimeout)
	for {
		changed := e.owners()
		owner, alive := e.g.nodes.Owner(ch.Site, ch.ID)
		owns := e.g.nodes.Owns(ch.Site, ch.ID)
		if owns || alive && owner.Name != e.g.config().Node.Name {
			if owns {
				owner.Name = ""
			}
			err := e.pull(ctx, ch, p, sink, owner.Name, owner.RTSP)
			// What moved before anything came begins anew here, and an owner that isn't there has perhaps died,
			// which is known in a moment. All else the hub decides.
			again := errors.Is(err, errMoved) && !e.flowing(ch.ID, p) || errors.Is(err, errOwnerAway)
			if !again || ctx.Err() != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		if time.Now().After(until) {
			return &streams.Failure{Reason: event.NoAnswer, Detail: "no gateway pulls the channel now"}
		}
	}
}

// owners is closed when owners change.
func (e *elsewhere) owners() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

func (e *elsewhere) pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink, from, address string) error {
	key := streams.Key{Channel: ch.ID, Profile: p}
	pulling, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	w := &way{from: from, channel: ch, leave: leave}
	e.mu.Lock()
	e.pulls[key] = w
	if !e.right(w) { // it moved just now, and nobody would break this off
		leave(errMoved)
	}
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.pulls[key] == w {
			delete(e.pulls, key)
		}
	}()
	e.came(ch, key, from != "" || ch.Via != "")
	var there registry.Channel
	var err error
	switch {
	case from != "":
		if there, err = e.at(ctx, ch, p, address); err == nil {
			err = as("gateway "+from, e.relay.Pull(pulling, there, p, sink))
		}
	case ch.Via != "":
		if there, err = e.g.levels.at(ctx, ch, p); err == nil {
			err = final(as(ch.Via, e.relay.Pull(pulling, there, p, sink)))
		}
	default:
		err = e.camera.Pull(pulling, ch, p, sink)
	}
	if ctx.Err() == nil && errors.Is(context.Cause(pulling), errMoved) {
		return errMoved
	}
	return err
}

// at is the channel as another gateway serves it.
func (e *elsewhere) at(ctx context.Context, ch registry.Channel, p streams.Profile, address string) (registry.Channel, error) {
	ticket, err := e.g.access.Ticket(ctx, ch.ID, peerTicket(p), peerTime)
	if err != nil {
		return ch, err
	}
	u := streamURL(address, ch.ID, p, ticket)
	ch.URL, ch.SubURL, ch.Username, ch.Password, ch.Transport = u, u, "", "", "tcp"
	return ch, nil
}

// as gives a failure to relay the reason that the owner told, which its answer begins with. One that it didn't
// tell is of the way to it.
func as(server string, err error) error {
	f, ok := errors.AsType[*streams.Failure](err)
	if !ok {
		return err
	}
	told := *f
	told.Detail = fmt.Sprintf("%s: %s", server, f.Detail)
	for _, r := range event.Reasons() {
		if strings.Contains(f.Detail, string(r)+":") {
			told.Reason = r
			return &told
		}
	}
	switch f.Reason {
	case event.Unauthorized: // it isn't the camera that refuses a password, and nobody is to be kept from trying again
		told.Reason = event.NoAnswer
		told.Err = errors.Join(errOwnerAway, f.Err)
	case event.ConnectRefused, event.ConnectTimeout, event.Unreachable, event.NoAnswer, event.SessionFull: // 503 among them
		told.Err = errors.Join(errOwnerAway, f.Err)
	}
	return &told
}

// final is a failure of the way to a level below: nobody else has what it has.
func final(err error) error {
	f, ok := errors.AsType[*streams.Failure](err)
	if !ok || !errors.Is(f.Err, errOwnerAway) {
		return err
	}
	told := *f
	told.Err = nil
	return &told
}

// errOwnerAway says that the owner isn't there, or doesn't take itself for the owner yet.
var errOwnerAway = errors.New("the gateway that owns the channel doesn't serve it now")

// from is the gateway, or the level below, that a stream comes from, empty for its camera.
func (e *elsewhere) from(key streams.Key) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.pulls[key]; w != nil {
		return cmp.Or(w.from, w.channel.Via)
	}
	return ""
}

// moved breaks off what has another owner by now.
func (e *elsewhere) moved() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.changed)
	e.changed = make(chan struct{})
	for _, w := range e.pulls {
		if !e.right(w) {
			w.leave(errMoved)
		}
	}
}

// right reports whether a stream still comes from where it should.
func (e *elsewhere) right(w *way) bool {
	owner, _ := e.g.nodes.Owner(w.channel.Site, w.channel.ID)
	owns := e.g.nodes.Owns(w.channel.Site, w.channel.ID)
	return owns == (w.from == "") && (owns || owner.Name == w.from)
}

// flowing reports whether readers have a stream already.
func (e *elsewhere) flowing(id string, p streams.Profile) bool {
	i, pulled := e.g.hub.Info(streams.Key{Channel: id, Profile: p})
	return pulled && i.Flowing
}

// came notes that a stream is about to come from its camera or from another gateway. One that flows and came
// otherwise until now is told of as begun or stopped.
func (e *elsewhere) came(ch registry.Channel, key streams.Key, relayed bool) {
	e.mu.Lock()
	was, known := e.relayed[key]
	e.relayed[key] = relayed
	e.mu.Unlock()
	i, pulled := e.g.hub.Info(key)
	switch o := (observer{e.g}); {
	case !known, was == relayed, !pulled, !i.Flowing:
	case relayed:
		o.publish(event.StreamStopped, ch, i, "")
		e.g.monitor.Pulled(ch.ID, false)
	default:
		o.begun(ch, i)
	}
}

// isRelayed reports whether a stream comes from another gateway.
func (e *elsewhere) isRelayed(key streams.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.relayed[key]
}

// ended forgets a stream, and reports whether it came from another gateway.
func (e *elsewhere) ended(key streams.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	relayed := e.relayed[key]
	delete(e.relayed, key)
	return relayed
}
