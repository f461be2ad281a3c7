package probe

import (
	"context"
	"errors"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// Eye judges what one look sees of a stream.
type Eye interface {
	// Unit takes a unit, in the order in which they came, and reports whether nothing more need be seen.
	Unit(*streams.Unit) (enough bool)
	// Verdict is what is wrong; an empty reason says nothing is. Detail is a sentence without its subject.
	Verdict() (reason event.Reason, detail string)
}

// Look is what a prober looks at streams with.
type Look struct {
	// Source opens the streams. Its time to start should leave the better part of a look's to the
	// pictures.
	Source streams.Source
	// Eye makes the judge of a stream that holds what is described.
	Eye func(*streams.Description) Eye
	// Accepted reports whether the camera is known to have taken the channel's credentials before, as
	// they are; nil: nobody knows.
	Accepted func(registry.Channel) bool
}

// NewDeep is New for a prober that can look at streams, too.
func NewDeep(timeout time.Duration, l Look) *Prober {
	p := New(timeout)
	p.look = l
	return p
}

// goodbye is the time that is left for ending a session in good order.
const goodbye = 500 * time.Millisecond

// Deep signs in at the camera of the channel's main stream and looks at what it sends, until that is
// clear, or shortly before the context's deadline. It is the main stream that is recorded and watched
// when it matters, so it is the one that counts.
//
// Online says that all is well with the stream. Degraded says that there is one and what is wrong with
// it, or that the camera has no session left: others have one. Offline says that there is none. Unknown
// says that the look was cut short, or that the gateway has no sockets.
//
// A password that is refused is unauthorized. It is locked_out when the camera forbids (403) what it
// allowed before with the same credentials: it knows them, and has shut us out. One that only asks for
// credentials again (401) doesn't say so; that they were good before is in the detail.
func (p *Prober) Deep(ctx context.Context, ch registry.Channel) Result {
	began := time.Now()
	r := p.deep(ctx, ch)
	r.Took = time.Since(began)
	return r
}

func (p *Prober) deep(ctx context.Context, ch registry.Channel) Result {
	if p.look.Source == nil {
		return Result{State: event.Unknown, Detail: "streams aren't looked at here"}
	}
	t, err := parseTarget(ch.URL)
	if err != nil {
		return Result{State: event.Offline, Reason: event.Unreachable, Detail: "the stream can't be looked at: " + err.Error()}
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(p.timeout)
	}
	watching, stop := context.WithDeadline(ctx, deadline.Add(-goodbye))
	defer stop()
	g := &gaze{look: p.look, stop: stop}
	err = p.look.Source.Pull(watching, ch, streams.Main, g)
	f, failed := errors.AsType[*streams.Failure](err)
	switch {
	case g.enough:
		return g.result(t)
	case cancelled(ctx):
		return Result{State: event.Unknown, Detail: "the look was cut short"}
	case failed:
		return p.refused(t, ch, f)
	case g.playing: // the time is over
		return g.result(t)
	}
	return Result{State: event.Offline, Reason: event.NoAnswer, Detail: t.host + " did not answer in time when asked for its stream"}
}

// refused is the result of a look that saw nothing.
func (p *Prober) refused(t target, ch registry.Channel, f *streams.Failure) Result {
	if noSockets(f) {
		return Result{State: event.Unknown, Detail: "the gateway has no sockets left to look with"}
	}
	r := Result{State: event.Offline, Reason: f.Reason, Detail: f.Detail}
	switch {
	case f.Reason == event.SessionFull:
		r.State = event.Degraded
	case f.Reason != event.Unauthorized || p.look.Accepted == nil || !p.look.Accepted(ch):
	case f.Status == forbidden:
		r.Reason = event.LockedOut
		r.Detail = t.host + " forbids what it allowed before with the same password: it has locked the account, or taken its rights"
	default:
		r.Detail = t.host + " refused the password that it took before: it was changed there, or the account is locked"
	}
	return r
}

// forbidden is the RTSP status of who is known and not let in (RFC 2326, 7.1.1).
const forbidden = 403

// gaze is the sink of one look.
type gaze struct {
	look    Look
	eye     Eye
	playing bool
	enough  bool
	stop    context.CancelFunc
}

// Describe begins to judge, anew when the camera is asked again over another transport.
func (g *gaze) Describe(d *streams.Description) { g.eye, g.playing = g.look.Eye(d), false }

// Playing says that from now on silence is the stream's.
func (g *gaze) Playing() { g.playing = true }

// Deliver shows a unit.
func (g *gaze) Deliver(u *streams.Unit) {
	if !g.enough && g.eye.Unit(u) {
		g.enough = true
		g.stop()
	}
}

// Lost is seen by the judge itself.
func (g *gaze) Lost(uint64) {}

func (g *gaze) result(t target) Result {
	reason, detail := g.eye.Verdict()
	if reason == "" {
		return Result{State: event.Online}
	}
	r := Result{State: event.Degraded, Reason: reason, Detail: t.host + " " + detail}
	if reason == event.NoPackets {
		r.State = event.Offline // no picture can be had, as when a pull fails for it
	}
	return r
}
