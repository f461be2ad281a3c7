package streams_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

func TestReadersStayOverAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, l := newCity(), &log{}
		h := cityHub(c, l, 0)
		defer h.Close()
		a := mainOf("a")
		r, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.Play()
		c.send(a, 100)
		next(t, r)
		c.set(func() { c.refuse = func(streams.Key) error { return gone } })
		c.breakOff(a)
		time.Sleep(3 * time.Second) // one attempt or two in vain
		if i, _ := h.Info(a); i.Phase != streams.Reconnecting || i.Failure == nil || i.Reconnects < 1 {
			t.Fatalf("%+v", i)
		}
		c.set(func() { c.refuse = nil })
		time.Sleep(5 * time.Second)
		c.send(a, 9000)
		units := next(t, r)
		for raw := range units[0].Packets() {
			if seq := int(raw[2])<<8 | int(raw[3]); seq != 101 {
				t.Errorf("the first packet after the reconnect is %d, want 101", seq)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.started != 1 || l.failed != 0 || l.stopped != 0 {
			t.Fatalf("the observer heard of an interruption that nobody saw: %+v", l)
		}
		// And when the camera stays away, they are told.
		c.set(func() { c.refuse = func(streams.Key) error { return gone } })
		before := time.Now()
		c.breakOff(a)
		var f *streams.Failure
		if _, err := r.Next(t.Context(), nil); !errors.As(err, &f) || f.Reason != event.NoPackets {
			t.Fatalf("got %v", err)
		}
		if waited := time.Since(before); waited < 9*time.Second || waited > 11*time.Second {
			t.Fatalf("told after %v, want 10 s", waited)
		}
		synctest.Wait()
		synctest.Wait()
		if l.failed != 1 {
			t.Fatalf("observer heard %+v", l)
		}
	})
}

func TestReconnectEndsWithTheLastReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		r, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		c.send(a, 1)
		r.Close()
		c.breakOff(a)
		time.Sleep(time.Minute)
		if c.opened[a] != 1 || len(h.Pulls()) != 0 {
			t.Fatalf("%d connections for nobody", c.opened[a])
		}
	})
}

// A connection that broke is replaced quickly, however often that happened in the course of the day.
func TestReconnectForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		r, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.Play()
		for i := range 20 {
			c.send(a, uint16(i))
			next(t, r)
			time.Sleep(time.Minute)
			c.breakOff(a)
			time.Sleep(1100 * time.Millisecond)
			if i := mustInfo(t, h, a); i.Phase != streams.Flowing {
				t.Fatalf("after %d reconnects it is still %s", i.Reconnects, i.Phase)
			}
		}
		// One that breaks again and again is left alone for longer and longer.
		before := c.opened[a]
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
			if mustInfo(t, h, a).Playing {
				c.send(a, 1)
				c.breakOff(a)
			}
			if len(h.Pulls()) == 0 {
				break
			}
		}
		if n := c.opened[a] - before; n > 8 {
			t.Errorf("%d connections in a minute", n)
		}
	})
}

// A recorder may hold a session that broke for a while, and has none to spare for its successor; a
// camera that restarts may not know its stream at first. A password that is refused is not tried again.
func TestReconnectIsRefused(t *testing.T) {
	for reason, heals := range map[event.Reason]bool{event.SessionFull: true, event.NotFound: true, event.Unauthorized: false} {
		t.Run(string(reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCity()
				h := cityHub(c, &log{}, 0)
				defer h.Close()
				a := mainOf("a")
				r, err := join(t.Context(), h, a)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				r.Play()
				c.send(a, 1)
				next(t, r)
				c.set(func() {
					c.refuse = func(streams.Key) error { return &streams.Failure{Reason: reason, Detail: "no"} }
				})
				c.breakOff(a)
				time.Sleep(2 * time.Second)
				c.set(func() { c.refuse = nil })
				time.Sleep(5 * time.Second)
				if !heals {
					var f *streams.Failure
					if _, err := r.Next(t.Context(), nil); !errors.As(err, &f) || f.Reason != reason || c.opened[a] != 2 {
						t.Fatalf("%v, %d connections", err, c.opened[a])
					}
					return
				}
				c.send(a, 500)
				next(t, r)
			})
		})
	}
}

// A reader of a stream that was pulled before is told at once what it holds, and that it was
// mistaken when the camera sends something else now.
func TestDescriptionIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		r, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		c.send(a, 1)
		r.Close()
		time.Sleep(time.Minute)

		before := time.Now()
		r, err = h.Join(t.Context(), a, streams.Who{})
		if err != nil || time.Since(before) > 0 || r.Description() == nil {
			t.Fatalf("waited %v for a description that was known: %v", time.Since(before), err)
		}
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Close()
		time.Sleep(time.Minute)

		c.set(func() { c.codec = &format.H265{PayloadTyp: 96} })
		r, err = h.Join(t.Context(), a, streams.Who{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Wait(t.Context()); !errors.Is(err, streams.ErrRedescribed) {
			t.Fatalf("got %v", err)
		}
		r.Close()
		if r, err = join(t.Context(), h, a); err != nil || r.Description().Medias[0].Formats[0].Codec() != "H265" {
			t.Fatalf("joining anew: %v", err)
		}
		r.Close()

		// After an edit nothing is known.
		time.Sleep(time.Minute)
		h.Changed(registry.Empty(), registry.Transaction{Put: []registry.Channel{{ID: "a"}}})
		if _, known := h.Info(a); known {
			t.Fatal("the description outlived an edit")
		}
	})
}

// An edit of one channel ends that channel's pull alone, and that only when it is pulled another way.
func TestEditTouchesOnePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a, err := join(t.Context(), h, mainOf("a"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := join(t.Context(), h, mainOf("b"))
		if err != nil {
			t.Fatal(err)
		}
		edited := registry.Channel{
			ID: "a", Name: "another", Class: 1, Site: "x", Scenario: "campus", URL: "rtsp://10.0.0.1/a", Username: "u", Password: "p", Transport: "auto", Motion: "auto", Enabled: true,
		}
		change := func() {
			tx := registry.Transaction{ID: "t", Put: []registry.Channel{edited}}
			s, err := registry.Empty().Apply(tx, 1)
			if err != nil {
				t.Fatal(err)
			}
			h.Changed(s, tx)
			synctest.Wait()
		}
		change()
		if n := len(h.Pulls()); n != 2 {
			t.Fatalf("a new name left %d of 2 pulls", n)
		}
		edited.Password = "new"
		change()
		if _, err := a.Next(t.Context(), nil); !errors.Is(err, streams.ErrEdited) {
			t.Fatalf("got %v", err)
		}
		if p := h.Pulls(); len(p) != 1 || p[0].Key != mainOf("b") {
			t.Fatalf("left: %+v", p)
		}
		a.Close()
		b.Close()
	})
}

// Quotas that are made smaller than what is open turn nobody out.
func TestLimitsHoldForWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		var readers []*streams.Reader
		for _, id := range []string{"a", "b", "b"} {
			r, err := join(t.Context(), h, mainOf(id))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			r.Play()
			readers = append(readers, r)
		}
		h.Limit(streams.Limits{Linger: time.Second, MaxPulls: 1, MaxReaders: 4, MaxPerDevice: 1})
		for i, id := range []string{"a", "b"} {
			c.send(mainOf(id), 1)
			next(t, readers[i])
		}
		if _, err := join(t.Context(), h, mainOf("c")); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("a third pull: %v", err)
		}
		fourth, err := join(t.Context(), h, mainOf("a"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := join(t.Context(), h, mainOf("a")); !errors.Is(err, streams.ErrQuota) {
			t.Fatalf("a fifth reader: %v", err)
		}
		fourth.Close()
		readers[0].Close()
		time.Sleep(1100 * time.Millisecond)
		if n := len(h.Pulls()); n != 1 || len(mustInfo(t, h, mainOf("b")).ReadersList) != 2 {
			t.Fatalf("%d pulls", n)
		}
	})
}
