package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sharpeyes/gateway/bus"
	"sharpeyes/gateway/levels"
	"sharpeyes/gateway/rates"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// This is the gateway as package levels knows it: what takes over what a level below shares.

// Snapshot is the registry now.
func (l *leveling) Snapshot() *registry.Snapshot { return l.g.bus.Registry().Snapshot() }

// Update makes one transaction in the name of the level.
func (l *leveling) Update(ctx context.Context, by string, fn func(*registry.Snapshot) (registry.Transaction, error)) error {
	var gone []string
	_, err := l.g.bus.Registry().Update(ctx, by, "level", func(now *registry.Snapshot) (registry.Transaction, error) {
		tx, err := fn(now)
		gone = tx.Delete
		return tx, err
	})
	for _, id := range gone {
		if err == nil {
			l.g.statuses.Delete(id)
			l.g.rates.Record(rates.Change{ID: id, At: time.Now()})
		}
	}
	return err
}

// Found takes over the status of a channel of a level.
func (l *leveling) Found(c registry.Channel, s registry.Status) {
	was := l.g.statuses.Get(c.ID)
	if was == s {
		return
	}
	l.g.statuses.Set(c.ID, s)
	l.g.bus.PutStatus(c.ID, s)
	if was.State != s.State || was.Reason != s.Reason {
		l.g.rates.Record(rates.Change{ID: c.ID, To: s.State, Reason: s.Reason, At: s.Since})
	}
}

// Copy stores and sends events of a level.
func (l *leveling) Copy(ctx context.Context, events []levels.Copied) error {
	all := make([]bus.Copied, len(events))
	for i, e := range events {
		all[i] = bus.Copied(e)
	}
	return l.g.bus.Copy(ctx, all)
}

// End is the sequence of the newest event.
func (l *leveling) End(ctx context.Context) (uint64, error) { return l.g.bus.EventsEnd(ctx) }

// Since calls f with the id of each event after a sequence.
func (l *leveling) Since(ctx context.Context, after uint64, f func(id string)) error {
	return l.g.bus.EventIDs(ctx, after, f)
}

// Progress is how far a level was read.
func (l *leveling) Progress(level, log string) (p levels.Progress, err error) {
	b, ok, err := l.progress.Get(context.Background(), level+"."+log) // from memory
	if err != nil || !ok {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("reading how far %s was read: %w", level, err)
	}
	return p, nil
}

// Proceed stores how far a level was read.
func (l *leveling) Proceed(ctx context.Context, level, log string, p levels.Progress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return l.progress.Put(ctx, level+"."+log, b)
}

// Lost tells that a level doesn't answer any more.
func (l *leveling) Lost(level string, since time.Time) {
	l.told(event.LevelLost, level, since, "the level "+level+" can't be reached: what is known of its channels is from before")
}

// Back tells that a level answers again.
func (l *leveling) Back(level string, since time.Time) {
	l.told(event.LevelBack, level, since, "the level "+level+" is reached again")
}

func (l *leveling) told(t event.Type, level string, since time.Time, detail string) {
	l.g.bus.Publish(event.New(l.g.config().Node.Name, t, time.Now(), event.Gateway{Node: level, Detail: detail, Since: since.UTC()}))
}

// asker is a level below as package levels asks it.
type asker struct{ *bus.Below }

// Hello asks who is there.
func (a asker) Hello(ctx context.Context) (h levels.Hello, err error) {
	err = a.Below.Hello(ctx, &h)
	return h, err
}

// Read asks for what comes in a log after a sequence.
func (a asker) Read(ctx context.Context, log, after string) (levels.Page, error) {
	p, err := a.Below.Read(ctx, log, after)
	all := levels.Page{Log: p.Log, Next: p.Next, Pending: p.Pending, Again: p.Again, Lost: p.Lost, Messages: make([]levels.Message, len(p.Messages))}
	for i, m := range p.Messages {
		all.Messages[i] = levels.Message(m)
	}
	return all, err
}
