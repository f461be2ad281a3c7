package streams_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

func TestRecorderBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 2)
		defer h.Close()
		first, err := join(t.Context(), h, mainOf("a"))
		if err != nil {
			t.Fatal(err)
		}
		second, err := join(t.Context(), h, mainOf("b"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := join(t.Context(), h, mainOf("c")); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("a third stream: %v", err)
		}
		second.Close() // lingers, and is given up
		third, err := join(t.Context(), h, mainOf("c"))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(h.Pulls()); n != 2 {
			t.Fatalf("%d pulls", n)
		}
		first.Close()
		third.Close()
	})
}

// Of several pulls that nobody watches, the one that was left first goes first, and those that were
// prewarmed go last, and not for another that is but to be prewarmed.
func TestWhichPullIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 3)
		defer h.Close()
		if err := h.Prewarm(mainOf("warm"), time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"first", "second"} {
			r, err := join(t.Context(), h, mainOf(id))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			r.Close()
		}
		pulled := func(want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for _, p := range h.Pulls() {
				got = append(got, p.Key.Channel)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%v are pulled, want %v", got, want)
			}
		}
		pulled("first", "second", "warm")
		a, err := join(t.Context(), h, mainOf("a"))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		pulled("a", "second", "warm")
		if err := h.Prewarm(mainOf("b"), time.Minute); err != nil {
			t.Fatal(err)
		}
		pulled("a", "b", "warm")
		if err := h.Prewarm(mainOf("c"), time.Minute); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("prewarmed at the cost of another: %v", err)
		}
		for _, id := range []string{"d", "e"} {
			r, err := join(t.Context(), h, mainOf(id))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
		}
		pulled("a", "d", "e")
		if _, err := join(t.Context(), h, mainOf("f")); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("a fourth reader: %v", err)
		}
	})
}

// A recorder that has no session to spare gets one back from a pull that nobody watches. Some say so
// with a refusal that looks like a wrong password.
func TestRecorderLimit(t *testing.T) {
	for name, refusal := range map[string]*streams.Failure{
		"told":        {Reason: event.SessionFull, Detail: "full"},
		"in disguise": {Reason: event.Unauthorized, Detail: "401"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCity()
				h := cityHub(c, &log{}, 0)
				defer h.Close()
				a, err := join(t.Context(), h, mainOf("a"))
				if err != nil {
					t.Fatal(err)
				}
				c.set(func() {
					c.refuse = func(streams.Key) error {
						if len(h.Pulls()) > 1 {
							return refusal
						}
						return nil
					}
				})
				var f *streams.Failure
				if _, err := join(t.Context(), h, mainOf("b")); !errors.As(err, &f) || f.Reason != event.SessionFull {
					t.Fatalf("got %v, want session_full", err)
				}
				a.Close()
				time.Sleep(2 * time.Second)
				b, err := join(t.Context(), h, mainOf("b"))
				if err != nil {
					t.Fatalf("with a pull that only lingers: %v", err)
				}
				b.Close()
			})
		})
	}
}
