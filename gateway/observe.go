package gateway

import (
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/probe"
)

// observer tells health, motion and the city what becomes of pulls.
type observer struct{ g *gateway }

func (o observer) Started(ch registry.Channel, i streams.Info) {
	if o.g.elsewhere.isRelayed(i.Key) { // the owner sees its camera
		return
	}
	o.begun(ch, i)
	if !o.g.judges.started(ch, i.Key) {
		o.evidence(ch, i, probe.Result{State: event.Online})
	}
}

// begun tells of a pull from a camera.
func (o observer) begun(ch registry.Channel, i streams.Info) {
	o.publish(event.StreamStarted, ch, i, "")
	o.g.monitor.Pulled(ch.ID, true)
	o.g.turns.accepted(ch)
	o.g.motion.started(ch, i.Key)
	o.g.metadata.started(ch, i.Key)
}

func (o observer) Stopped(ch registry.Channel, i streams.Info) {
	if o.g.elsewhere.ended(i.Key) {
		return
	}
	o.publish(event.StreamStopped, ch, i, "")
	o.g.monitor.Pulled(ch.ID, false)
}

func (o observer) Failed(ch registry.Channel, i streams.Info, f *streams.Failure) {
	o.g.log.Info("a pull failed", "channel", ch.ID, "profile", i.Key.Profile, "reason", f.Reason, "detail", f.Detail)
	if o.g.elsewhere.ended(i.Key) {
		return
	}
	o.publish(event.StreamFailed, ch, i, f.Reason)
	if i.Flowing {
		o.g.monitor.Pulled(ch.ID, false)
	}
	state := event.Offline // no picture can be had, whatever the camera says to a probe
	if f.Reason == event.SessionFull {
		state = event.Degraded // others have one
	}
	o.evidence(ch, i, probe.Result{State: state, Reason: f.Reason, Detail: f.Detail})
}

// evidence is what the main stream tells of the camera's health; a broken sub stream says little,
// but that a password is refused is true of both.
func (o observer) evidence(ch registry.Channel, i streams.Info, r probe.Result) {
	if i.Key.Profile == streams.Main || r.Reason == event.Unauthorized {
		o.g.monitor.Evidence(ch.ID, r)
	}
}

func (o observer) publish(t event.Type, ch registry.Channel, i streams.Info, r event.Reason) {
	o.g.bus.Publish(event.New(o.g.config().Node.Name, t, time.Now(), event.Stream{
		Channel: ch.Event(), Profile: string(i.Key.Profile), Readers: i.Readers, Reason: r,
	}))
}
