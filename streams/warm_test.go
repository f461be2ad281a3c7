package streams_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

func TestPrewarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		if err := h.Prewarm(a, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(55 * time.Second)
		if err := h.Prewarm(a, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(55 * time.Second)
		r, err := join(t.Context(), h, a)
		if err != nil || c.opened[a] != 1 {
			t.Fatalf("%v, %d connections", err, c.opened[a])
		}
		if i, _ := h.Info(a); i.Readers != 1 || len(i.ReadersList) != 1 {
			t.Fatalf("%+v", i)
		}
		r.Close()
		time.Sleep(time.Minute)
		if len(h.Pulls()) != 0 {
			t.Fatal("a prewarmed pull outlives its time")
		}
		// A shorter time asked for later takes nothing back.
		for _, d := range []time.Duration{time.Minute, time.Second} {
			if err := h.Prewarm(a, d); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(55 * time.Second)
		if len(h.Pulls()) != 1 {
			t.Fatal("a prewarmed pull ended too soon")
		}
		time.Sleep(10 * time.Second)
		if len(h.Pulls()) != 0 {
			t.Fatal("a prewarmed pull outlives its time")
		}
		c.set(func() { c.refuse = func(streams.Key) error { return gone } })
		if err := h.Prewarm(a, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		var f *streams.Failure
		if err := h.Prewarm(a, time.Minute); !errors.As(err, &f) {
			t.Fatalf("prewarming what has just failed: %v", err)
		}
	})
}
