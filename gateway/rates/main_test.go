package rates

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// shelf is a Store in memory.
type shelf struct {
	mu   sync.Mutex
	log  []logged
	days map[time.Time][][]byte
	down bool
}

type logged struct {
	at     time.Time
	record []byte
}

var errDown = errors.New("the store is down")

func newShelf() *shelf { return &shelf{days: make(map[time.Time][][]byte)} }

func (s *shelf) Append(_ context.Context, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errDown
	}
	s.log = append(s.log, logged{time.Now(), b})
	return nil
}

func (s *shelf) Follow(ctx context.Context, _ time.Time, _ func([]byte) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s *shelf) Since(_ context.Context, at time.Time, f func([]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.log {
		if !l.at.Before(at) {
			if err := f(l.record); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shelf) Forget(_ context.Context, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.log) > 1 && s.log[0].at.Before(before) {
		s.log = s.log[1:]
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
