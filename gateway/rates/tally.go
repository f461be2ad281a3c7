package rates

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
)

// maxSums bounds the sums of days that are kept, in bytes. What doesn't fit is made each time.
const maxSums = 96 << 20

// question is a period, and the groups that channels of the book are in.
type question struct {
	from, until int64   // ms
	group       []int32 // by channel; below zero: none
	groups      int
}

// gather puts the channels that the query means into groups; keep is called with each, and says which.
func (r *Recorder) gather(s *registry.Snapshot, q registry.Query, keep func(registry.Channel) int32) []int32 {
	r.meet(s)
	r.mu.RLock()
	defer r.mu.RUnlock()
	group := make([]int32, len(r.book.names))
	for i := range group {
		group[i] = -1
	}
	for ch := range s.Matching(q, nil) {
		group[r.book.ids[ch.ID]] = keep(ch)
	}
	return group
}

// meet gives every channel of the registry its index: one that was deleted for long and is back may
// have none, though days at rest tell of it.
func (r *Recorder) meet(s *registry.Snapshot) {
	if v := r.view; v != nil && v.version == s.Version() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ch := range s.All() {
		r.book.channel(ch.ID)
	}
}

// enter waits until nobody else asks, and takes up what was told until now.
func (r *Recorder) enter(ctx context.Context) (leave func(), err error) {
	select {
	case r.asking <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another question about rates: %w", ctx.Err())
	}
	r.drain(time.Now(), 0)
	return func() { <-r.asking }, nil
}

// tally adds up the time that the channels of each group were in each state. The caller has entered.
func (r *Recorder) tally(ctx context.Context, s *registry.Snapshot, q question) ([]tally, error) {
	v := r.viewOf(s)
	tallies := make([]tally, q.groups)
	rest, known := r.tallyOpen(v, q, tallies)
	for _, number := range rest {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lo, hi := max(q.from-number*dayLength, 0), min(q.until-number*dayLength, dayLength)
		if lo > 0 || hi < dayLength {
			err := r.eachRow(ctx, v, number, known[number], lo, hi, q.group, func(n uint32, row row) {
				tallies[q.group[n]].add(&row)
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		d, err := r.whole(ctx, v, number, known[number])
		if err != nil {
			return nil, err
		}
		d.addTo(tallies, q.group)
	}
	return tallies, nil
}

// tallyOpen adds the days that aren't at rest, and returns those of the period that are, with their
// numbers of parts.
func (r *Recorder) tallyOpen(v *view, q question, tallies []tally) (rest []int64, parts map[int64]int) {
	now := time.Now().UnixMilli()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, d := range r.book.days {
		lo, hi := max(q.from-d.begin(), 0), min(q.until-d.begin(), dayLength)
		if lo >= hi {
			continue
		}
		scopes := newScopes(d.number, lo, hi, r.book.gapsOf(d, now))
		d.each(func(n uint32, first point, changes []change) {
			if int(n) < len(q.group) && q.group[n] >= 0 {
				row := scopes.of(v.on(n)).count(first.state, changes)
				tallies[q.group[n]].add(&row)
			}
		})
	}
	return r.restIn(q.from, q.until)
}

// restIn is the days at rest of a period, in order, with their numbers of parts. The lock is held.
func (r *Recorder) restIn(from, until int64) (rest []int64, parts map[int64]int) {
	parts = make(map[int64]int)
	for number := from / dayLength; number*dayLength < until; number++ {
		if n, ok := r.rest[number]; ok {
			rest = append(rest, number)
			parts[number] = n
		}
	}
	return rest, parts
}

// whole is the sums of a whole day at rest.
func (r *Recorder) whole(ctx context.Context, v *view, number int64, parts int) (*daySums, error) {
	print := v.print(number)
	if d := r.sums[number]; d != nil && d.print == print {
		return d, nil
	}
	delete(r.sums, number)
	rows := make([]row, v.known)
	err := r.eachRow(ctx, v, number, parts, 0, dayLength, nil, func(n uint32, one row) {
		for int(n) >= len(rows) {
			rows = append(rows, row{})
		}
		rows[n] = one
	})
	if err != nil {
		return nil, err
	}
	d := pack(print, rows)
	size := d.size()
	oldest := time.Now().UnixMilli()/dayLength - keepDays - 1
	for n, other := range r.sums {
		if n < oldest {
			delete(r.sums, n)
			continue
		}
		size += other.size()
	}
	if size <= maxSums {
		r.sums[number] = d
	}
	return d, nil
}

// eachRow reads a day at rest and calls f with the row of each channel, or of those that are in a
// group where groups are given.
func (r *Recorder) eachRow(ctx context.Context, v *view, number int64, parts int, lo, hi int64, group []int32, f func(uint32, row)) error {
	find := r.finder()
	var scopes *scopes
	return r.read(ctx, number, parts, func(p *part, id []byte, first point, changes []change) bool {
		if scopes == nil {
			scopes = newScopes(number, lo, hi, p.gaps)
		}
		n := find.channel(id)
		if group == nil || int(n) < len(group) && group[n] >= 0 {
			f(n, scopes.of(v.on(n)).count(first.state, changes))
		}
		return true
	})
}

// finder finds the channels of a day at rest, which come in the order of their ids, as fast as they
// are read.
type finder struct {
	r     *Recorder
	names []string
	order []uint32
	next  int
}

func (r *Recorder) finder() *finder {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := r.book.names
	if len(r.order) != len(names) {
		r.order = make([]uint32, len(names))
		for i := range r.order {
			r.order[i] = uint32(i)
		}
		slices.SortFunc(r.order, func(a, b uint32) int { return strings.Compare(names[a], names[b]) })
	}
	return &finder{r: r, names: names, order: r.order}
}

func (f *finder) channel(id []byte) uint32 {
	for f.next < len(f.order) {
		n := f.order[f.next]
		if name := f.names[n]; name == string(id) {
			f.next++
			return n
		} else if name > string(id) {
			break
		}
		f.next++
	}
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return f.r.book.channel(string(id))
}
