package rates

import (
	"math"

	"sharpeyes/registry/event"
)

// book is what the log says: the channels' last states, and every day that isn't at rest.
type book struct {
	ids     map[string]uint32 // index of a channel; one that was known keeps it
	names   []string          // ids by index
	reasons []event.Reason
	why     map[event.Reason]uint16

	now  []point          // by channel
	last int64            // when the newest record was made, ms; 0: there is none
	dark int64            // nothing is seen since then, ms; 0: all is seen
	seen map[string]int64 // when each node that didn't end made its last record, ms
	days []*day           // the open ones, the oldest first
}

// day is one day of UTC.
type day struct {
	number  int64      // days since 1970
	first   []point    // states at its beginning; channels beyond its end are absent
	changes [][]change // by channel, in order of time
	gaps    spans      // in which nothing is known
}

// change is what a channel became.
type change struct {
	at uint32 // ms from the beginning of the day
	point
}

// dayLength is a day of UTC in ms: there are no others as computers count.
const dayLength = 24 * 60 * 60 * 1000

func (d *day) begin() int64 { return d.number * dayLength }

func newBook() *book {
	return &book{
		ids: make(map[string]uint32), seen: make(map[string]int64),
		reasons: []event.Reason{""}, why: map[event.Reason]uint16{"": 0},
	}
}

// channel is the index of a channel, which is made when it has none.
func (k *book) channel(id string) uint32 {
	n, ok := k.ids[id]
	if !ok {
		n = uint32(len(k.names))
		k.ids[id] = n
		k.names = append(k.names, id)
		k.now = append(k.now, point{})
	}
	return n
}

func (k *book) reason(why event.Reason) uint16 {
	n, ok := k.why[why]
	if !ok {
		if len(k.reasons) > math.MaxUint16-1 {
			return 0
		}
		n = uint16(len(k.reasons))
		k.why[why] = n
		k.reasons = append(k.reasons, why)
	}
	return n
}

// open makes the open days last until the time.
func (k *book) open(at int64) {
	number := at / dayLength
	next := number
	if n := len(k.days); n > 0 {
		next = k.days[n-1].number + 1
	}
	if number-next > keepDays { // a clock that was wrong: nobody was there in between
		next = number
	}
	for ; next <= number; next++ {
		k.days = append(k.days, &day{number: next, first: append([]point(nil), k.now...)})
	}
}

// start is when the oldest open day begins, ms.
func (k *book) start() int64 {
	if len(k.days) == 0 {
		return 0
	}
	return k.days[0].begin()
}

// otherwise is how long a node may say nothing before it no longer speaks for the time.
const otherwise = 3 * beatEvery

// apply takes a record into the book.
func (k *book) apply(r *record) {
	k.open(r.at)
	if r.flags&began != 0 {
		k.begin(r)
	}
	for i := range r.changes {
		k.change(&r.changes[i])
	}
	k.last = max(k.last, r.at)
	if r.flags&blind != 0 && k.dark == 0 {
		k.dark = min(r.dark, r.at)
	}
	if r.flags&ended != 0 {
		delete(k.seen, r.node)
	} else {
		k.seen[r.node] = r.at
	}
}

// begin makes a gap of the time when nobody looked.
func (k *book) begin(r *record) {
	from := k.last
	if k.dark > 0 {
		from = min(from, k.dark)
	} else {
		for node, at := range k.seen {
			if node != r.node && r.at-at < otherwise.Milliseconds() {
				return // another gateway did
			}
		}
	}
	k.dark = 0
	if from > 0 {
		k.gap(max(from, k.start()), r.at)
	}
}

func (k *book) gap(from, until int64) {
	for _, d := range k.days {
		if a, b := max(from, d.begin()), min(until, d.begin()+dayLength); a < b {
			d.gaps = merged(append(d.gaps, span{a - d.begin(), b - d.begin()}))
		}
	}
}

// change takes one change into the book. One that would be before the channel's last is moved there;
// one of a day at rest is left out, since that day has it.
func (k *book) change(c *recorded) {
	if c.at < k.start() {
		return
	}
	k.open(c.at)
	n := k.channel(c.id)
	p := point{c.state, k.reason(c.reason)}
	if k.now[n] == p {
		return
	}
	at := c.at
	i := len(k.days) - 1
	for ; i >= 0; i-- {
		d := k.days[i]
		if int(n) < len(d.changes) && len(d.changes[n]) > 0 {
			of := d.changes[n]
			at = max(at, d.begin()+int64(of[len(of)-1].at))
		}
		if d.begin() <= at {
			break
		}
		for int(n) >= len(d.first) {
			d.first = append(d.first, point{})
		}
		d.first[n] = p
	}
	d := k.days[i]
	for int(n) >= len(d.changes) {
		d.changes = append(d.changes, nil)
	}
	d.changes[n] = append(d.changes[n], change{uint32(at - d.begin()), p})
	k.now[n] = p
}

// gapsOf is what isn't known of a day, with the time that nobody has looked until now.
func (k *book) gapsOf(d *day, now int64) spans {
	if k.dark == 0 || k.dark >= d.begin()+dayLength {
		return d.gaps
	}
	return merged(append(d.gaps[:len(d.gaps):len(d.gaps)], span{max(k.dark-d.begin(), 0), min(max(now-d.begin(), 0), dayLength)}))
}

// each calls f with what is known of every channel that was there at some time of the day.
func (d *day) each(f func(channel uint32, first point, changes []change)) {
	for n := range max(len(d.first), len(d.changes)) {
		first, changes := d.of(n)
		if first.state != absent || len(changes) > 0 {
			f(uint32(n), first, changes)
		}
	}
}

func (d *day) of(n int) (first point, changes []change) {
	if n < len(d.first) {
		first = d.first[n]
	}
	if n < len(d.changes) {
		changes = d.changes[n]
	}
	return first, changes
}
