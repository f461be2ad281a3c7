package streams_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// city is a Source of many cameras, each of which the test lets fail.
type city struct {
	mu     sync.Mutex
	opened map[streams.Key]int
	sinks  map[streams.Key]streams.Sink
	breaks map[streams.Key]context.CancelCauseFunc
	refuse func(streams.Key) error // nil: the camera sends
	codec  format.Format
}

func newCity() *city {
	return &city{opened: map[streams.Key]int{}, sinks: map[streams.Key]streams.Sink{}, breaks: map[streams.Key]context.CancelCauseFunc{},
		codec: &format.H264{PayloadTyp: 96, PacketizationMode: 1}}
}

func (c *city) Pull(ctx context.Context, ch registry.Channel, p streams.Profile, sink streams.Sink) error {
	key := streams.Key{Channel: ch.ID, Profile: p}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.mu.Lock()
	c.opened[key]++
	codec := c.codec
	var err error
	if c.refuse != nil {
		err = c.refuse(key)
	}
	c.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	if err != nil {
		return err
	}
	sink.Describe(&streams.Description{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{codec}}}})
	c.mu.Lock()
	c.sinks[key], c.breaks[key] = sink, stop
	c.mu.Unlock()
	sink.Playing()
	<-ctx.Done()
	return context.Cause(ctx)
}

func (c *city) set(f func()) { c.mu.Lock(); f(); c.mu.Unlock() }

func (c *city) send(key streams.Key, seq uint16) {
	u := streams.NewUnit(0, false, 32)
	u.Append([]byte{0x80, 96, byte(seq >> 8), byte(seq), 0, 0, 0, byte(seq), 0, 0, 0, 1, 1, 2, 3, 4})
	u.Keyframe, u.At = true, time.Now()
	c.mu.Lock()
	sink := c.sinks[key]
	c.mu.Unlock()
	sink.Deliver(u)
}

// breakOff ends the connection as a camera does.
func (c *city) breakOff(key streams.Key) {
	c.mu.Lock()
	stop := c.breaks[key]
	c.mu.Unlock()
	stop(gone)
}

var gone = &streams.Failure{Reason: event.NoPackets, Detail: "it went"}

func cityHub(c *city, l *log, perDevice int) *streams.Hub {
	return streams.NewHub(streams.Options{
		Source: c, Observer: l, Linger: 15 * time.Second, StartTimeout: 10 * time.Second, Queue: 1 << 20, MaxPerDevice: perDevice,
		Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://10.0.0.1/" + id, SubURL: "rtsp://10.0.0.1/sub" + id, Username: "u", Password: "p", Transport: "auto", Enabled: true}, true
		},
	})
}

func mainOf(id string) streams.Key { return streams.Key{Channel: id, Profile: streams.Main} }

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
