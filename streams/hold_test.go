package streams_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

// pulled are the channels of a hub that are pulled.
func pulled(h *streams.Hub) (all []string) {
	synctest.Wait()
	for _, p := range h.Pulls() {
		all = append(all, p.Key.Channel)
	}
	return all
}

func hold(t *testing.T, h *streams.Hub, id string) *streams.Hold {
	t.Helper()
	held, err := h.Hold(mainOf(id))
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestHoldKeepsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := cityHub(newCity(), &log{}, 0)
		defer h.Close()
		a := hold(t, h, "a")
		time.Sleep(24 * time.Hour)
		if got := pulled(h); !slices.Equal(got, []string{"a"}) {
			t.Fatalf("after a day %v are pulled", got)
		}
		r, err := join(t.Context(), h, mainOf("a"))
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		time.Sleep(time.Minute) // no linger ends it
		other := hold(t, h, "a")
		<-a.Close() // which the other still holds
		if got := pulled(h); len(got) != 1 {
			t.Fatalf("%v are pulled, want a", got)
		}
		<-other.Close()
		if got := pulled(h); len(got) != 0 {
			t.Fatalf("%v are pulled when nobody holds them", got)
		}
		select {
		case <-a.Ended():
		default:
			t.Fatal("the holder of a pull that has ended isn't told")
		}
		fresh := hold(t, h, "fresh")
		if <-fresh.Close(); len(pulled(h)) != 0 {
			t.Fatal("what no reader has seen lingers")
		}
		b := hold(t, h, "b")
		if r, err = join(t.Context(), h, mainOf("b")); err != nil {
			t.Fatal(err)
		}
		<-b.Close()
		time.Sleep(time.Minute)
		if got := pulled(h); len(got) != 1 {
			t.Fatal("a reader's pull ended with the hold")
		}
		r.Close()
		time.Sleep(10 * time.Second)
		if got := pulled(h); len(got) != 1 {
			t.Fatal("it doesn't linger")
		}
	})
}

// A held pull makes room before those that linger, for readers and for what is prewarmed, and takes
// nobody's.
func TestHoldMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := cityHub(newCity(), &log{}, 3)
		defer h.Close()
		lingers, err := join(t.Context(), h, mainOf("lingers"))
		if err != nil {
			t.Fatal(err)
		}
		lingers.Close()
		time.Sleep(time.Second)
		a, b := hold(t, h, "held a"), hold(t, h, "held b")
		if _, err := h.Hold(mainOf("held c")); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("one too many: %v", err)
		}
		r, err := join(t.Context(), h, mainOf("read"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := h.Prewarm(mainOf("warm"), time.Minute); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if got := pulled(h); !slices.Equal(got, []string{"lingers", "read", "warm"}) {
			t.Fatalf("%v are pulled", got)
		}
		<-a.Ended()
		<-b.Ended()
		<-a.Close()
		<-b.Close()
	})
}

// A break doesn't end what is held, as it doesn't what is read.
func TestHoldOverBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := hold(t, h, "a")
		synctest.Wait()
		time.Sleep(time.Second)
		c.send(mainOf("a"), 1)
		c.breakOff(mainOf("a"))
		time.Sleep(5 * time.Second)
		select {
		case <-a.Ended():
			t.Fatal("it ended")
		default:
		}
		c.set(func() {
			if n := c.opened[mainOf("a")]; n != 2 {
				t.Errorf("%d connections, want 2", n)
			}
		})
	})
}
