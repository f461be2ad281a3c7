package levels

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
)

// records takes over channels, their statuses, and sites.
func (b *Below) records(ctx context.Context, p Progress) error {
	trail := trail{b: b, log: Records}
	r := reading{waiting: map[string]json.RawMessage{}, scopes: fmt.Sprint(b.o.Scopes())}
	if p.Place == "" {
		r.all = map[string]bool{}
	}
	for ctx.Err() == nil {
		page, err := b.read(ctx, Records, p.Place)
		if err != nil {
			pause(ctx, retry)
			continue
		}
		scopes := fmt.Sprint(b.o.Scopes())
		begun := p.Place != ""
		// What the level doesn't share any more, and what it may register by now, is only seen from the beginning.
		if page.Log != p.Log || page.Again || scopes != r.scopes || b.refusedFor() > again {
			p = Progress{Log: page.Log}
			r = reading{all: map[string]bool{}, waiting: map[string]json.RawMessage{}, scopes: scopes}
			b.refuse(nil)
			if begun {
				continue
			}
		}
		p.Place = page.Next
		for _, m := range page.Messages {
			r.waiting[m.Subject] = m.Data
			if r.all != nil {
				r.all[m.Subject] = len(m.Data) > 0
			}
		}
		if page.Pending > 0 && len(r.waiting) < most {
			continue
		}
		if r.all != nil && page.Pending == 0 {
			for c := range b.o.Here.Snapshot().All() {
				if name := ofChannel + c.ID; c.Via == b.o.Name && !r.all[name] {
					r.waiting[name] = nil
				}
			}
			r.all = nil
		}
		if len(r.waiting) > 0 {
			if err := b.take(ctx, r.waiting); err != nil {
				return err
			}
			r.waiting = map[string]json.RawMessage{}
		}
		if r.all != nil { // what is begun begins anew after a failure
			continue
		}
		if err := trail.leave(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// reading is how far records are taken over.
type reading struct {
	all     map[string]bool // names of what is there, when they are read from the beginning
	waiting map[string]json.RawMessage
	scopes  string // in which the level may register
}

// again is how long what is refused waits for what stands in its way to be gone.
const again = 5 * time.Minute

// refuse notes what can't be registered here, by name, and since when; an empty reason takes it away. Nil forgets all.
func (b *Below) refuse(reasons map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reasons == nil {
		b.refused = map[string]string{}
	}
	was := len(b.refused)
	for name, reason := range reasons {
		if reason == "" {
			delete(b.refused, name)
		} else {
			b.refused[name] = reason
		}
	}
	if was == 0 {
		b.refusedAt = time.Now()
	}
	b.state.Refused, b.state.Why = len(b.refused), ""
	for name, reason := range b.refused { // any of them
		b.state.Why = name + ": " + reason
		break
	}
}

// refusedFor is how long something has been refused; 0 when nothing is.
func (b *Below) refusedFor() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.refused) == 0 {
		return 0
	}
	return time.Since(b.refusedAt)
}

// take makes the records of channels and sites true here.
func (b *Below) take(ctx context.Context, records map[string]json.RawMessage) error {
	names, scopes := slices.Sorted(maps.Keys(records)), b.o.Scopes()
	var found map[string]Record
	var refused map[string]string // by id; empty: no more
	err := b.o.Here.Update(ctx, b.o.Name, func(now *registry.Snapshot) (tx registry.Transaction, _ error) {
		found, refused = map[string]Record{}, map[string]string{}
		described := map[string]bool{}
		for _, s := range now.Described() {
			described[s.Path] = true
		}
		for _, name := range names {
			if path, ok := strings.CutPrefix(name, ofSite); ok {
				site, ok := siteOf(strings.ReplaceAll(path, ".", "/"), records[name])
				if ok && !described[site.Path] && within(scopes, site.Path) { // what is described here is described here
					tx.Sites = append(tx.Sites, site)
				}
				continue
			}
			id := strings.TrimPrefix(name, ofChannel)
			old, there := now.Get(id)
			ours := there && old.Via == b.o.Name
			refused[id] = ""
			if len(records[name]) > 0 {
				var r Record
				c, err := r.read(records[name], b.o.Name)
				switch {
				case err != nil:
					refused[id] = err.Error()
				case c.ID != id:
					refused[id] = "its id is another"
				case there && !ours:
					refused[id] = "the id is taken here"
				case !registry.Covered(scopes, &c):
					refused[id] = "it isn't in what the level may register"
				default:
					found[id] = r
					if !there || !registry.Equal(old, c) {
						tx.Put = append(tx.Put, c)
					}
					continue
				}
			}
			if ours {
				tx.Delete = append(tx.Delete, id)
			}
		}
		return tx, nil
	})
	if err != nil {
		return err
	}
	was := b.State().Refused
	b.refuse(refused)
	if s := b.State(); s.Refused > was {
		b.o.Log.Warn("channels of a level below can't be registered here", "level", b.o.Name, "count", s.Refused, "one", s.Why)
	}
	now := b.o.Here.Snapshot()
	for id, r := range found {
		if c, ok := now.Get(id); ok && c.Via == b.o.Name {
			b.o.Here.Found(c, r.found())
		}
	}
	return nil
}

// read reads a record, and returns the channel as it is registered here.
func (r *Record) read(b []byte, via string) (registry.Channel, error) {
	if err := json.Unmarshal(b, r); err != nil {
		return registry.Channel{}, err
	}
	return r.taken(via)
}

// siteOf is what a record says of a place; false for one that is taken away, or says nothing that can be.
func siteOf(path string, record []byte) (s registry.Site, ok bool) {
	ok = len(record) > 0 && json.Unmarshal(record, &s) == nil && s.Path == path && s.Validate() == nil
	return s, ok
}

// within reports whether a place is in one of the scopes, or one of them in it.
func within(scopes []registry.Scope, path string) bool {
	return slices.ContainsFunc(scopes, func(s registry.Scope) bool {
		return registry.Scope{Site: s.Site}.CoversSite(path) || registry.Scope{Site: path}.CoversSite(s.Site)
	})
}
