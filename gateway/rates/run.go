package rates

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// load reads the newest day at rest, and the log since.
func (r *Recorder) load(ctx context.Context) (end uint64, err error) {
	days, err := r.o.Store.Days(ctx)
	if err != nil {
		return 0, err
	}
	var numbers []int64
	for day, parts := range days {
		n := day.UnixMilli() / dayLength
		r.rest[n] = parts
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	since := time.Unix(0, 0)
	for _, n := range slices.Backward(numbers) {
		if err := r.resume(ctx, n); err == nil {
			// A record may have been stored later than it was made, and never much earlier.
			since = time.UnixMilli(r.book.start() - restAfter.Milliseconds())
			break
		} else if !errors.Is(err, errRecord) {
			return 0, err
		}
		r.o.Log.Error("A day of states can't be read; it is left out", "day", dayOf(n).Format(time.DateOnly), "error", err)
		delete(r.rest, n)
		r.book = newBook()
	}
	damaged := 0
	end, err = r.o.Store.Since(ctx, since, func(b []byte) error {
		rec, err := decodeRecord(b)
		if err != nil {
			damaged++
			return nil
		}
		r.book.apply(&rec)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if damaged > 0 {
		r.o.Log.Error("Records of states can't be read; they are left out", "count", damaged)
	}
	return end, nil
}

// follow takes over what other gateways record behind a sequence.
func (r *Recorder) follow(ctx context.Context, after uint64) {
	r.o.Store.Follow(ctx, after, func(b []byte) {
		rec, err := decodeRecord(b)
		if err != nil || rec.node == r.o.Node { // damage is told of when it is loaded
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.book.apply(&rec)
	})
}

// resume makes the book begin after a day at rest.
func (r *Recorder) resume(ctx context.Context, number int64) error {
	err := r.read(ctx, number, r.rest[number], func(p *part, id []byte, first point, changes []change) bool {
		last := first
		if n := len(changes); n > 0 {
			last = changes[n-1].point
		}
		n := r.book.channel(string(id))
		r.book.now[n] = point{last.state, r.book.reason(p.reasons[last.reason])}
		return true
	})
	if err != nil {
		return err
	}
	begin := (number + 1) * dayLength
	r.book.open(begin)
	r.book.last = begin
	return nil
}

// read reads a day at rest of as many parts, until f returns false.
func (r *Recorder) read(ctx context.Context, number int64, parts int, f func(p *part, id []byte, first point, changes []change) bool) error {
	more := true
	for i := 0; i < parts && more; i++ {
		b, err := r.o.Store.Part(ctx, dayOf(number), i)
		if err != nil {
			return err
		}
		p, err := readPart(b, func(p *part, id []byte, first point, changes []change) bool {
			more = f(p, id, first, changes)
			return more
		})
		if err == nil && (p.number != number || p.i != i || p.n != parts) {
			err = fmt.Errorf("%w of that day: %d parts of %d", errRecord, parts, p.n)
		}
		if err != nil {
			return fmt.Errorf("reading the states of %s, part %d: %w", dayOf(number).Format(time.DateOnly), i, err)
		}
	}
	return nil
}

func dayOf(number int64) time.Time { return time.UnixMilli(number * dayLength).UTC() }

// run writes down what was told, says that the gateway is there, and puts days at rest.
func (r *Recorder) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	last := time.Now().Round(0) // by the clock on the wall: the other stands still while a machine sleeps
	var complained, tried time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.inbox.wake:
		}
		now := time.Now().Round(0)
		if now.Sub(last) > otherwise { // it slept
			r.note(now, nil, began)
		}
		last = now
		r.drain(now, 0)
		if r.quiet(now) {
			r.note(now, nil, 0)
		}
		err := r.flush(ctx)
		if err == nil && now.Sub(tried).Abs() >= time.Minute {
			tried = now
			err = r.putToRest(ctx, now)
		}
		if err != nil && ctx.Err() == nil && now.Sub(complained).Abs() >= time.Minute {
			complained = now
			r.o.Log.Warn("The record of states waits for its store", "error", err)
		}
	}
}

// quiet reports whether it is time to say that the gateway is there.
func (r *Recorder) quiet(now time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return now.UnixMilli()-r.book.last >= beatEvery.Milliseconds()
}

// putToRest puts every day at rest that is over for long enough.
func (r *Recorder) putToRest(ctx context.Context, now time.Time) error {
	for {
		r.mu.RLock()
		var d *day
		var parts [][]byte
		if days := r.book.days; len(days) > 1 && days[0].begin()+dayLength+restAfter.Milliseconds() <= now.UnixMilli() {
			// While nothing is seen, where that ends is not known either.
			if end := days[0].begin() + dayLength; r.book.dark == 0 || r.book.dark >= end {
				d = days[0]
				parts = r.book.rest(d)
			}
		}
		r.mu.RUnlock()
		if d == nil {
			return nil
		}
		if err := r.o.Store.PutDay(ctx, dayOf(d.number), parts); err != nil {
			return err
		}
		b, err := r.o.Store.Part(ctx, dayOf(d.number), 0) // another gateway may have been quicker
		if err != nil {
			return err
		}
		p, err := readPart(b, nil)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.rest[d.number] = p.n
		r.book.days = r.book.days[1:]
		for n := range r.rest {
			if n < d.number-keepDays-1 {
				delete(r.rest, n)
			}
		}
		r.mu.Unlock()
		if err := r.o.Store.Forget(ctx, dayOf(d.number)); err != nil {
			return err
		}
	}
}
