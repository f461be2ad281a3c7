package bus

import (
	"fmt"
	"slices"
	"testing"
	"time"
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
		if err := s.Since(ctx, since, func(r []byte) error {
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
