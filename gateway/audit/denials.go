package audit

import (
	"time"

	"sharpeyes/registry/event"
)

const (
	foldTime = time.Minute
	// mostDenials bounds what is folded at a time; whoever comes from everywhere becomes one.
	mostDenials = 4096
)

// denials folds what is refused again and again: the first is told, and a minute later how many more
// there were. Who guesses passwords can't fill the log. It is for one goroutine.
type denials struct {
	all map[denial]*fold
}

type denial struct{ user, address, action string }

type fold struct {
	since time.Time
	last  event.Audit
	count int // after the first
}

// take reports whether the refusal is to be told now.
func (d *denials) take(a event.Audit, now time.Time) bool {
	if d.all == nil {
		d.all = map[denial]*fold{}
	}
	key := denial{a.User, a.Address, a.Action}
	if d.all[key] == nil && len(d.all) >= mostDenials {
		key = denial{action: a.Action}
		a.User, a.Target, a.Address = "", "", "" // many
	}
	if f := d.all[key]; f != nil {
		f.count++
		f.last = a
		return false
	}
	d.all[key] = &fold{since: now, last: a}
	return true
}

// due are those to be told of by now.
func (d *denials) due(now time.Time, all bool) (told []event.Audit) {
	for key, f := range d.all {
		if !all && now.Sub(f.since) < foldTime {
			continue
		}
		delete(d.all, key)
		if f.count > 0 {
			f.last.Count = f.count
			told = append(told, f.last)
		}
	}
	return told
}
