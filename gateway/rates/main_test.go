package rates

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// shelf is a Store in memory.
type shelf struct {
	mu   sync.Mutex
	log  []logged
	gone uint64        // records that were forgotten
	more chan struct{} // closed and replaced when one comes
	days map[time.Time][][]byte
	down bool
}

type logged struct {
	at     time.Time
	record []byte
}

var errDown = errors.New("the store is down")

func newShelf() *shelf { return &shelf{days: make(map[time.Time][][]byte), more: make(chan struct{})} }

func (s *shelf) Append(_ context.Context, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errDown
	}
	s.log = append(s.log, logged{time.Now(), b})
	close(s.more)
	s.more = make(chan struct{})
	return nil
}

func (s *shelf) Follow(ctx context.Context, after uint64, f func([]byte)) {
	for {
		s.mu.Lock()
		after = max(after, s.gone)
		news, more := slices.Clone(s.log[after-s.gone:]), s.more
		s.mu.Unlock()
		for _, l := range news {
			f(l.record)
			after++
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

func (s *shelf) Since(_ context.Context, at time.Time, f func([]byte) error) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.log {
		if !l.at.Before(at) {
			if err := f(l.record); err != nil {
				return 0, err
			}
		}
	}
	return s.gone + uint64(len(s.log)), nil
}

func (s *shelf) Forget(_ context.Context, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.log) > 1 && s.log[0].at.Before(before) {
		s.log = s.log[1:]
		s.gone++
	}
	return nil
}

func (s *shelf) PutDay(_ context.Context, day time.Time, parts [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errDown
	}
	if _, ok := s.days[day]; !ok {
		s.days[day] = parts
	}
	return nil
}

func (s *shelf) Days(context.Context) (map[time.Time]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	days := make(map[time.Time]int)
	for d, parts := range s.days {
		days[d] = len(parts)
	}
	return days, nil
}

func (s *shelf) Part(_ context.Context, day time.Time, part int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || part >= len(s.days[day]) {
		return nil, errDown
	}
	return s.days[day][part], nil
}

// last is when the newest record was made.
func (s *shelf) last(t *testing.T) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := decodeRecord(s.log[len(s.log)-1].record)
	if err != nil {
		t.Fatal(err)
	}
	return rec.at
}

// What one gateway records another knows in a moment, and what was there before it came, once.
func TestOthersAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		open := func(node string) *Recorder {
			r, err := Open(t.Context(), Options{
				Store: store, Node: node, Snapshot: registry.Empty, Targets: func() map[int]float64 { return nil }, Log: discard(),
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		state := func(r *Recorder, id string) code {
			r.mu.RLock()
			defer r.mu.RUnlock()
			n, known := r.book.ids[id]
			if !known {
				t.Fatalf("%s is unknown", id)
			}
			return r.book.now[n].state
		}
		a := open("a")
		a.Record(Change{ID: "x", To: event.Offline, At: time.Now()})
		time.Sleep(3 * time.Second)
		b := open("b")
		a.Record(Change{ID: "x", To: event.Online, At: time.Now()})
		a.Record(Change{ID: "y", To: event.Offline, At: time.Now()})
		time.Sleep(3 * time.Second)
		for _, id := range []string{"x", "y"} {
			if got, want := state(b, id), state(a, id); got != want {
				t.Errorf("%s is %d at b, and %d at a", id, got, want)
			}
		}
		for _, r := range []*Recorder{a, b} {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
