package bus

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

func TestStates(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	s, err := b.States(ctx)
	if err != nil {
		t.Fatal(err)
	}
	read := func(since time.Time) (all []string) {
		t.Helper()
		if _, err := s.Since(ctx, since, func(r []byte) error {
			all = append(all, string(r))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := read(time.Unix(0, 0)); len(all) > 0 {
		t.Errorf("an empty log holds %q", all)
	}
	if err := s.Forget(ctx, time.Now()); err != nil {
		t.Error(err)
	}
	want := []string{}
	for i := range 600 { // more than are asked for at once
		want = append(want, fmt.Sprint("record ", i))
		if err := s.Append(ctx, []byte(want[i])); err != nil {
			t.Fatal(err)
		}
	}

	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if err := s.PutDay(ctx, day, [][]byte{[]byte("a"), make([]byte, 900<<10), []byte("c")}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutDay(ctx, day, [][]byte{[]byte("other")}); err != nil {
		t.Errorf("a day that is there: %v", err)
	}
	if err := s.PutDay(ctx, day.AddDate(0, 0, 1), [][]byte{[]byte("d")}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutDay(ctx, day, nil); err == nil {
		t.Error("a day without parts was taken")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	b = open(t, o)
	if s, err = b.States(ctx); err != nil {
		t.Fatal(err)
	}
	if all := read(time.Unix(0, 0)); !slices.Equal(all, want) {
		t.Errorf("%d records, want %d in their order", len(all), len(want))
	}
	if all := read(time.Now().Add(time.Hour)); len(all) > 0 {
		t.Errorf("the future holds %d records", len(all))
	}
	days, err := s.Days(ctx)
	if err != nil || len(days) != 2 || days[day] != 3 || days[day.AddDate(0, 0, 1)] != 1 {
		t.Errorf("%v, %v", days, err)
	}
	for i, want := range []string{"a", string(make([]byte, 900<<10)), "c"} {
		if p, err := s.Part(ctx, day, i); err != nil || string(p) != want {
			t.Errorf("part %d: %d bytes, %v", i, len(p), err)
		}
	}
	if _, err := s.Part(ctx, day, 3); err == nil {
		t.Error("a part that was never there was read")
	}

	m, err := s.stream.GetLastMsgForSubject(ctx, statesLog)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(ctx, m.Time); err != nil {
		t.Fatal(err)
	}
	if all := read(time.Unix(0, 0)); len(all) == 0 || len(all) == 600 || all[len(all)-1] != "record 599" {
		t.Errorf("%d records are left", len(all))
	}
	if p, err := s.Part(ctx, day, 0); err != nil || string(p) != "a" {
		t.Errorf("forgetting the log took a day along: %q, %v", p, err)
	}
}

// Who follows the log from where it was read to has each record once.
func TestFollowStates(t *testing.T) {
	b := open(t, options(t.TempDir()))
	s, err := b.States(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	add := func(record string) {
		t.Helper()
		if err := s.Append(soon(t), []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	add("before")
	end, err := s.Since(soon(t), time.Unix(0, 0), func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	add("between")
	ctx, stop := context.WithCancel(t.Context())
	heard, ended := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(ended)
		s.Follow(ctx, end, func(record []byte) { heard <- string(record) })
	}()
	add("after")
	for _, want := range []string{"between", "after"} {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		case <-soon(t).Done():
			t.Fatalf("%q isn't heard", want)
		}
	}
	stop()
	<-ended
}

// Who follows the statuses from where they were loaded to has what is stored since then.
func TestFollowStatuses(t *testing.T) {
	b := open(t, options(t.TempDir()))
	update(t, b, put(0, 3))
	var all registry.Statuses
	end, err := b.LoadStatuses(soon(t), &all)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	heard, ended := make(chan string, 10), make(chan struct{})
	b.PutStatus(channel(1).ID, registry.Status{State: event.Offline})
	go func() {
		defer close(ended)
		b.FollowStatuses(ctx, end, func(id string, s *registry.Status) { heard <- id + " " + string(s.State) })
	}()
	select {
	case got := <-heard:
		if want := channel(1).ID + " offline"; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	case <-soon(t).Done():
		t.Fatal("nothing is heard")
	}
	stop()
	<-ended
}
