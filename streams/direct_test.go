package streams_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"sharpeyes/streams"
)

// TestDirectKeepsTheOrder lets a reader take units directly, in part, and not at all, and looks for
// each of them once and in order.
func TestDirectKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		defer h.Close()
		r, err := join(t.Context(), h, key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		var direct, got, sent []*streams.Unit
		answer := streams.Took
		r.Direct(func(u *streams.Unit) streams.Taken {
			if answer != streams.Refused {
				direct, got = append(direct, u), append(got, u)
			}
			return answer
		})
		r.Play()
		send := func(keyframe bool) { sent = append(sent, c.send(keyframe, 10)) }
		send(true)
		got = append(got, next(t, r)...)

		send(false) // nobody waits in Next, and so it is queued
		if len(direct) != 0 {
			t.Fatal("a unit overtook those in the hands of the goroutine")
		}
		got = append(got, next(t, r)...)

		woken := make(chan []*streams.Unit)
		wait := func() {
			go func() { woken <- next(t, r) }()
			synctest.Wait()
		}
		wait()
		send(false)
		send(false)
		if len(direct) != 2 {
			t.Fatalf("%d units went the short way, want 2", len(direct))
		}
		answer = streams.TookPart
		send(false)
		if units := <-woken; len(units) != 0 {
			t.Fatalf("got %d units, want to be woken for the rest of one", len(units))
		}
		wait()
		answer = streams.Refused
		send(false)
		got = append(got, <-woken...)
		if !slices.Equal(got, sent) {
			t.Fatalf("got %d units, want the %d that were sent, in order", len(got), len(sent))
		}
	})
}
