package health

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// settleRate is how many channels a second are probed out of turn after a transaction: one edit is
// probed at once, a new city doesn't fall on its cameras all together.
const settleRate = 500

// Changed says that the registry changed. Channels that were added or edited are probed soon, and
// where the url or the credentials changed, what was held against the old ones is forgotten.
// Disabled channels become disabled; deleted ones leave the table of statuses (their stored status
// is the store's to delete).
func (m *Monitor) Changed(now *registry.Snapshot, tx registry.Transaction) {
	if newest := m.o.Snapshot(); newest.Version() > now.Version() {
		now = newest // what matters is what the channels are by now
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.running { // Run begins with the newest snapshot
		return
	}
	at := time.Now()
	spread := time.Duration(len(tx.Put)) * (time.Second / settleRate)
	for i := range tx.Put {
		m.put(now, tx.Put[i].ID, at, spread)
	}
	for _, id := range tx.Delete {
		m.put(now, id, at, 0)
	}
	m.signal()
}

// put brings the schedule up to what the registry says of a channel.
func (m *Monitor) put(channels *registry.Snapshot, id string, now time.Time, spread time.Duration) {
	ch, ok := channels.Get(id)
	switch {
	case !ok:
		_, owned := m.entries[id]
		m.remove(id)
		m.forget(id, now, owned || m.owns(registry.Channel{ID: id})) // where it was, nobody knows any more
	case !m.owns(ch):
		m.remove(id)
	case !ch.Enabled:
		m.remove(id)
		m.disable(ch, now)
	default:
		m.enable(ch, now)
		e, known := m.entries[id]
		if !known {
			e = m.add(ch, now)
		} else {
			m.edit(e, ch, now)
		}
		soon := now.Add(phase(id, min(spread, m.interval(e))))
		if e.flying || e.place < 0 || soon.Before(e.due) {
			if known {
				m.extra(e, soon)
			} else {
				m.plan(e, soon)
			}
		}
	}
}

// add makes the entry of a channel, which is not yet due.
func (m *Monitor) add(ch registry.Channel, now time.Time) *entry {
	s := m.o.Statuses.Get(ch.ID)
	e := &entry{id: ch.ID, rank: rank(ch.Class), place: -1, look: -1, mark: mark(ch), due: now, host: hostOf(ch.URL)}
	e.down = s.State == event.Offline
	m.hosts.add(e.host, 1)
	m.ofRank[e.rank]++
	m.join(e, ch)
	if every := m.o.Config.DeepInterval; every > 0 {
		m.planLook(e, m.since(now)+phase(ch.ID, every))
	}
	// A verdict from before the restart that only a pull can have reached still stands. (A missing
	// stream may have been found by either.)
	if !probesSee(s.Reason) && s.Reason != event.NotFound {
		m.hold(e, s.Reason, now)
	}
	if s.Reason == event.Flapping { // it may, or not: that is seen from now on
		e.flap = &flap{on: true, latest: registry.Status{State: event.Unknown}, hot: now}
		m.flapping[e] = struct{}{}
	}
	m.entries[ch.ID] = e
	return e
}

// edit takes over what changed in a channel.
func (m *Monitor) edit(e *entry, ch registry.Channel, now time.Time) {
	e.edition++ // a probe under way may be of the old url
	if r := rank(ch.Class); r != e.rank {
		planned := e.place >= 0
		m.unplan(e)
		look := m.unplanLook(e)
		m.ofRank[e.rank]--
		m.ofRank[r]++
		e.rank = r
		if planned {
			m.plan(e, e.due)
		}
		if look {
			m.planLook(e, e.lookDue)
		}
	}
	if host := hostOf(ch.URL); host != e.host {
		m.hosts.add(e.host, -1)
		m.hosts.add(host, 1)
		e.host = host
	}
	if e.site.name != ch.Site || e.key != keyOf(ch) {
		m.backUp(e) // an outage that it has moved out of isn't its own
		m.unmark(e)
		m.leave(e)
		m.join(e, ch)
	}
	if k := mark(ch); k != e.mark {
		e.mark, e.held, e.fresh, e.suspect = k, 0, true, nil
		m.setDoubt(e, nil, now)
		if m.o.Config.DeepInterval > 0 && e.look >= 0 {
			m.planLook(e, m.since(now))
		}
	}
}

// remove takes a channel from the schedule.
func (m *Monitor) remove(id string) {
	e, ok := m.entries[id]
	if !ok {
		return
	}
	m.unplan(e)
	m.unplanLook(e)
	m.backUp(e)
	m.leave(e)
	m.hosts.add(e.host, -1)
	m.ofRank[e.rank]--
	e.gone = true
	delete(m.flapping, e)
	delete(m.entries, id)
}

// forget takes a channel that is no more out of the table, and notes that where it was this gateway's.
func (m *Monitor) forget(id string, now time.Time, owned bool) {
	old := m.o.Statuses.Get(id)
	m.o.Statuses.Delete(id)
	if !owned {
		return
	}
	m.record(Change{ID: id, From: old.State, At: now})
}

// disable makes the status of a channel disabled.
func (m *Monitor) disable(ch registry.Channel, now time.Time) {
	if old := m.o.Statuses.Get(ch.ID); old.State != event.Disabled {
		m.keep(nil, ch, registry.Status{State: event.Disabled, Since: now.UTC()}, now, now)
	}
}

// enable makes a channel unknown that was disabled.
func (m *Monitor) enable(ch registry.Channel, now time.Time) {
	if old := m.o.Statuses.Get(ch.ID); old.State == event.Disabled {
		m.keep(nil, ch, registry.Status{State: event.Unknown, Since: now.UTC()}, now, now)
	}
}

// mark stands for what a camera is reached by.
func mark(ch registry.Channel) uint64 {
	var d xxhash.Digest
	for _, s := range [...]string{ch.URL, ch.Username, ch.Password.Reveal()} {
		_, _ = d.WriteString(s) // never fails
		_, _ = d.Write([]byte{0})
	}
	return d.Sum64()
}
