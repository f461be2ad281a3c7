package levels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// events copies events. Each is stored here once: what was stored after the place that is noted is known by its id.
func (b *Below) events(ctx context.Context, p Progress) error {
	trail := trail{b: b, log: Events}
	if p.Log == "" { // what was before the levels were linked is nobody's news
		hello, err := b.o.Asker.Hello(ctx)
		if err != nil {
			return err
		}
		if hello.Events == "" {
			return errors.New("it doesn't say where its events end")
		}
		p.Place = hello.Events
	}
	var stored map[string]bool // nil: not looked for yet
	for ctx.Err() == nil {
		page, err := b.read(ctx, Events, p.Place)
		if err != nil {
			// Nothing of the level is stored meanwhile, so that whoever begins here need not look for it.
			if mark, err := b.o.Here.End(ctx); err == nil && stored != nil {
				p.Mark = mark
				if err := trail.leave(ctx, p); err != nil {
					return err
				}
			}
			pause(ctx, retry)
			continue
		}
		first := stored == nil
		if first {
			stored = map[string]bool{}
			if p.Log != "" {
				if err := b.o.Here.Since(ctx, p.Mark, func(id string) { stored[id] = true }); err != nil {
					return err
				}
			}
		}
		if page.Log != p.Log {
			anew := p.Log != ""
			if p.Log = page.Log; anew {
				p.Place = ""
			}
			if p.Mark, err = b.o.Here.End(ctx); err != nil {
				return err
			}
			if err := b.o.Here.Proceed(ctx, b.o.Name, Events, p); err != nil { // what is stored from here on is known
				return err
			}
			if anew {
				continue
			}
		} else if page.Again && !first {
			return errAgain // with what was stored by then
		}
		if page.Lost > 0 {
			b.o.Log.Error("events of a level below are lost: it kept them for less time than it was away", "level", b.o.Name, "at_most", page.Lost)
		}
		var copied []Copied
		scopes := b.o.Scopes()
		for _, m := range page.Messages {
			e, err := b.copied(m, scopes)
			if err != nil {
				b.o.Log.Warn("an event of a level below is left out", "level", b.o.Name, "subject", Cut(m.Subject), "error", err)
				continue
			}
			if !stored[e.ID] {
				copied = append(copied, e)
			}
		}
		if err := b.o.Here.Copy(ctx, copied); err != nil {
			return err
		}
		if page.Pending == 0 { // what was stored has come by again
			clear(stored)
		}
		p.Place = page.Next
		if p.Mark, err = b.o.Here.End(ctx); err != nil {
			return err
		}
		if err := trail.leave(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

var errAgain = errors.New("its server has lost what it stored last: reading some of it again")

var (
	errForeign = errors.New("it isn't of what the level may tell of")
	errMixed   = errors.New("it speaks of another channel than its subject")
	errTime    = errors.New("it is of the future")
)

// early is how far a level's clock may be ahead.
const early = time.Hour

// copied checks that an event is one that the level may tell.
func (b *Below) copied(m Message, scopes []registry.Scope) (Copied, error) {
	var e struct {
		ID   string     `json:"id"`
		Type event.Type `json:"type"`
		Time time.Time  `json:"time"`
		Data struct {
			Channel *event.Channel `json:"channel"`
			Site    string         `json:"site"`
		} `json:"data"`
	}
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return Copied{}, fmt.Errorf("reading it: %w", err)
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(m.Subject, event.Prefix), ".")
	of, known := event.Types()[e.Type]
	switch {
	case e.ID == "" || len(e.ID) > 64 || !slices.Contains(event.Shareable(), kind):
		return Copied{}, errForeign
	case !known || string(of.Kind()) != kind:
		return Copied{}, errMixed
	case time.Until(e.Time) > early:
		return Copied{}, errTime
	}
	if event.Kind(kind) == event.KindSite {
		if path := strings.ReplaceAll(rest, ".", "/"); e.Data.Site != path {
			return Copied{}, errMixed
		} else if !slices.ContainsFunc(scopes, func(s registry.Scope) bool { return s.CoversSite(path) }) {
			return Copied{}, errForeign
		}
		return Copied{e.ID, m.Subject, m.Data}, nil
	}
	c := e.Data.Channel
	if c == nil || c.Topic(event.Kind(kind)) != m.Subject {
		return Copied{}, errMixed
	}
	here, there := b.o.Here.Snapshot().Get(c.ID)
	if there && here.Via != b.o.Name {
		return Copied{}, errForeign
	}
	here.ID, here.Class, here.Site, here.Scenario = c.ID, registry.Class(c.Class), c.Site, c.Scenario
	if !registry.Covered(scopes, &here) {
		return Copied{}, errForeign
	}
	return Copied{e.ID, m.Subject, m.Data}, nil
}
